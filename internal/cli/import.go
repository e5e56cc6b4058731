package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"regia/internal/connect"
	"regia/internal/experience"
	"regia/internal/mapping"
)

func (c *cli) importCommand() *cobra.Command {
	cmd := group("import", "Bring in what happened before Regia")
	c.clientFlags(cmd)
	cmd.AddCommand(c.importCSV(), c.importList(), c.importUndo())
	return cmd
}

type importFlags struct {
	mapping, source, key, rejected string
	dry                            bool
}

func (c *cli) importCSV() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use: "csv --mapping m.yaml FILES…", Aliases: []string{"xlsx", "files"}, Short: "Import CSV and Excel files by a mapping",
		Long: `Reads CSV files (plain, .gz or .zip) and Excel workbooks (.xlsx) by a mapping and sends what they tell to
Regia. Running it again, even a year later, changes nothing. Rows that cannot
be read go to rejected.csv with the reason, and never stop the rest.`,
		Example: "  regia import csv --mapping examples/generic/mapping.yaml clienti.csv scontrini.csv\n  regia import csv --mapping m.yaml orders.csv --dry-run",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{fmt.Errorf("regia import csv wants the files to read")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.mapping == "" {
				return usageError{fmt.Errorf("regia import csv wants --mapping: what the columns mean. The folder examples has some to start from")}
			}
			return c.runImport(cmd, f, args)
		},
	}
	cmd.Flags().StringVar(&f.mapping, "mapping", "", "the mapping, a YAML file")
	cmd.Flags().StringVar(&f.source, "source", "", "name of the source the interactions come from (default: the mapping's)")
	cmd.Flags().StringVar(&f.key, "write-key", "", "write key of the source, instead of --source")
	cmd.Flags().StringVar(&f.rejected, "rejected", "rejected.csv", "where rows go that cannot be read")
	cmd.Flags().BoolVar(&f.dry, "dry-run", false, "show the first ten interactions and what would be refused, and change nothing")
	return cmd
}

func (c *cli) runImport(cmd *cobra.Command, f importFlags, files []string) error {
	ctx := cmd.Context()
	mapping, err := mapping.Load(f.mapping)
	if err != nil {
		return err
	}
	options := connect.Options{Inputs: files, Rejected: f.rejected}
	bar := c.bar(f.dry)
	options.Progress = bar.show
	in, err := connect.Open(mapping, options)
	if err != nil {
		return err
	}
	if f.dry {
		return c.dryRun(ctx, in)
	}
	cl, err := c.connect(cmd)
	if err != nil {
		return err
	}
	defer cl.close()
	key := f.key
	if key == "" {
		if key, err = importKey(ctx, cl, firstNonEmpty(f.source, mapping.Name())); err != nil {
			return err
		}
	}
	before, err := count(ctx, cl)
	if err != nil {
		return err
	}
	record, err := begin(ctx, cl, mapping.Name(), files)
	if err != nil {
		return err
	}
	report, err := in.Run(ctx, &connect.HTTPSender{Server: cl.base, WriteKey: key, Import: record.ID, Client: &http.Client{Transport: cl.http.Transport}})
	bar.finish()
	if err = errors.Join(err, record.ended(context.WithoutCancel(ctx), cl, report, err)); err != nil {
		return err
	}
	start := time.Now()
	if err := cl.caught(ctx); err != nil {
		return err
	}
	after, err := count(ctx, cl)
	if err != nil {
		return err
	}
	return c.print(report, func(w io.Writer) {
		fmt.Fprintln(w, report.Summary())
		fmt.Fprintf(w, "New in Regia: %d contacts, %d people; what was there already stayed as it was.\n", after.Interactions-before.Interactions, max(0, after.People-before.People))
		fmt.Fprintf(w, "To take it back: regia import undo %s\n", record.ID)
		fmt.Fprintf(w, "Everything stands on the pages now (%.1f s after the last row).\n", time.Since(start).Seconds())
	})
}

// holding is how much a Regia holds.
type holding struct {
	Interactions int64 `json:"interactions"`
	People       int64 `json:"people"`
}

func count(ctx context.Context, cl *client) (h holding, err error) {
	err = cl.get(ctx, "/api/v1/status", nil, &h)
	return h, err
}

func firstNonEmpty(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// importKey finds the write key of the import source of that name, making the
// source when there is none.
func importKey(ctx context.Context, cl *client, name string) (string, error) {
	var list page[sourceRow]
	if err := cl.get(ctx, "/api/v1/sources", nil, &list); err != nil {
		return "", err
	}
	for _, s := range list.Items {
		if s.Kind == "import" && s.Name == name {
			if s.Disabled {
				return "", experience.Errorf(experience.Forbidden, "the source %q is switched off", name)
			}
			return s.WriteKey, nil
		}
	}
	var made sourceRow
	err := cl.call(ctx, http.MethodPost, "/api/v1/sources", map[string]string{"name": name, "kind": "import"}, &made)
	return made.WriteKey, err
}

// bar draws how far an import is, where somebody looks at it.
type bar struct{ bar *progressbar.ProgressBar }

func (c *cli) bar(dry bool) *bar {
	file, ok := c.errs.(*os.File)
	if !ok || dry || c.json {
		return &bar{}
	}
	if info, err := file.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return &bar{}
	}
	return &bar{progressbar.NewOptions64(1, progressbar.OptionSetWriter(file), progressbar.OptionShowBytes(true), progressbar.OptionSetPredictTime(true),
		progressbar.OptionSetElapsedTime(true), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))}
}

func (b *bar) show(p mapping.Progress) {
	if b.bar == nil {
		return
	}
	b.bar.ChangeMax64(max(1, p.TotalBytes))
	b.bar.Describe(fmt.Sprintf("%d rows, %.0f/s", p.Rows, p.Rate))
	_ = b.bar.Set64(min(p.Bytes, p.TotalBytes))
}

func (b *bar) finish() {
	if b.bar != nil {
		_ = b.bar.Finish()
	}
}
