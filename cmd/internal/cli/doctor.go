package cli

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"chatgate/cmd/internal/app"
)

func newDoctor() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "doctor --config FILE",
		Short: "Look the installation over and say what to change",
		Long: "Looks at the store, every provider, every chat, and whether browsers reach the gateway, without serving anybody.\n" +
			"Each line is ok, warn or fail; what is not ok names the setting, variable or permission to change.\n" +
			"To see whether Rocket.Chat makes login tokens it has one made for the service account, and revokes it.\n" +
			"It sees Coral's settings with a token of somebody with the role ADMIN there, in the environment variable\n" +
			app.AdminTokenVariable + ", or with several Corals in " + app.AdminTokenVariable + "_ and the chat's name in capitals.\n" +
			"Exits with 0 when nothing failed, with 1 otherwise.",
		Args: noArgs,
	}
	path := configFlag(cmd)
	asJSON := cmd.Flags().Bool("json", false, "print one JSON object")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return withTools(cmd, *path, func(tools *app.Tools) error {
			return report(cmd.OutOrStdout(), tools.Doctor(cmd.Context()), *asJSON)
		})
	}
	return cmd
}

// report prints the findings and is an error when one of them is a failure.
func report(w io.Writer, found []app.Finding, asJSON bool) error {
	failures := 0
	for _, f := range found {
		if f.Level == app.Failure {
			failures++
		}
		if !asJSON {
			fmt.Fprintf(w, "%-4s  %s, %s: %s\n", f.Level, f.About, f.Name, printable(f.Text))
		}
	}
	if asJSON {
		body := struct {
			Failures int           `json:"failures"`
			Findings []app.Finding `json:"findings"`
		}{failures, found}
		if err := json.NewEncoder(w).Encode(body); err != nil {
			return fmt.Errorf("write findings: %w", err)
		}
	}
	if failures > 0 {
		return fmt.Errorf("doctor: %d of %d checks failed", failures, len(found))
	}
	return nil
}
