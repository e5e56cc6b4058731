package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"regia/internal/experience"
	"regia/internal/language"
)

func languageCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "language", Short: "Read what people write, and teach the models that do"}
	cmd.AddCommand(languageClassify(), languageTrain(), languageCards())
	return cmd
}

// longestLine is how long a line to classify may be, in bytes.
const longestLine = 4 << 20

func languageClassify() *cobra.Command {
	cmd := &cobra.Command{
		Use: "classify", Short: "Tell language and sentiment of each text",
		Long: "Reads a JSON object a line with the field \"text\", and writes a JSON object a line, in the same order.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return classify(cmd.InOrStdin(), cmd.OutOrStdout()) },
	}
	cmd.Flags().Bool("json", true, "write JSON, the only form there is")
	return cmd
}

func classify(in io.Reader, out io.Writer) error {
	r, err := language.NewReader()
	if err != nil {
		return err
	}
	w := bufio.NewWriter(out)
	e := json.NewEncoder(w)
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, longestLine)
	for n := 1; lines.Scan(); n++ {
		var line struct{ Text string }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return experience.Errorf(experience.Invalid, "line %d is no JSON object with a text: %w", n, err)
		}
		if err := e.Encode(r.Read(line.Text)); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return experience.Errorf(experience.Invalid, "a line cannot be read: %w", err)
	}
	return w.Flush()
}

func languageTrain() *cobra.Command {
	var data, out string
	var only []string
	cmd := &cobra.Command{
		Use: "train", Short: "Make the models from the corpora they learn from", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return language.TrainAll(cmd.Context(), data, only, func(m *language.Model) error {
				fmt.Fprintf(cmd.OutOrStdout(), "%s: F1 %.3f on texts not seen, learnt from %d\n", m.Name, m.Figures["f1"], m.Texts)
				f, err := os.Create(filepath.Join(out, m.Name+".model"))
				if err != nil {
					return err
				}
				if err := m.Write(f); err != nil {
					return err
				}
				return f.Close()
			})
		},
	}
	cmd.Flags().StringVar(&data, "corpora", "../shared/data", "folder of the corpora")
	cmd.Flags().StringSliceVar(&only, "only", nil, "names of the models to make (all)")
	cmd.Flags().StringVar(&out, "out", "internal/language/weights", "folder to write the models to")
	return cmd
}

func languageCards() *cobra.Command {
	return &cobra.Command{
		Use: "cards", Short: "Tell what each model learnt from, how good it is and where it fails, as JSON", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := language.NewReader()
			if err != nil {
				return err
			}
			e := json.NewEncoder(cmd.OutOrStdout())
			e.SetIndent("", "  ")
			return e.Encode(r.Cards())
		},
	}
}
