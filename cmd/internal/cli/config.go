package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"chatgate/cmd/internal/app"
)

func newConfig() *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "Check, show and describe the configuration", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(newConfigCheck(), newConfigPrint(), newConfigSchema(), newConfigDocs())
	return cmd
}

func newConfigCheck() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check --config FILE",
		Short: "Say whether the gateway would start with this file",
		Long: "Reads the file as serve does, secrets included, and opens everything without dialling or listening.\n" +
			"Every problem is told with file, line, column, key and what was expected.",
		Args: noArgs,
	}
	path := configFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		loaded, err := load(cmd, *path)
		if err != nil {
			return err
		}
		if err := app.Check(loaded.Config); err != nil {
			return &misuseError{err}
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s: ok\n", *path)
		return nil
	}
	return cmd
}

func newConfigPrint() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "print --config FILE",
		Short: "Show the effective configuration, defaults filled in and secrets masked",
		Args:  noArgs,
	}
	path := configFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		loaded, err := load(cmd, *path)
		if err != nil {
			return err
		}
		return loaded.Print(cmd.OutOrStdout())
	}
	return cmd
}

func newConfigSchema() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of the configuration, for editors",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			schema, err := app.JSONSchema(app.Chats())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), string(schema))
			return err
		},
	}
}

func newConfigDocs() *cobra.Command {
	return &cobra.Command{
		Use:   "docs",
		Short: "Print a page on every setting, as Markdown",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprint(cmd.OutOrStdout(), app.Documentation(app.Chats()))
			return err
		},
	}
}
