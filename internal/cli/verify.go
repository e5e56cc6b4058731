package cli

import (
	"fmt"
	"io"
	"log/slog"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"regia/internal/app"
	"regia/internal/experience"
)

func (c *cli) verifyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "verify", Short: "Prove that no event was lost or counted twice", Args: noArgs,
		Long: `Prove, from the log and the books, that every event that was acknowledged and is
still in the log stands in the ledger exactly once, that every block of the files
can be read, and that registry and ledger agree on who is who.

It needs the folder to itself: stop the server first. What waits in the log is
woven on the way; nothing else is changed. It reads everything there is, which
takes a while where that is much. The exit code is 0 when all is well.`,
		Example: "  regia verify --data /var/lib/regia",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := c.config(cmd)
			if err != nil {
				return err
			}
			checks, err := app.Verify(cmd.Context(), cfg, c.version, slog.New(slog.DiscardHandler))
			if err != nil {
				return err
			}
			return c.report(checks)
		},
	}
	engineFlags(cmd)
	return cmd
}

// report prints checks; its error says that some want attention.
func (c *cli) report(checks []app.Check) error {
	wrong := 0
	for _, k := range checks {
		if !k.OK {
			wrong++
		}
	}
	err := c.print(map[string]any{"ok": wrong == 0, "checks": checks}, func(w io.Writer) {
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, k := range checks {
			mark := "ok"
			if !k.OK {
				mark = "WRONG"
			}
			fmt.Fprintf(t, "%s\t%s\t%s\n", mark, k.Name, k.Found)
			if k.Advice != "" {
				fmt.Fprintf(t, "\t\t→ %s\n", k.Advice)
			}
		}
		_ = t.Flush()
	})
	if err != nil || wrong == 0 {
		return err
	}
	return experience.Errorf(experience.Unavailable, "%d of %d checks want attention", wrong, len(checks))
}
