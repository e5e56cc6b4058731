package cli

import (
	"github.com/spf13/cobra"

	"regia/internal/app"
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
			return c.report(app.Doctor(cmd.Context(), cfg, c.version))
		},
	}
	engineFlags(cmd)
	return cmd
}
