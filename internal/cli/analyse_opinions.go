package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

// opinionsAnswer is what the API tells of opinions, as far as it is written.
type opinionsAnswer struct {
	From, To time.Time
	Scale    struct{ Scale, Measure string }
	Figures  []struct {
		Key                         string
		N                           int64
		Value, Low, High, Change, P *float64
	}
}

func (c *cli) analyseOpinions() *cobra.Command {
	var by string
	cmd := &cobra.Command{
		Use: "opinions", Short: "What people think: NPS, satisfaction, effort or stars, with intervals", Args: noArgs,
		Example: "  regia analyse opinions\n  regia analyse opinions --scale nps --by touchpoint --from 2026-01-01",
	}
	read := opinionFlags(cmd)
	cmd.Flags().StringVar(&by, "by", "", "touchpoint, shop, channel, survey, question, stage, month or trait:NAME")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		q, err := read()
		if err != nil {
			return err
		}
		if by != "" {
			q.Set("by", by)
		}
		return told(c, cmd, "/api/v1/opinions?"+q.Encode(), opinionsAnswer.write)
	}
	return cmd
}

func (a opinionsAnswer) write(out io.Writer) {
	fmt.Fprintf(out, "%s, %s to %s\n\n\tFIGURE\t95 %%\tCHANGE\tP\tN\n", a.Scale.Scale, a.From.Format(time.DateOnly), a.To.Format(time.DateOnly))
	for _, f := range a.Figures {
		if f.Value == nil {
			fmt.Fprintf(out, "%s\ttoo few\t\t\t\t%d\n", f.Key, f.N)
			continue
		}
		fmt.Fprintf(out, "%s\t%.2f\t%.2f to %.2f\t%s\t%s\t%d\n", f.Key, *f.Value, *f.Low, *f.High, known("%+.2f", f.Change), known("%.3f", f.P), f.N)
	}
}

// driversAnswer is what the API tells of drivers, as far as it is written.
type driversAnswer struct {
	Scale, Of, Refused string
	N, People          int64
	R2                 *struct{ Value, Low, High float64 }
	Drivers            []struct {
		Key          string
		N            int64
		Share, Slope struct{ Value, Low, High float64 }
		NPS          *struct{ Value, Low, High float64 }
		Corner       string
	}
}

func (c *cli) analyseDrivers() *cobra.Command {
	var of string
	cmd := &cobra.Command{
		Use: "drivers", Short: "What matters most for what people answer, and what one point is worth", Args: noArgs,
		Example: "  regia analyse drivers\n  regia analyse drivers --scale stars --of lived",
	}
	read := opinionFlags(cmd)
	cmd.Flags().StringVar(&of, "of", "", "rated (by people themselves), lived (what happened to them before) or said (what they write about)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		q, err := read()
		if err != nil {
			return err
		}
		if of != "" {
			q.Set("of", of)
		}
		return told(c, cmd, "/api/v1/drivers?"+q.Encode(), driversAnswer.write)
	}
	return cmd
}

func (a driversAnswer) write(out io.Writer) {
	fmt.Fprintf(out, "%s by what people %s: %d answers of %d people\n", a.Scale, map[string]string{"rated": "rated", "lived": "went through", "said": "wrote about"}[a.Of], a.N, a.People)
	if a.Refused != "" || a.R2 == nil {
		fmt.Fprintf(out, "nothing can be told yet (%s)\n", a.Refused)
		return
	}
	fmt.Fprintf(out, "together they explain %s (95 %% between %s and %s)\n\n\tSHARE OF THAT\t95 %%\tONE MORE, POINTS\t95 %%\tPOINTS OF NPS\tN\t\n", percent(a.R2.Value), percent(a.R2.Low), percent(a.R2.High))
	for _, d := range a.Drivers {
		var nps *float64
		if d.NPS != nil {
			nps = &d.NPS.Value
		}
		fmt.Fprintf(out, "%s\t%s\t%s to %s\t%+.2f\t%+.2f to %+.2f\t%s\t%d\t%s\n", d.Key, percent(d.Share.Value), percent(d.Share.Low), percent(d.Share.High),
			d.Slope.Value, d.Slope.Low, d.Slope.High, known("%+.1f", nps), d.N, d.Corner)
	}
}

// opinionFlags are those that both questions have; what they say is read as the
// API takes it.
func opinionFlags(cmd *cobra.Command) (read func() (url.Values, error)) {
	var scale, from, to string
	f := cmd.Flags()
	f.StringVar(&scale, "scale", "", "nps, csat, ces, stars, …: without it one that many answered on")
	f.StringVar(&from, "from", "", "from this day or moment on")
	f.StringVar(&to, "to", "", "until before this day or moment")
	return func() (url.Values, error) {
		q := url.Values{}
		if scale != "" {
			q.Set("scale", scale)
		}
		for name, text := range map[string]string{"from": from, "to": to} {
			var at time.Time
			if err := readMoment(text, &at); err != nil {
				return nil, err
			}
			if !at.IsZero() {
				q.Set(name, at.Format(time.RFC3339))
			}
		}
		return q, nil
	}
}

// told asks the API and writes the answer, as text in columns or as JSON.
func told[A any](c *cli, cmd *cobra.Command, path string, write func(A, io.Writer)) error {
	cl, err := c.connect(cmd)
	if err != nil {
		return err
	}
	defer cl.close()
	var raw json.RawMessage
	if err := cl.call(cmd.Context(), http.MethodGet, path, nil, &raw); err != nil {
		return err
	}
	var a A
	if err := json.Unmarshal(raw, &a); err != nil {
		return err
	}
	return c.print(raw, func(out io.Writer) {
		t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		defer t.Flush()
		write(a, t)
	})
}

// known writes a number where there is one.
func known(format string, v *float64) string {
	if v == nil {
		return ""
	}
	return fmt.Sprintf(format, *v)
}
