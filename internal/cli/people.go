package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

func envToken() string { return os.Getenv("REGIA_TOKEN") }

func (c *cli) peopleCommand() *cobra.Command {
	cmd := group("people", "Find people and read their story")
	c.clientFlags(cmd)
	cmd.AddCommand(c.peopleFind(), c.peopleShow(), c.peopleTimeline())
	return cmd
}

// page is a list as the API gives it.
type page[T any] struct {
	Items []T     `json:"items"`
	Next  *string `json:"next"`
}

type personRow struct {
	ID           string    `json:"id"`
	Name         string    `json:"name"`
	Email        string    `json:"email"`
	Phone        string    `json:"phone"`
	Card         string    `json:"loyalty_card"`
	Handle       string    `json:"handle"`
	Interactions int64     `json:"interactions"`
	LastSeen     time.Time `json:"last_seen"`
}

func (c *cli) peopleFind() *cobra.Command {
	cmd := &cobra.Command{
		Use: "find TEXT", Short: "Find people by a name or an identifier", Args: exactly(1, "what to look for"),
		Example: "  regia people find rossi\n  regia people find email:anna@example.it --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			q := url.Values{"q": args}
			if kind, _, ok := strings.Cut(args[0], ":"); ok && !strings.ContainsAny(kind, " @+") {
				q = url.Values{"identifier": args}
			}
			var raw json.RawMessage
			return c.through(cmd, "/api/v1/people", q, &raw, func(w io.Writer) error {
				var p page[personRow]
				if err := json.Unmarshal(raw, &p); err != nil {
					return err
				}
				if len(p.Items) == 0 {
					fmt.Fprintln(w, "Nobody was found.")
				}
				t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
				if len(p.Items) > 0 {
					fmt.Fprintln(t, "ID\tNAME\tE-MAIL OR PHONE\tCONTACTS\tLAST SEEN")
				}
				for _, r := range p.Items {
					fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%s\n", r.ID, cmp.Or(r.Name, r.Card, r.Handle), cmp.Or(r.Email, r.Phone), r.Interactions, r.LastSeen.Local().Format("2006-01-02 15:04"))
				}
				return t.Flush()
			})
		},
	}
	return cmd
}

func (c *cli) peopleShow() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show one customer record", Args: exactly(1, "a person's id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var raw json.RawMessage
			return c.through(cmd, "/api/v1/people/"+url.PathEscape(args[0]), nil, &raw, func(w io.Writer) error {
				return indented(w, raw)
			})
		},
	}
}

func (c *cli) peopleTimeline() *cobra.Command {
	limit := 50
	before := ""
	cmd := &cobra.Command{
		Use: "timeline ID", Short: "Show what a person did, the latest first", Args: exactly(1, "a person's id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			q := url.Values{"limit": {strconv.Itoa(limit)}}
			if before != "" {
				q.Set("before", before)
			}
			var raw json.RawMessage
			return c.through(cmd, "/api/v1/people/"+url.PathEscape(args[0])+"/timeline", q, &raw, func(w io.Writer) error {
				var p page[struct {
					Time                                    time.Time
					Name, Kind, Touchpoint, Channel, Source string
				}]
				if err := json.Unmarshal(raw, &p); err != nil {
					return err
				}
				t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
				for _, r := range p.Items {
					name := r.Name
					if name == "" {
						name = r.Kind
					}
					fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", r.Time.Local().Format("2006-01-02 15:04:05"), name, r.Channel, r.Touchpoint)
				}
				if err := t.Flush(); err != nil || p.Next == nil {
					return err
				}
				_, err := fmt.Fprintf(w, "more: --before %s\n", *p.Next)
				return err
			})
		},
	}
	cmd.Flags().IntVar(&limit, "limit", limit, "how many")
	cmd.Flags().StringVar(&before, "before", "", "go on from where the list before ended")
	return cmd
}

// through asks the API and prints its answer, as it came or by the function.
func (c *cli) through(cmd *cobra.Command, path string, q url.Values, raw *json.RawMessage, text func(io.Writer) error) error {
	cl, err := c.connect(cmd)
	if err != nil {
		return err
	}
	defer cl.close()
	if err := cl.get(cmd.Context(), path, q, raw); err != nil {
		return err
	}
	if c.json {
		_, err := fmt.Fprintln(c.out, strings.TrimSpace(string(*raw)))
		return err
	}
	return text(c.out)
}

func indented(w io.Writer, raw json.RawMessage) error {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return err
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
