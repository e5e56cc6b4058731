// Package cli is the command line of Regia.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/providers/posflag"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/cobra"

	"regia/internal/app"
	"regia/internal/experience"
)

// Main runs the command line and gives the exit code: 0 done, 1 failed, 2 the
// command itself was wrong.
func Main(ctx context.Context, version string, args []string, out, errs io.Writer) int {
	c := &cli{version: version, out: out, errs: errs}
	root := c.root()
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errs)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	c.fail(err)
	var usage usageError
	if errors.As(err, &usage) {
		return 2
	}
	return 1
}

// usageError is trouble with what was typed, not with what was asked.
type usageError struct{ error }

func (u usageError) Unwrap() error { return u.error }

// cli is what the commands share.
type cli struct {
	version   string
	out, errs io.Writer
	json      bool
	server    string
	token     string
}

func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "regia",
		Short: "The control room for customer experience",
		Long: `Regia records every interaction between a person and a brand, connects them
into one story per person, and shows what is going on.

Every setting is a flag, a variable of the environment (REGIA_LISTEN for
--listen) or a line in regia.yaml of the data folder; the first that is there
counts.`,
		Example: `  regia demo                             an invented company, to look around
  regia init && regia serve              a Regia of your own
  regia import csv --mapping m.yaml orders.csv`,
		SilenceErrors: true, SilenceUsage: true, Version: c.version, Args: noSuchCommand, RunE: help,
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	p := root.PersistentFlags()
	p.BoolVar(&c.json, "json", false, "answer in JSON, for programs")
	p.String("data", "data", "the data folder")
	p.String("log-level", "info", "what is logged: debug, info, warn or error")
	root.AddCommand(c.initCommand(), c.serveCommand(), c.demoCommand(), c.importCommand(), c.exportCommand(), c.peopleCommand(),
		c.analyseCommand(), c.keyCommand(), c.userCommand(), c.doctorCommand(), c.verifyCommand(), c.benchCommand(), languageCommand(), c.versionCommand())
	return root
}

// engineFlags are those of commands that open the books themselves.
func engineFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.String("listen", app.DefaultListen, "address and port to listen on")
	f.String("url", "", "how browsers reach Regia, where that differs from --listen")
	f.String("registry", "", "postgres:// address of the registry (default: SQLite in the data folder)")
	f.String("ledger", "", "postgres:// address of the ledger (default: DuckDB in the data folder)")
	f.String("nats", "", "nats:// addresses of the log (default: files in the data folder)")
	f.String("mqtt", "", "address and port for tills and other devices, such as 0.0.0.0:1883 (default: none)")
	f.String("mqtt-cert", "", "PEM file of a certificate: devices connect in TLS")
	f.String("mqtt-key", "", "PEM file of the certificate's key")
	f.StringSlice("trusted-proxies", nil, "networks whose X-Forwarded-For is believed, such as 127.0.0.1/32")
	f.StringSlice("listen-networks", nil, "networks of your own that listening posts may reach, such as 10.0.0.0/8")
	f.Duration("log-retention", 0, "how long woven blocks stay in the log (default 7 days)")
	f.Int64("import-max-bytes", 0, "size of the files that may be uploaded for one import (default 4 GiB)")
	f.Int64("log-max-bytes", 0, "size of the log beyond which events are refused with 503 (default 8 GiB)")
	// For tests and for those who measure: nobody needs to set them.
	f.Duration("tidy-every", 0, "pause between two looks at whether the ledger wants sorting (default 20 s)")
	f.Int("ledger-hot-rows", 0, "rows of the ledger that are worth sorting")
	_ = f.MarkHidden("tidy-every") // both are there
	_ = f.MarkHidden("ledger-hot-rows")
}

// config reads the settings: flag, environment, file, default.
func (c *cli) config(cmd *cobra.Command) (app.Config, error) {
	k := koanf.New(".")
	data, _ := cmd.Flags().GetString("data")
	if v := os.Getenv("REGIA_DATA"); v != "" && !cmd.Flags().Changed("data") {
		data = v
	}
	path := filepath.Join(data, "regia.yaml")
	if _, err := os.Stat(path); err == nil {
		if err := k.Load(file.Provider(path), yaml.Parser()); err != nil {
			return app.Config{}, experience.Errorf(experience.Invalid, "%s cannot be read: %w", path, err)
		}
	}
	known := map[string]bool{}
	for _, name := range []string{"listen", "url", "registry", "ledger", "nats", "mqtt", "mqtt-cert", "mqtt-key", "trusted-proxies", "listen-networks", "log-retention", "log-max-bytes", "import-max-bytes", "log-level"} {
		known[name] = true
	}
	environment := env.Provider(".", env.Opt{Prefix: "REGIA_", TransformFunc: func(key, value string) (string, any) {
		name := strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(key, "REGIA_")), "_", "-")
		if !known[name] || value == "" { // an empty variable says nothing
			return "", nil
		}
		if name == "trusted-proxies" || name == "listen-networks" {
			return name, strings.Split(value, ",")
		}
		return name, value
	}})
	if err := k.Load(environment, nil); err != nil {
		return app.Config{}, err
	}
	// Defaults of flags count only where nothing else is said.
	if err := k.Load(posflag.Provider(cmd.Flags(), ".", k), nil); err != nil {
		return app.Config{}, err
	}
	if err := k.Load(confmap.Provider(map[string]any{"data": data}, "."), nil); err != nil {
		return app.Config{}, err
	}
	var cfg app.Config
	if err := k.Unmarshal("", &cfg); err != nil {
		return cfg, experience.Errorf(experience.Invalid, "the settings cannot be read: %w", err)
	}
	return cfg, nil
}

// logger writes to the error output.
func (c *cli) logger(cfg app.Config) *slog.Logger {
	var level slog.Level
	if level.UnmarshalText([]byte(cfg.LogLevel)) != nil {
		level = slog.LevelInfo
	}
	return slog.New(slog.NewTextHandler(c.errs, &slog.HandlerOptions{Level: level}))
}

// print writes an answer: as JSON when asked to, else by the function.
func (c *cli) print(v any, text func(io.Writer)) error {
	if !c.json {
		text(c.out)
		return nil
	}
	e := json.NewEncoder(c.out)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

func (c *cli) fail(err error) {
	message := err.Error()
	var known *experience.Error
	if errors.As(err, &known) {
		message = known.Message
	}
	if c.json {
		_ = json.NewEncoder(c.errs).Encode(map[string]string{"error": message, "code": string(experience.CodeOf(err))})
		return
	}
	fmt.Fprintln(c.errs, "regia: "+message)
}

func (c *cli) versionCommand() *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Say which Regia this is", Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			return c.print(map[string]string{"version": c.version}, func(w io.Writer) { fmt.Fprintln(w, "regia "+c.version) })
		}}
}

// group is a command that only holds others: alone it explains itself.
func group(use, short string) *cobra.Command {
	return &cobra.Command{Use: use, Short: short, Args: noSuchCommand, RunE: help}
}

func help(cmd *cobra.Command, _ []string) error { return cmd.Help() }

func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	cmd.SuggestionsMinimumDistance = 2
	near := ""
	if names := cmd.SuggestionsFor(args[0]); len(names) > 0 {
		near = fmt.Sprintf(" (did you mean %s?)", strings.Join(names, " or "))
	}
	return usageError{fmt.Errorf("%s has no command %q%s; see %s --help", cmd.CommandPath(), args[0], near, cmd.CommandPath())}
}

func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("%s takes no arguments, and %q was given; see %s --help", cmd.CommandPath(), args[0], cmd.CommandPath())}
	}
	return nil
}

func exactly(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return usageError{fmt.Errorf("%s wants %s; see %s --help", cmd.CommandPath(), what, cmd.CommandPath())}
		}
		return nil
	}
}
