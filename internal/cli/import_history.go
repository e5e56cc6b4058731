package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"regia/internal/connect"
	"regia/internal/experience"
)

// trialTime is how long a dry run reads.
const trialTime = 15 * time.Minute

// dryRun shows what would come in and what would not.
func (c *cli) dryRun(ctx context.Context, in *connect.Import) error {
	p, err := in.Try(ctx, 10, trialTime)
	if err != nil {
		return err
	}
	out := map[string]any{"items": p.Items, "report": p.Tally, "refused": p.Refused, "reasons": p.Reasons, "complete": p.Complete}
	return c.print(out, func(w io.Writer) {
		for _, i := range p.Items {
			raw, _ := i.MarshalJSON()
			_ = indented(w, raw)
		}
		fmt.Fprintf(w, "\n%d rows: %d interactions and %d profiles of %d people would come in, %d rows would be refused.\n",
			p.Tally.Rows, p.Tally.Interactions, p.Tally.Profiles, p.Tally.People, p.Refused)
		for _, r := range p.Reasons {
			fmt.Fprintf(w, "  %s:%d: %s\n", r.File, r.Line, r.Reason)
		}
		fmt.Fprintln(w, "Nothing was changed: --dry-run.")
	})
}

// importRow is an import as the API tells it.
type importRow struct {
	ID        experience.ID `json:"id"`
	State     string        `json:"state"`
	Mapping   string        `json:"mapping"`
	By        string        `json:"by"`
	CreatedAt time.Time     `json:"created_at"`
	Accepted  int64         `json:"accepted"`
	New       *int64        `json:"new"`
	Rejected  int64         `json:"rejected"`
	Files     []struct {
		Name string `json:"name"`
	} `json:"files"`
}

func (r importRow) names() string {
	var out []string
	for _, f := range r.Files {
		out = append(out, f.Name)
	}
	return strings.Join(out, ", ")
}

// begin has Regia remember an import that this command does.
func begin(ctx context.Context, cl *client, name string, paths []string) (importRow, error) {
	files := []connect.File{}
	for _, p := range paths {
		size := int64(0)
		if info, err := os.Stat(p); err == nil && info.Mode().IsRegular() {
			size = info.Size()
		}
		files = append(files, connect.File{Name: filepath.Base(p), Size: size})
	}
	var out importRow
	err := cl.call(ctx, http.MethodPost, "/api/v1/imports/outside", map[string]any{"mapping": name, "files": files}, &out)
	return out, err
}

// ended has Regia remember what became of it.
func (r importRow) ended(ctx context.Context, cl *client, report connect.Report, failure error) error {
	body := map[string]any{
		"state": connect.Done, "rows": report.Rows, "made": report.Interactions + report.Profiles, "accepted": report.Accepted,
		"rejected": report.Rejected, "rejections": append([]connect.Rejection{}, report.Rejections...),
	}
	if failure != nil {
		message := []rune(experience.MessageOf(failure))
		body["state"], body["failure"] = connect.Failed, string(message[:min(len(message), 500)])
	}
	return cl.call(ctx, http.MethodPost, "/api/v1/imports/"+r.ID.String()+"/ended", body, nil)
}

func (c *cli) importList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "The imports so far, the latest first", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cl, err := c.connect(cmd)
			if err != nil {
				return err
			}
			defer cl.close()
			var list page[importRow]
			if err := cl.get(cmd.Context(), "/api/v1/imports", nil, &list); err != nil {
				return err
			}
			return c.print(list, func(w io.Writer) {
				t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
				fmt.Fprintln(t, "ID\tWHEN\tSTATE\tNEW\tREFUSED\tMAPPING\tFILES")
				for _, r := range list.Items {
					fresh := "-"
					if r.New != nil {
						fresh = fmt.Sprint(*r.New)
					}
					fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%s\t%s\n", r.ID, r.CreatedAt.Local().Format("2006-01-02 15:04"), strings.ReplaceAll(r.State, "_", " "), fresh, r.Rejected, r.Mapping, r.names())
				}
				_ = t.Flush()
			})
		},
	}
}

func (c *cli) importUndo() *cobra.Command {
	return &cobra.Command{
		Use: "undo ID", Short: "Take a whole import back",
		Long: `Removes from Regia all that came in with an import (regia import list names
it). What came from elsewhere stays; the files can be imported again.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.connect(cmd)
			if err != nil {
				return err
			}
			defer cl.close()
			var out importRow
			if err := cl.call(cmd.Context(), http.MethodPost, "/api/v1/imports/"+url.PathEscape(args[0])+"/undo", nil, &out); err != nil {
				return err
			}
			return c.print(out, func(w io.Writer) {
				fmt.Fprintf(w, "%s is being taken back: soon nothing of it is left. It can be imported again.\n", out.ID)
			})
		},
	}
}
