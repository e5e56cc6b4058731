package cli

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

type sourceRow struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Kind     string `json:"kind"`
	Channel  string `json:"channel"`
	WriteKey string `json:"write_key"`
	Disabled bool   `json:"disabled"`
}

func (c *cli) keyCommand() *cobra.Command {
	cmd := group("key", "Keys by which sites, tills and systems send interactions")
	c.clientFlags(cmd)
	cmd.AddCommand(c.keyList(), c.keyCreate(), c.keyRotate(), c.keySwitch("disable", true), c.keySwitch("enable", false))
	return cmd
}

func (c *cli) keyList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List sources and their keys", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cl, err := c.connect(cmd)
			if err != nil {
				return err
			}
			defer cl.close()
			var list page[sourceRow]
			if err := cl.get(cmd.Context(), "/api/v1/sources", nil, &list); err != nil {
				return err
			}
			return c.print(list, func(w io.Writer) { printSources(w, list.Items...) })
		}}
}

func printSources(w io.Writer, list ...sourceRow) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, s := range list {
		state := ""
		if s.Disabled {
			state = "off"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", s.ID, s.Name, s.Kind, s.WriteKey, state)
	}
	_ = t.Flush()
}

func (c *cli) keyCreate() *cobra.Command {
	kind, channel := "site", ""
	cmd := &cobra.Command{Use: "create NAME", Short: "Make a source with a key", Args: exactly(1, "a name"),
		Example: "  regia key create \"Till in via Roma\" --kind shop",
		RunE: func(cmd *cobra.Command, args []string) error {
			body := map[string]string{"name": args[0], "kind": kind}
			if channel != "" {
				body["channel"] = channel
			}
			return c.source(cmd, http.MethodPost, "/api/v1/sources", body)
		}}
	cmd.Flags().StringVar(&kind, "kind", kind, "site, app, shop, device, phone, marketplace, reviews, social, email, server or import")
	cmd.Flags().StringVar(&channel, "channel", "", "the channel, where it is not the kind's own")
	return cmd
}

func (c *cli) keyRotate() *cobra.Command {
	return &cobra.Command{Use: "rotate ID", Short: "Give a source a new key; the old one ends at once", Args: exactly(1, "a source's id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.source(cmd, http.MethodPost, "/api/v1/sources/"+url.PathEscape(args[0])+"/rotate", nil)
		}}
}

func (c *cli) keySwitch(verb string, disabled bool) *cobra.Command {
	short := "Take interactions of a source again"
	if disabled {
		short = "Take no more interactions of a source"
	}
	return &cobra.Command{Use: verb + " ID", Short: short, Args: exactly(1, "a source's id"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.source(cmd, http.MethodPatch, "/api/v1/sources/"+url.PathEscape(args[0]), map[string]bool{"disabled": disabled})
		}}
}

func (c *cli) source(cmd *cobra.Command, method, path string, body any) error {
	cl, err := c.connect(cmd)
	if err != nil {
		return err
	}
	defer cl.close()
	var s sourceRow
	if err := cl.call(cmd.Context(), method, path, body, &s); err != nil {
		return err
	}
	return c.print(s, func(w io.Writer) { printSources(w, s) })
}
