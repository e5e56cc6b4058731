package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
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
	cmd.AddCommand(languageClassify(), languageThemes(), languageTopics(), languageTrain(), languageCards())
	return cmd
}

// longestLine is how long a line to classify may be, in bytes.
const longestLine = 4 << 20

func languageClassify() *cobra.Command {
	var topics string
	var sentences bool
	var second language.Endpoint
	cmd := &cobra.Command{
		Use: "classify", Short: "Tell what each text says: language, sentiment, emotions, topics and more",
		Long: "Reads a JSON object a line with the field \"text\", and writes a JSON object a line, in the same order.\n" +
			"A line that is none is answered {\"error\": …}, and the command ends with an error when all others are answered.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := languageReader(topics)
			if err != nil {
				return err
			}
			c := classifier{reader: r, sentences: sentences}
			if second.URL != "" {
				second.Key = os.Getenv("REGIA_SECOND_OPINION_KEY")
				c.second = second
			}
			return c.run(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
	cmd.Flags().Bool("json", true, "write JSON, the only form there is")
	cmd.Flags().BoolVar(&sentences, "sentences", true, "tell it of each sentence, too")
	cmd.Flags().StringVar(&topics, "topics", "", "file of topics instead of Regia's own; see regia language topics")
	cmd.Flags().StringVar(&second.URL, "second-opinion", "",
		"address of an OpenAI-compatible service to ask, too; texts are sent there (key: REGIA_SECOND_OPINION_KEY)")
	cmd.Flags().StringVar(&second.Model, "second-opinion-model", "", "model to ask there")
	return cmd
}

// languageReader gives a reader that knows the topics of a file, or Regia's own.
func languageReader(topics string) (*language.Reader, error) {
	r, err := language.NewReader()
	if err != nil || topics == "" {
		return r, err
	}
	raw, err := os.ReadFile(topics)
	if err != nil {
		return nil, experience.Errorf(experience.Invalid, "the file of topics cannot be read: %w", err)
	}
	tree, err := language.ReadTree(raw)
	if err != nil {
		return nil, err
	}
	return r.With(tree), nil
}

// classifier tells what each text says.
type classifier struct {
	reader    *language.Reader
	sentences bool
	second    language.SecondOpinion // nil: nobody else is asked
}

// classified is what is written of a text.
type classified struct {
	language.Reading
	Second *language.Opinion `json:"second_opinion,omitempty"`
	// Why there is none though it was asked for.
	Missing string `json:"second_opinion_missing,omitempty"`
}

// unread is written in the place of a line that is no text.
type unread struct {
	Error string `json:"error"`
}

// run answers every line; one that is no text is answered why, and is an error
// at the end, when the others have been told.
func (c classifier) run(ctx context.Context, in io.Reader, out io.Writer) error {
	w := bufio.NewWriter(out)
	e := json.NewEncoder(w)
	bad := 0
	err := eachText(in, func(text string, wrong error) error {
		if wrong != nil {
			bad++
			return e.Encode(unread{experience.MessageOf(wrong)})
		}
		told := classified{Reading: c.reader.Read(text)}
		if !c.sentences {
			told.Sentences = nil
		}
		if c.second != nil {
			opinion, err := c.second.Opinion(ctx, text, c.reader.Topics())
			if err != nil {
				told.Missing = err.Error()
			} else {
				told.Second = &opinion
			}
		}
		return e.Encode(told)
	})
	if err = errors.Join(err, w.Flush()); err == nil && bad > 0 {
		err = experience.Errorf(experience.Invalid, "%d of the lines are no JSON objects with a text: in their place stands why; the others were read", bad)
	}
	return err
}

// eachText gives the texts of JSON lines, one after the other, and what is wrong
// with a line that has none.
func eachText(in io.Reader, do func(text string, wrong error) error) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, longestLine)
	for n := 1; lines.Scan(); n++ {
		var line struct{ Text *string }
		err := json.Unmarshal(lines.Bytes(), &line)
		if err == nil && line.Text == nil {
			err = errors.New("it has no text")
		}
		text := ""
		if err != nil {
			err = experience.Errorf(experience.Invalid, "line %d is no JSON object with a text: %w", n, err)
		} else {
			text = *line.Text
		}
		if err := do(text, err); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return experience.Errorf(experience.Invalid, "a line cannot be read, and those after it were left out: %w", err)
	}
	return nil
}

func languageThemes() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use: "themes", Short: "Suggest what texts that no topic fits may be about",
		Long: "Reads texts as classify does, and writes a JSON object a theme: its words, how many texts, and up to three of them.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := language.NewReader()
			if err != nil {
				return err
			}
			var texts []string
			err = eachText(cmd.InOrStdin(), func(text string, wrong error) error {
				if wrong != nil {
					return wrong
				}
				if t := r.Read(text).Topics; all || len(t) == 0 || t[0].Label == "other" {
					texts = append(texts, text)
				}
				return nil
			})
			if err != nil {
				return err
			}
			themes, err := r.Themes(cmd.Context(), texts)
			e := json.NewEncoder(cmd.OutOrStdout())
			for _, t := range themes {
				var examples []string
				for _, n := range t.Texts[:min(3, len(t.Texts))] {
					examples = append(examples, texts[n])
				}
				if err := e.Encode(map[string]any{"words": t.Words, "texts": len(t.Texts), "examples": examples}); err != nil {
					return err
				}
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&all, "all", false, "of all texts, also those that a topic fits")
	return cmd
}

func languageTopics() *cobra.Command {
	return &cobra.Command{
		Use: "topics", Short: "Write Regia's own topics and their words, to be edited", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := cmd.OutOrStdout().Write(language.OwnTopics())
			return err
		},
	}
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
