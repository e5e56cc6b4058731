package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"runtime/pprof"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"regia/internal/app"
	"regia/internal/collect"
	"regia/internal/experience"
)

// setupValid is how long the first link may be used.
const setupValid = 7 * 24 * time.Hour

// initAnswer is what init prints for programs.
type initAnswer struct {
	WriteKey  string `json:"write_key"`
	APIToken  string `json:"api_token"`
	SignInURL string `json:"sign_in_url"`
}

func (c *cli) initCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "init", Short: "Make a data folder with a first key, token and sign-in link", Args: noArgs,
		Example: "  regia init --data /var/lib/regia\n  regia init --data ./data --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := c.config(cmd)
			if err != nil {
				return err
			}
			if err := cfg.CreateFolder(); err != nil {
				return err
			}
			a, err := app.Open(cmd.Context(), cfg.Offline(), c.version, c.logger(quiet(cfg)))
			if err != nil {
				return err
			}
			defer a.Close()
			answer, err := firstKeys(cmd.Context(), a)
			if err != nil {
				return err
			}
			return c.print(answer, func(w io.Writer) {
				fmt.Fprintf(w, "The folder %s is ready.\n\n  write key   %s\n  API token   %s\n  sign in     %s\n\nKeep the token: it is shown only now. Start Regia with: regia serve --data %s\n",
					cfg.Data, answer.WriteKey, answer.APIToken, answer.SignInURL, cfg.Data)
			})
		},
	}
	engineFlags(cmd)
	return cmd
}

func firstKeys(ctx context.Context, a *app.App) (initAnswer, error) {
	var out initAnswer
	source, err := a.Sources.Create(ctx, "Website", collect.Site, "")
	if err != nil {
		return out, err
	}
	out.WriteKey = source.WriteKey
	if out.APIToken, err = a.Access.CreateToken(ctx, "regia init", experience.Owner); err != nil {
		return out, err
	}
	link, err := a.Access.SetupLink(ctx, setupValid)
	out.SignInURL = a.Config.BaseURL() + link
	return out, err
}

func (c *cli) serveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "serve", Short: "Take events, weave them and show the pages", Args: noArgs,
		Example: "  regia serve --data ./data\n  regia serve --data ./data --listen 0.0.0.0:8080 --url https://regia.example.it\n  regia serve --data ./data --registry postgres://… --ledger postgres://… --nats nats://a,b,c",
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, syscall.SIGINT)
			defer stop()
			cfg, err := c.config(cmd)
			if err != nil {
				return err
			}
			frugal()
			a, err := app.Open(ctx, cfg, c.version, c.logger(cfg))
			if err != nil {
				return err
			}
			defer a.Close()
			done, err := profile(cmd)
			if err != nil {
				return err
			}
			defer done()
			err = a.Serve(ctx, func(address string) {
				a.Logger.Info("Regia is open", "address", address, "data", cfg.Data, "version", c.version)
			})
			if err != nil {
				return err
			}
			return a.Close()
		},
	}
	engineFlags(cmd)
	cmd.Flags().String(profileFlag, "", "file in which to note where the CPU time goes")
	_ = cmd.Flags().MarkHidden(profileFlag) // it is there
	return cmd
}

// garbage is by how many percent the memory in use may grow before what is no
// longer used is collected. Go's own choice is 100; half of that takes a few
// percent more of the time under full load and saves 60 MB of 370, on a machine
// that a shop may have bought for other things too.
const garbage = 50

// frugal sets it, unless whoever starts the server chose otherwise.
func frugal() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
}

// profileFlag is for benchmarks: regia bench … --profile.
const profileFlag = "cpu-profile"

// profile notes where the CPU time goes until done is called, and in another
// file what memory is used for then, where that is asked for.
func profile(cmd *cobra.Command) (done func(), err error) {
	path, _ := cmd.Flags().GetString(profileFlag)
	if path == "" {
		return func() {}, nil
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() {
		pprof.StopCPUProfile()
		_ = file.Close()
		if heap, err := os.Create(path + ".heap"); err == nil {
			_ = pprof.Lookup("heap").WriteTo(heap, 0)
			_ = heap.Close()
		}
	}, nil
}
