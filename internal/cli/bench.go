package cli

import (
	"io"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"regia/internal/bench"
)

func (c *cli) benchCommand() *cobra.Command {
	cmd := group("bench", "Measure what Regia does on this machine")
	cmd.Long = `Measure what Regia does on this machine. Each benchmark makes servers and folders
of its own, which are gone afterwards: it touches no Regia that is there. What
they measure, and what came out on one machine, is in docs/benchmarks.md.`
	cmd.Example = "  regia bench collect\n  regia bench weave --json > weave.json"
	dir := cmd.PersistentFlags().String("dir", "", "where to make the temporary folder: it should be on the disk that matters (default: the system's)")
	profiles := cmd.PersistentFlags().String("profile", "", "folder for CPU profiles of the servers (go tool pprof)")
	for _, b := range bench.All() {
		cmd.AddCommand(c.benchmark(b, dir, profiles))
	}
	cmd.AddCommand(&cobra.Command{Use: "ceiling", Hidden: true, Short: "Serve what bench collect compares with", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return bench.Ceiling(cmd.InOrStdin(), c.out) }})
	return cmd
}

func (c *cli) benchmark(b bench.Benchmark, dir, profiles *string) *cobra.Command {
	cmd := &cobra.Command{Use: b.Name, Short: b.Short, Example: b.Example, Args: noArgs}
	run := b.Flags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM, syscall.SIGINT)
		defer stop()
		report, err := bench.Run(ctx, bench.Options{Dir: *dir, Profiles: *profiles, Version: c.version, Progress: c.errs}, b, run)
		if err != nil {
			return err
		}
		return c.print(report, func(w io.Writer) { report.Print(w) })
	}
	return cmd
}
