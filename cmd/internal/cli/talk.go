package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"chatgate/cmd/internal/app"
)

func newTalk() *cobra.Command {
	cmd := &cobra.Command{Use: "talk", Short: "Tools for Talk and Coral", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
	cmd.AddCommand(newTalkPlugin(), newTalkVerify())
	return cmd
}

// nextSteps is what is left to do once the plugin is there. The README in it says each in full.
const nextSteps = `
Next:
1. List it in plugins.json, under server and, for the sign-in window, under client:
   plugins.sample.json in the plugin is Talk's own list with it.
2. Add to Talk's environment the lines that this prints, by the gateway's configuration:
     chatgate setup talk --plugin --show-secrets --config FILE
3. Build Talk again, FROM coralproject/talk:4.12.1-onbuild, and restart it.
The plugin's README.md says all of it.
`

func newTalkPlugin() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plugin --out DIR",
		Short: "Unpack the plugin for Talk 4",
		Long:  "Writes the plugin that goes with this gateway into DIR/" + app.TalkPlugin + ". DIR is the plugins folder of Talk.",
		Args:  noArgs,
	}
	out := cmd.Flags().StringP("out", "o", "", "the `DIR` that plugins of Talk lie in")
	force := cmd.Flags().Bool("force", false, "replace a plugin that is there, and whatever else is in its folder")
	if err := cmd.MarkFlagRequired("out"); err != nil {
		panic(err) // the flag was added two lines above
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		folder, err := app.UnpackTalkPlugin(*out, *force)
		if errors.Is(err, app.ErrTalkPluginThere) {
			return fmt.Errorf("%w; --force replaces it", err)
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s is there.\n%s", printable(folder), nextSteps)
		return nil
	}
	return cmd
}
