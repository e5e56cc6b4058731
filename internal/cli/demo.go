package cli

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"regia/internal/app"
	"regia/internal/experience"
)

func (c *cli) demoCommand() *cobra.Command {
	var seed uint64
	var still, noBrowser bool
	cmd := &cobra.Command{
		Use: "demo", Short: "Open Regia with an invented company that lives", Args: noArgs,
		Long: `Makes two years of an invented Italian retailer in a folder of its own, opens
the pages and prints a one-click sign-in link. New interactions keep arriving
while it runs. The folder can be removed afterwards.`,
		Example: "  regia demo\n  regia demo --listen 127.0.0.1:9000 --seed 7",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, syscall.SIGINT)
			defer stop()
			cfg, err := c.config(cmd)
			if err != nil {
				return err
			}
			switch err := cfg.CreateFolder(); {
			case experience.CodeOf(err) == experience.Conflict && !cfg.HoldsDemo():
				return experience.Errorf(experience.Conflict, "%s is a Regia of somebody's own, and no demo's: nothing was changed. Choose another folder with --data", cfg.Data)
			case err != nil && experience.CodeOf(err) != experience.Conflict:
				return err
			}
			a, err := app.Open(ctx, cfg, c.version, c.logger(quiet(cfg)))
			if err != nil {
				return err
			}
			defer a.Close()
			return c.runDemo(ctx, a, seed, still, !noBrowser)
		},
	}
	engineFlags(cmd)
	cmd.Flags().String("data", "regia-demo", "the demo's folder")
	cmd.Flags().Uint64Var(&seed, "seed", 0, "which invented world; the same seed makes the same one (default 1)")
	cmd.Flags().BoolVar(&still, "still", false, "no new interactions while it runs")
	cmd.Flags().BoolVar(&noBrowser, "no-browser", false, "only print the link")
	return cmd
}

// demoAnswer is what demo prints for programs, once the pages are open and the
// history is in the books.
type demoAnswer struct {
	Address   string  `json:"address"`
	SignInURL string  `json:"sign_in_url"`
	Events    int     `json:"events"`
	Seconds   float64 `json:"seconds"`
}

func (c *cli) runDemo(ctx context.Context, a *app.App, seed uint64, still, browser bool) error {
	start := time.Now()
	d, err := app.OpenDemo(ctx, a, seed)
	if err != nil {
		return err
	}
	link, err := d.SignIn(ctx)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	open := make(chan string, 1)
	g.Go(func() error { return a.Serve(ctx, func(address string) { open <- address }) })
	g.Go(func() error {
		var address string
		select {
		case address = <-open:
		case <-ctx.Done():
			return nil
		}
		if !c.json {
			fmt.Fprintf(c.out, "Regia is open. One click signs you in:\n\n  %s\n\n", link)
		}
		if browser && !c.json {
			openBrowser(link)
		}
		events := 0
		if err := d.Fill(ctx, func(n int) { events = n }); err != nil {
			return unlessStopped(ctx, err)
		}
		if err := d.Ask(ctx); err != nil {
			return unlessStopped(ctx, err)
		}
		err := c.print(demoAnswer{address, link, events, time.Since(start).Seconds()}, func(w io.Writer) {
			fmt.Fprintf(w, "Two years of an invented company are in: %d interactions in %.1f s. Stop with Ctrl+C.\n", events, time.Since(start).Seconds())
		})
		if err != nil || still {
			return err
		}
		return d.Live(ctx)
	})
	if err := g.Wait(); err != nil {
		return err
	}
	return a.Close()
}

func unlessStopped(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// openBrowser shows the page where there is somebody to look; the link was
// printed, so failing is no trouble.
func openBrowser(url string) {
	name := map[string]string{"darwin": "open", "windows": "explorer"}[runtime.GOOS]
	if name == "" {
		name = "xdg-open"
	}
	if path, err := exec.LookPath(name); err == nil {
		cmd := exec.Command(path, url)
		if cmd.Start() == nil {
			go func() { _ = cmd.Wait() }()
		}
	}
}
