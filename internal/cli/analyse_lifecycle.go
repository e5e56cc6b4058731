package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"regia/internal/lifecycle"
)

// lifecycleAnswer is what the API tells of the life-cycle, together.
type lifecycleAnswer struct {
	Stages    lifecycle.StagesAnswer    `json:"stages"`
	Purchases lifecycle.PurchasesAnswer `json:"purchases"`
	Movement  []lifecycle.MonthAnswer   `json:"movement"`
}

func (c *cli) analyseLifecycle() *cobra.Command {
	var months int
	cmd := &cobra.Command{
		Use: "lifecycle", Short: "How many come back: stages of the relationship, second and third purchase", Args: noArgs,
		Example: "  regia analyse lifecycle\n  regia analyse lifecycle --months 24 --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if months < 1 || months > 120 {
				return usageError{fmt.Errorf("--months goes from 1 to 120")}
			}
			cl, err := c.connect(cmd)
			if err != nil {
				return err
			}
			defer cl.close()
			a, err := askLifecycle(cmd.Context(), cl, months)
			if err != nil {
				return err
			}
			return c.print(a, a.write)
		},
	}
	cmd.Flags().IntVar(&months, "months", 6, "how many months of movement")
	return cmd
}

func askLifecycle(ctx context.Context, cl *client, months int) (a lifecycleAnswer, err error) {
	for _, q := range []struct {
		path string
		into any
	}{{"stages", &a.Stages}, {"purchases", &a.Purchases}, {"movement?months=" + strconv.Itoa(months), &a.Movement}} {
		if err := cl.call(ctx, http.MethodGet, "/api/v1/lifecycle/"+q.path, nil, q.into); err != nil {
			return a, err
		}
	}
	return a, nil
}

func (a lifecycleAnswer) write(out io.Writer) {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer t.Flush()
	p := a.Purchases
	fmt.Fprintf(t, "on %s, %d people (%d more cannot be recognised)\n\n", a.Stages.At.Format("2006-01-02"), a.Stages.People, a.Stages.Unknown)
	fmt.Fprintf(t, "buy again\t%s\t%s\n", percent(p.Again.Share), basis(p.Again))
	fmt.Fprintf(t, "of those, a third time\t%s\t%s\n", percent(p.Third.Share), basis(p.Third))
	for _, w := range p.Within {
		if w.Known {
			fmt.Fprintf(t, "again within %d days\t%s\t%s to %s (Kaplan-Meier)\n", w.Days, percent(w.Share), percent(w.Low), percent(w.High))
		}
	}
	fmt.Fprint(t, "\nAT THE END OF")
	for _, s := range a.Stages.Stages {
		fmt.Fprintf(t, "\t%s", s.Stage)
	}
	fmt.Fprintln(t)
	for _, m := range a.Movement {
		fmt.Fprint(t, m.Month)
		for _, s := range m.Stages {
			fmt.Fprintf(t, "\t%d", s.People)
		}
		fmt.Fprintln(t)
	}
}

func basis(r lifecycle.Rate) string {
	return fmt.Sprintf("%d of %d, 95 %% between %s and %s", r.Yes, r.N, percent(r.Low), percent(r.High))
}
