package cli

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"regia/internal/app"
	"regia/internal/experience"
)

func (c *cli) doctorCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "doctor", Short: "Look whether all is well, and say what to do", Args: noArgs,
		Example: "  regia doctor --data /var/lib/regia",
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := c.config(cmd)
			if err != nil {
				return err
			}
			checks := app.Doctor(cmd.Context(), cfg, c.version)
			wrong := 0
			for _, k := range checks {
				if !k.OK {
					wrong++
				}
			}
			err = c.print(map[string]any{"ok": wrong == 0, "checks": checks}, func(w io.Writer) {
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
		},
	}
	engineFlags(cmd)
	return cmd
}
