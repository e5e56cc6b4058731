package cli

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"regia/internal/app"
	"regia/internal/experience"
)

type userRow struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Email    string `json:"email"`
	Role     string `json:"role"`
	Disabled bool   `json:"disabled"`
}

type linkRow struct {
	URL  string `json:"url"`
	Path string `json:"path"`
}

func (c *cli) userCommand() *cobra.Command {
	cmd := group("user", "Who may sign in, and API tokens")
	c.clientFlags(cmd)
	cmd.AddCommand(c.userList(), c.userInvite(), c.userChange(), c.userLink(), c.userToken())
	return cmd
}

func (c *cli) userList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List users", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cl, err := c.connect(cmd)
			if err != nil {
				return err
			}
			defer cl.close()
			var list page[userRow]
			if err := cl.get(cmd.Context(), "/api/v1/users", nil, &list); err != nil {
				return err
			}
			return c.print(list, func(w io.Writer) { printUsers(w, list.Items...) })
		}}
}

func printUsers(w io.Writer, list ...userRow) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, u := range list {
		state := ""
		if u.Disabled {
			state = "off"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", u.Email, u.Name, u.Role, state)
	}
	_ = t.Flush()
}

func (c *cli) userInvite() *cobra.Command {
	role := string(experience.Viewer)
	cmd := &cobra.Command{Use: "invite E-MAIL", Short: "Make a link by which somebody becomes a user", Args: exactly(1, "an e-mail address"),
		Example: "  regia user invite anna@example.it --role manager",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.link(cmd, func(context.Context, *client) (string, any, error) {
				return "/api/v1/invitations", map[string]string{"email": args[0], "role": role}, nil
			})
		}}
	cmd.Flags().StringVar(&role, "role", role, "owner, manager, agent, store or viewer")
	return cmd
}

func (c *cli) userLink() *cobra.Command {
	return &cobra.Command{Use: "password-link E-MAIL", Short: "Make a link by which a user sets a new password", Args: exactly(1, "a user's e-mail address"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.link(cmd, func(ctx context.Context, cl *client) (string, any, error) {
				u, err := findUser(ctx, cl, args[0])
				return "/api/v1/users/" + url.PathEscape(u.ID) + "/password-link", nil, err
			})
		}}
}

// link asks for a link and prints it whole.
func (c *cli) link(cmd *cobra.Command, ask func(context.Context, *client) (path string, body any, err error)) error {
	cfg, err := c.config(cmd)
	if err != nil {
		return err
	}
	cl, err := c.connect(cmd)
	if err != nil {
		return err
	}
	defer cl.close()
	path, body, err := ask(cmd.Context(), cl)
	if err != nil {
		return err
	}
	var l linkRow
	if err := cl.call(cmd.Context(), http.MethodPost, path, body, &l); err != nil {
		return err
	}
	base := cfg.BaseURL()
	switch {
	case c.server != "" || cfg.URL == "" && cl.base != inProcess:
		base = cl.base // of the server that was asked
	case base == "http://": // commands that open no port have no --listen of their own
		base += app.DefaultListen
	}
	l.URL = base + l.Path
	return c.print(l, func(w io.Writer) { fmt.Fprintln(w, l.URL) })
}

func (c *cli) userChange() *cobra.Command {
	var role string
	var off, on bool
	cmd := &cobra.Command{Use: "change E-MAIL", Short: "Change what a user may do, or switch them off", Args: exactly(1, "a user's e-mail address"),
		Example: "  regia user change anna@example.it --role manager\n  regia user change anna@example.it --off",
		RunE: func(cmd *cobra.Command, args []string) error {
			body := map[string]any{}
			if role != "" {
				body["role"] = role
			}
			if off || on {
				body["disabled"] = off
			}
			if len(body) == 0 || off && on {
				return usageError{fmt.Errorf("regia user change wants --role, --off or --on")}
			}
			cl, err := c.connect(cmd)
			if err != nil {
				return err
			}
			defer cl.close()
			u, err := findUser(cmd.Context(), cl, args[0])
			if err != nil {
				return err
			}
			if err := cl.call(cmd.Context(), http.MethodPatch, "/api/v1/users/"+url.PathEscape(u.ID), body, &u); err != nil {
				return err
			}
			return c.print(u, func(w io.Writer) { printUsers(w, u) })
		}}
	cmd.Flags().StringVar(&role, "role", "", "owner, manager, agent, store or viewer")
	cmd.Flags().BoolVar(&off, "off", false, "the user may no longer sign in")
	cmd.Flags().BoolVar(&on, "on", false, "the user may sign in again")
	return cmd
}

func findUser(ctx context.Context, cl *client, email string) (userRow, error) {
	var list page[userRow]
	if err := cl.get(ctx, "/api/v1/users", nil, &list); err != nil {
		return userRow{}, err
	}
	for _, u := range list.Items {
		if u.Email == email {
			return u, nil
		}
	}
	return userRow{}, experience.Errorf(experience.NotFound, "there is no user with the address %s", email)
}

func (c *cli) userToken() *cobra.Command {
	role := string(experience.Viewer)
	cmd := &cobra.Command{Use: "token NAME", Short: "Make an API token; it is shown only now", Args: exactly(1, "a name for the token"),
		RunE: func(cmd *cobra.Command, args []string) error {
			cl, err := c.connect(cmd)
			if err != nil {
				return err
			}
			defer cl.close()
			var t struct {
				Token string `json:"token"`
				Name  string `json:"name"`
				Role  string `json:"role"`
			}
			if err := cl.call(cmd.Context(), http.MethodPost, "/api/v1/tokens", map[string]string{"name": args[0], "role": role}, &t); err != nil {
				return err
			}
			return c.print(t, func(w io.Writer) { fmt.Fprintln(w, t.Token) })
		}}
	cmd.Flags().StringVar(&role, "role", role, "owner, manager, agent, store or viewer")
	return cmd
}
