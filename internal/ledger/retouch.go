package ledger

import (
	"context"
	"fmt"
	"strings"

	"regia/internal/experience"
)

// Retouch assigns the past to the touchpoints of a changed catalogue.
type Retouch struct {
	Catalogue int64                // the catalogue's version
	Names     []string             // lower-case names of the events the change may concern; nil: all
	Bindings  []experience.Binding // all of them, in the catalogue's order
}

func retouch(ctx context.Context, tx writeTx, d dialect, r Retouch) error {
	if r.Names != nil && len(r.Names) == 0 {
		return nil
	}
	var args arguments
	assigned, err := assignment(d, &args, r.Bindings)
	if err != nil {
		return err
	}
	concerned := ""
	if r.Names != nil {
		names := make([]string, len(r.Names))
		for i, n := range r.Names {
			names[i] = args.add(n)
		}
		concerned = d.lower("name") + ` IN (` + strings.Join(names, ", ") + `) AND `
	}
	tables, err := tx.tables(ctx)
	if err != nil {
		return err
	}
	for _, t := range tables {
		_, err := tx.exec(ctx, fmt.Sprintf(`UPDATE %s SET touchpoint = %s WHERE %s%s AND touchpoint <> %[2]s`, t, assigned, concerned, Contacts), args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// arguments collects the parameters of a statement. Whatever people wrote
// travels as a parameter, never as SQL.
type arguments []any

func (a *arguments) add(v string) string {
	*a = append(*a, v)
	return fmt.Sprintf("$%d::TEXT", len(*a))
}

// assignment compiles bindings into one SQL expression that gives the key of
// the touchpoint of a row, "" when none matches.
func assignment(d dialect, args *arguments, bindings []experience.Binding) (string, error) {
	if len(bindings) == 0 {
		return `''`, nil
	}
	var sql strings.Builder
	sql.WriteString("CASE")
	for _, b := range bindings {
		matches, err := matching(d, args, b)
		if err != nil {
			return "", err
		}
		sql.WriteString(" WHEN " + matches + " THEN " + args.add(b.Touchpoint))
	}
	sql.WriteString(" ELSE '' END")
	return sql.String(), nil
}

func matching(d dialect, args *arguments, b experience.Binding) (string, error) {
	all := []string{}
	if b.Source != "" {
		all = append(all, "source = "+args.add(b.Source))
	}
	if b.Kind != "" {
		all = append(all, "kind = "+args.add(string(b.Kind)))
	}
	if b.Name != "" {
		all = append(all, d.lower("name")+" = "+args.add(strings.ToLower(b.Name)))
	}
	for _, c := range b.Conditions {
		holds, err := condition(d, args, c)
		if err != nil {
			return "", fmt.Errorf("binding %q: %w", b.ID, err)
		}
		all = append(all, holds)
	}
	if len(all) == 0 {
		return "TRUE", nil
	}
	return strings.Join(all, " AND "), nil
}

// condition compiles one condition. NULL, from a property that is not there,
// counts as not holding.
func condition(d dialect, args *arguments, c experience.Condition) (string, error) {
	text := d.scalar(args.add(c.Property))
	switch c.Op {
	case experience.Exists:
		return text + " IS NOT NULL", nil
	case experience.Is:
		return d.lower(text) + " = " + args.add(strings.ToLower(c.Value)), nil
	case experience.IsNot:
		return d.lower(text) + " <> " + args.add(strings.ToLower(c.Value)), nil
	case experience.Contains:
		return "strpos(" + d.lower(text) + ", " + args.add(strings.ToLower(c.Value)) + ") > 0", nil
	}
	return "", experience.Errorf(experience.Invalid, "a condition cannot compare by %q", c.Op)
}
