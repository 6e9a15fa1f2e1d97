package cli

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"chatgate/cmd/internal/app"
)

func newVersion() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version, the commit it was built from, and the version of Go",
		Args:  noArgs,
	}
	asJSON := cmd.Flags().Bool("json", false, "print one JSON object")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		build := app.Version()
		if *asJSON {
			return json.NewEncoder(cmd.OutOrStdout()).Encode(build)
		}
		_, err := fmt.Fprintf(cmd.OutOrStdout(), "chatgate %s\n", build)
		return err
	}
	return cmd
}
