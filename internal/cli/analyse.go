package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"regia/internal/analytics"
	"regia/internal/experience"
)

func (c *cli) analyseCommand() *cobra.Command {
	cmd := group("analyse", "Ask what people go through: funnel, paths, retention, trends, process, lifecycle, opinions, drivers")
	c.clientFlags(cmd)
	cmd.AddCommand(c.analyseFunnel(), c.analysePaths(), c.analyseRetention(), c.analyseTrends(), c.analyseProcess(), c.analyseLifecycle(), c.analyseOpinions(), c.analyseDrivers())
	return cmd
}

// question is what the flags that all questions have say.
type question struct {
	file, from, to, of string
	all                bool
	where              []string
}

func (q *question) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&q.file, "question", "", "the whole question in JSON, as the API takes it, from this file or - (other flags come on top)")
	f.StringVar(&q.from, "from", "", "from this day or moment on")
	f.StringVar(&q.to, "to", "", "until before this day or moment")
	f.StringVar(&q.of, "case", "", "what is followed: person, visit, order or properties.NAME")
	f.BoolVar(&q.all, "all", false, "also bots and the company's own staff")
	f.StringArrayVar(&q.where, "where", nil, "only what has FIELD=VALUE, such as touchpoint=shop or properties.colour=red")
}

// read fills a question from its file and then from the flags.
func (q *question) read(cmd *cobra.Command, into any, scope *analytics.Scope) error {
	if q.file != "" {
		in := cmd.InOrStdin()
		if q.file != "-" {
			f, err := os.Open(q.file)
			if err != nil {
				return experience.Errorf(experience.Invalid, "the question cannot be read: %w", err)
			}
			defer f.Close()
			in = f
		}
		d := json.NewDecoder(in)
		d.DisallowUnknownFields()
		if err := d.Decode(into); err != nil {
			return experience.Errorf(experience.Invalid, "the question in %s is not one: %w", q.file, err)
		}
	}
	for _, l := range []struct {
		text string
		to   *time.Time
	}{{q.from, &scope.From}, {q.to, &scope.To}} {
		if err := readMoment(l.text, l.to); err != nil {
			return err
		}
	}
	if q.of != "" {
		scope.Case = q.of
	}
	scope.Everyone = scope.Everyone || q.all
	for _, w := range q.where {
		field, value, ok := strings.Cut(w, "=")
		if !ok {
			return usageError{fmt.Errorf("--where wants FIELD=VALUE, not %q", w)}
		}
		scope.Where = append(scope.Where, analytics.Filter{Field: field, Is: "equal", Values: []string{value}})
	}
	return nil
}

// readMoment reads a day of this machine's zone, or a moment.
func readMoment(text string, to *time.Time) error {
	if text == "" {
		return nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t, err = time.ParseInLocation(time.DateOnly, text, time.Local)
	}
	if err != nil {
		return usageError{fmt.Errorf("%q is neither a day such as 2026-03-31 nor a moment such as 2026-03-31T18:00:00Z", text)}
	}
	*to = t
	return nil
}

// asked asks a question and shows the answer: as the API gave it, or as text.
func asked[A any](c *cli, cmd *cobra.Command, path string, q any, text func(io.Writer, A)) error {
	cl, err := c.connect(cmd)
	if err != nil {
		return err
	}
	defer cl.close()
	var raw json.RawMessage
	if err := cl.call(cmd.Context(), http.MethodPost, "/api/v1/analytics/"+path, q, &raw); err != nil {
		return err
	}
	if c.json {
		_, err := fmt.Fprintln(c.out, strings.TrimSpace(string(raw)))
		return err
	}
	var a A
	if err := json.Unmarshal(raw, &a); err != nil {
		return err
	}
	t := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	text(t, a)
	return t.Flush()
}

func matches(names []string) []analytics.Match {
	list := make([]analytics.Match, len(names))
	for i, n := range names {
		list[i] = analytics.Match{Event: n}
	}
	return list
}

func (c *cli) analyseFunnel() *cobra.Command {
	var common question
	var q analytics.Funnel
	var steps []string
	cmd := &cobra.Command{
		Use: "funnel", Short: "How many go through steps, and where the others stop", Args: noArgs,
		Example: "  regia analyse funnel --step 'Product Viewed' --step 'Product Added' --step 'Order Completed' --window 14d",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := common.read(cmd, &q, &q.Scope); err != nil {
				return err
			}
			q.Steps = append(q.Steps, matches(steps)...)
			return asked(c, cmd, "funnel", q, func(w io.Writer, a analytics.FunnelAnswer) {
				fmt.Fprintln(w, "STEP\tCAME THIS FAR\tOF ALL\tOF THE STEP BEFORE\tHALF OF THEM WITHIN")
				for i, s := range a.Steps {
					name := fmt.Sprint(i + 1)
					if i < len(q.Steps) && q.Steps[i].Event != "" {
						name += " " + q.Steps[i].Event
					}
					fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\n", name, s.Count, percent(s.OfFirst), percent(s.OfBefore), within(s.Median))
				}
			})
		},
	}
	common.flags(cmd)
	f := cmd.Flags()
	f.StringArrayVar(&steps, "step", nil, "name of an event; once for each step")
	f.StringVar((*string)(&q.Window), "window", "", "from the first step to the last at most, such as 14d")
	f.BoolVar(&q.AnyOrder, "any-order", false, "whatever the order of the steps")
	f.BoolVar(&q.Totals, "totals", false, "count every way through, not people")
	f.StringVar(&q.Hold, "hold", "", "a field that must be the same in all steps, such as product")
	f.StringVar(&q.By, "by", "", "break down by this field")
	return cmd
}

func percent(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }

func within(seconds float64) string {
	if seconds == 0 {
		return ""
	}
	return time.Duration(seconds * float64(time.Second)).Round(time.Second).String()
}

func (c *cli) analysePaths() *cobra.Command {
	var common question
	var q analytics.Paths
	var after, before string
	cmd := &cobra.Command{
		Use: "paths", Short: "Where people go after something, or where they came from", Args: noArgs,
		Example: "  regia analyse paths --after 'Order Completed'\n  regia analyse paths --before 'Order Completed' --steps 3",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := common.read(cmd, &q, &q.Scope); err != nil {
				return err
			}
			if after != "" && before != "" {
				return usageError{fmt.Errorf("paths go --after something or --before it, not both")}
			}
			if after+before != "" {
				q.Anchor, q.Before = analytics.Match{Event: after + before}, before != ""
			}
			return asked(c, cmd, "paths", q, func(w io.Writer, a analytics.PathsAnswer) {
				fmt.Fprintf(w, "STEP\tWHAT\tHOW MANY\tOF %d\n", a.Cases)
				for i, l := range a.Levels {
					for _, n := range l.Nodes {
						name := n.Activity
						if n.Other {
							name = "(other)"
						}
						fmt.Fprintf(w, "%d\t%s\t%d\t%s\n", i, name, n.Cases, percent(n.Share))
					}
					if l.Ended > 0 {
						fmt.Fprintf(w, "%d\t(nothing more)\t%d\n", i+1, l.Ended)
					}
				}
			})
		},
	}
	common.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&after, "after", "", "name of the event the paths begin with")
	f.StringVar(&before, "before", "", "name of the event the paths end with")
	f.IntVar(&q.Steps, "steps", 0, "how far (default 5)")
	f.IntVar(&q.Top, "top", 0, "how many things are shown at each step (default 8)")
	f.BoolVar(&q.Collapse, "collapse", false, "the same thing several times in a row counts once")
	f.StringVar(&q.By, "by", "", "what is told apart: event, touchpoint or properties.NAME")
	return cmd
}

func (c *cli) analyseRetention() *cobra.Command {
	var common question
	var q analytics.Retention
	cmd := &cobra.Command{
		Use: "retention", Short: "How many come back", Args: noArgs,
		Example: "  regia analyse retention --start 'Order Completed' --return 'Order Completed' --unit month",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := common.read(cmd, &q, &q.Scope); err != nil {
				return err
			}
			return asked(c, cmd, "retention", q, func(w io.Writer, a analytics.RetentionAnswer) {
				fmt.Fprint(w, "BEGAN\tHOW MANY")
				for k := range a.All.Returned {
					fmt.Fprintf(w, "\t%s %d", a.Unit, k+1)
				}
				fmt.Fprintln(w)
				for _, cohort := range append(a.Cohorts, a.All) {
					name := "all"
					if !cohort.Start.IsZero() {
						name = cohort.Start.Format(time.DateOnly)
					}
					fmt.Fprintf(w, "%s\t%d", name, cohort.Cases)
					for _, k := range cohort.Returned {
						switch {
						case k.Partial:
							fmt.Fprint(w, "\t")
						default:
							fmt.Fprintf(w, "\t%s", percent(k.Share))
						}
					}
					fmt.Fprintln(w)
				}
			})
		},
	}
	common.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&q.Start.Event, "start", "", "name of the event that makes somebody one to be watched (default: any)")
	f.StringVar(&q.Return.Event, "return", "", "name of the event that counts as coming back (default: any)")
	f.StringVar((*string)(&q.Unit), "unit", "", "day, week or month (default week)")
	f.IntVar(&q.Periods, "periods", 0, "how many after the first (default 8)")
	f.BoolVar(&q.OnOrAfter, "on-or-after", false, "who comes back later counts as retained until then")
	return cmd
}

func (c *cli) analyseTrends() *cobra.Command {
	var common question
	var q analytics.Trend
	cmd := &cobra.Command{
		Use: "trends", Short: "How much happened over time", Args: noArgs,
		Example: "  regia analyse trends --by touchpoint --unit month\n  regia analyse trends --event 'Order Completed' --measure revenue --unit week",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := common.read(cmd, &q, &q.Scope); err != nil {
				return err
			}
			return asked(c, cmd, "trends", q, func(w io.Writer, a analytics.TrendAnswer) {
				fmt.Fprint(w, "FROM")
				for _, s := range a.Series {
					name := strings.TrimSpace(s.Value + " " + s.Currency)
					if s.Other {
						name = "(other)"
					}
					fmt.Fprintf(w, "\t%s", name)
				}
				fmt.Fprintln(w)
				for i, at := range a.Times {
					fmt.Fprint(w, at.Format("2006-01-02 15:04"))
					for _, s := range a.Series {
						fmt.Fprintf(w, "\t%d", s.Counts[i])
					}
					fmt.Fprintln(w)
				}
			})
		},
	}
	common.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&q.What.Event, "event", "", "name of the event that counts (default: every one)")
	f.StringVar((*string)(&q.Measure), "measure", "", "interactions, cases or revenue in minor units (default interactions)")
	f.StringVar((*string)(&q.Unit), "unit", "", "hour, day, week or month (default day)")
	f.StringVar(&q.By, "by", "", "a column for each value of this field")
	return cmd
}

func (c *cli) analyseProcess() *cobra.Command {
	var common question
	var q analytics.Process
	cmd := &cobra.Command{
		Use: "process", Short: "In which order things really happen, against how they should", Args: noArgs,
		Example: "  regia analyse process --case properties.case_id\n  regia analyse process --design 'Ticket: Open' --design 'Ticket: Closed'",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := common.read(cmd, &q, &q.Scope); err != nil {
				return err
			}
			return asked(c, cmd, "process", q, func(w io.Writer, a analytics.ProcessAnswer) {
				fmt.Fprintf(w, "cases\t%d\nevents\t%d\nactivities\t%d\nvariants\t%d\nwith rework\t%d\n", a.Cases, a.Events, a.Activities, a.Variants, a.Rework)
				if len(q.Design) > 0 {
					fmt.Fprintf(w, "fitness\t%.4f\naverage fitness\t%.4f\nfollow the design\t%d\n", a.Fitness, a.AverageFitness, a.Fitting)
				}
				fmt.Fprintln(w, "\nFROM\tTO\tHOW OFTEN\tHALF OF THEM WITHIN")
				for _, e := range a.Graph.Edges[:min(len(a.Graph.Edges), 20)] {
					fmt.Fprintf(w, "%s\t%s\t%d\t%s\n", e.From, e.To, e.Count, within(e.Median))
				}
			})
		},
	}
	common.flags(cmd)
	f := cmd.Flags()
	f.StringArrayVar(&q.Design, "design", nil, "how it should go: the name of an activity; once for each, in order")
	f.StringVar(&q.By, "by", "", "what is told apart: event, touchpoint or properties.NAME")
	return cmd
}
