package cli

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"regia/internal/experience"
)

func (c *cli) exportCommand() *cobra.Command {
	cmd := group("export", "Take data out, for a spreadsheet or another program")
	c.clientFlags(cmd)
	cmd.AddCommand(c.exportInteractions(), c.exportPeople())
	return cmd
}

// exportFlags are what a file of data is asked for with.
type exportFlags struct {
	format, out              string
	from, to                 string
	source, touchpoint, whom string
	all, anonymous, raw      bool
}

func (c *cli) exportInteractions() *cobra.Command {
	var f exportFlags
	cmd := &cobra.Command{
		Use: "interactions", Short: "Write interactions as Parquet, CSV or NDJSON", Args: noArgs,
		Long: `Writes interactions in no order to rely on. Bots and the company's own staff are
left out unless --all is given. A file appears under its name only once it is
whole.`,
		Example: "  regia export interactions --out contacts.parquet\n  regia export interactions --from 2026-01-01 --to 2026-01-31 --source website --format csv | head",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.export(cmd, "interactions", f, url.Values{"from": {f.from}, "to": {f.to}, "source": {f.source}, "touchpoint": {f.touchpoint},
				"person": {f.whom}, "all": {strconv.FormatBool(f.all)}})
		},
	}
	f.add(cmd, "parquet, csv or ndjson (default: as the file's name ends, else csv)")
	cmd.Flags().StringVar(&f.from, "from", "", "the first day (2026-01-31), or a time (RFC 3339)")
	cmd.Flags().StringVar(&f.to, "to", "", "the last day, or a time that is left out")
	cmd.Flags().StringVar(&f.source, "source", "", "only of the source with this id")
	cmd.Flags().StringVar(&f.touchpoint, "touchpoint", "", "only of the touchpoint with this key")
	cmd.Flags().StringVar(&f.whom, "person", "", "only of the person with this id")
	cmd.Flags().BoolVar(&f.all, "all", false, "also bots and the company's own staff")
	return cmd
}

func (c *cli) exportPeople() *cobra.Command {
	var f exportFlags
	cmd := &cobra.Command{
		Use: "people", Short: "Write people as CSV or NDJSON", Args: noArgs,
		Example: "  regia export people --out people.csv\n  regia export people --format ndjson --anonymous | head",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return c.export(cmd, "people", f, url.Values{"anonymous": {strconv.FormatBool(f.anonymous)}})
		},
	}
	f.add(cmd, "csv or ndjson (default: as the file's name ends, else csv)")
	cmd.Flags().BoolVar(&f.anonymous, "anonymous", false, "also anonymous visitors")
	return cmd
}

func (f *exportFlags) add(cmd *cobra.Command, formats string) {
	cmd.Flags().StringVar(&f.format, "format", "", formats)
	cmd.Flags().StringVar(&f.out, "out", "-", "the file to write, or - for the standard output")
	cmd.Flags().BoolVar(&f.raw, "raw", false, "CSV: leave text that a spreadsheet would run as a formula as it is")
}

// kind gives the format asked for, or the one that the file's name tells.
func (f exportFlags) kind() string {
	switch ending := strings.ToLower(filepath.Ext(f.out)); ending {
	case ".csv", ".ndjson", ".parquet":
		return cmp.Or(f.format, ending[1:])
	case ".jsonl":
		return cmp.Or(f.format, "ndjson")
	}
	return cmp.Or(f.format, "csv")
}

func (c *cli) export(cmd *cobra.Command, what string, f exportFlags, q url.Values) error {
	q.Set("format", f.kind())
	q.Set("raw", strconv.FormatBool(f.raw))
	for name, values := range q {
		if values[0] == "" {
			q.Del(name)
		}
	}
	cl, err := c.connect(cmd)
	if err != nil {
		return err
	}
	defer cl.close()
	r, err := http.NewRequestWithContext(cmd.Context(), http.MethodGet, cl.base+"/api/v1/export/"+what+"?"+q.Encode(), nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+cl.token)
	r.Header.Set("Accept-Language", "en") // as the command line speaks
	// No time limit: an export takes as long as it takes.
	answer, err := (&http.Client{Transport: cl.http.Transport}).Do(r)
	if err != nil {
		return experience.Errorf(experience.Unavailable, "no Regia answers at %s: is it running? %w", cl.base, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return refusal(answer)
	}
	if f.out == "-" {
		_, err := io.Copy(c.out, answer.Body)
		return brokenOff(err)
	}
	size, err := writeWhole(f.out, answer.Body)
	if err != nil {
		return err
	}
	return c.print(map[string]any{"file": f.out, "bytes": size, "left_out": answer.Header.Get("Regia-Left-Out")}, func(w io.Writer) {
		fmt.Fprintf(w, "%s is written (%d bytes).\n", f.out, size)
	})
}

// brokenOff says what it means that an answer ended before its end.
func brokenOff(err error) error {
	if err == nil {
		return nil
	}
	return experience.Errorf(experience.Unavailable, "the export broke off before its end, and what came is not whole: %w", err)
}

// writeWhole puts what from gives under a name once all of it is there, for its
// owner's eyes only.
func writeWhole(name string, from io.Reader) (int64, error) {
	file, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*") // mode 0600
	if err != nil {
		return 0, experience.Errorf(experience.Invalid, "%s cannot be written: %w", name, err)
	}
	defer os.Remove(file.Name()) // gone already when all went well
	size, err := io.Copy(file, from)
	if err != nil {
		_ = file.Close() // the first error tells more
		return 0, brokenOff(err)
	}
	if err := file.Sync(); err != nil {
		_ = file.Close() // the first error tells more
		return 0, err
	}
	if err := file.Close(); err != nil {
		return 0, err
	}
	return size, os.Rename(file.Name(), name)
}
