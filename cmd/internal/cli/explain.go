package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"chatgate/cmd/internal/app"
)

func newExplain() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "explain REFERENCE --config FILE",
		Short: "Say why a request was refused, by the reference that its person was shown",
		Long: "Says why somebody did not get in: what came, what the gateway found, which step decided, and what to do about it.\n" +
			"REFERENCE is what an error page calls \"Reference for support\", the member request_id of a problem, and the header\n" +
			"X-Request-Id of every answer; capitals and hyphens do not matter. It is remembered for explain.keep, 24 hours unless\n" +
			"the configuration says otherwise, and holds no token, cookie, e-mail address or name.",
		Args: func(cmd *cobra.Command, args []string) error { return usage(cmd, cobra.ExactArgs(1)(cmd, args)) },
	}
	path := configFlag(cmd)
	asJSON := cmd.Flags().Bool("json", false, "print one JSON object")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return withTools(cmd, *path, func(tools *app.Tools) error {
			if err := tools.Lasting(); err != nil {
				return &misuseError{err}
			}
			found, err := tools.Explain(cmd.Context(), args[0])
			if errors.Is(err, app.ErrNotRemembered) {
				return notRemembered(tools, args[0])
			}
			if err != nil {
				return err
			}
			if *asJSON {
				return explainJSON(cmd.OutOrStdout(), found)
			}
			return explain(cmd.OutOrStdout(), found)
		})
	}
	return cmd
}

// notRemembered says what it can mean that there is nothing.
func notRemembered(tools *app.Tools, reference string) error {
	if tools.Remembers() == "" {
		return fmt.Errorf("nothing is remembered of %s: explain.keep is 0s, so no request is", reference)
	}
	return fmt.Errorf("nothing is remembered of %s: it is longer ago than explain.keep (%s), was not refused, led nowhere, came without a\n"+
		"cookie to a token address, was one of more than explain.perMinute and explain.most allow, or is of another installation",
		reference, tools.Remembers())
}

// explained is the JSON form.
type explained struct {
	app.Decision
	Advice  []string   `json:"advice"`
	Earlier *explained `json:"earlier,omitempty"`
}

func explainJSON(w io.Writer, e app.Explanation) error {
	body := explained{Decision: e.Decision, Advice: e.Advice()}
	if e.Earlier != nil {
		body.Earlier = &explained{Decision: *e.Earlier, Advice: e.Earlier.Advice()}
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(body); err != nil {
		return fmt.Errorf("write the explanation: %w", err)
	}
	return nil
}

// explain prints a decision on one screen, the earlier one that it points to first.
func explain(w io.Writer, e app.Explanation) error {
	var b strings.Builder
	if e.Earlier != nil {
		b.WriteString("The page with this reference only told of a login that had failed before:\n\n")
		writeDecision(&b, *e.Earlier)
		b.WriteString("\nThe page itself:\n\n")
	}
	writeDecision(&b, e.Decision)
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write the explanation: %w", err)
	}
	return nil
}

func writeDecision(b *strings.Builder, d app.Decision) {
	for _, line := range [][2]string{
		{"request", d.Request},
		{"when", d.At.Format(time.RFC3339)},
		{"what", fmt.Sprintf("%s %s, answered %d %s", d.Method, d.Route, d.Status, codeOf(d))},
		{"told", d.Told},
		{"who", whoOf(d)},
		{"from", d.Address},
		{"chat", d.Chat},
	} {
		if line[1] != "" {
			fmt.Fprintf(b, "%-8s %s\n", line[0], printable(line[1]))
		}
	}
	b.WriteString("\n")
	for _, s := range d.Steps {
		mark := " "
		if s.Decided {
			mark = ">"
		}
		fmt.Fprintf(b, "%s %+6d ms  %s%s\n", mark, s.After, s.Code.Phrase(), printable(factsOf(s)))
	}
	if d.Cut {
		b.WriteString("  there were more steps than are kept\n")
	}
	for i, text := range d.Advice() {
		if i == 0 {
			b.WriteString("\nWhat to do:\n")
		}
		fmt.Fprintf(b, "  %s\n", printable(text))
	}
}

func codeOf(d app.Decision) string {
	if d.Reason == "" {
		return d.Code
	}
	return d.Code + " (" + d.Reason + ")"
}

func whoOf(d app.Decision) string {
	switch {
	case d.Subject == "":
		return ""
	case d.Session == "":
		return fmt.Sprintf("subject %s of provider %s", known(d.Subject), d.Provider)
	}
	return fmt.Sprintf("subject %s of provider %s, session %s", known(d.Subject), d.Provider, d.Session)
}

// factsOf are the facts of a step, in the order of their names.
func factsOf(s app.Step) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(s.Facts)) {
		all = append(all, strings.ReplaceAll(name, "_", " ")+": "+s.Facts[name])
	}
	if len(all) == 0 {
		return ""
	}
	return " (" + strings.Join(all, "; ") + ")"
}
