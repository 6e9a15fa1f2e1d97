package cli

import (
	"errors"

	"github.com/spf13/cobra"

	"chatgate/cmd/internal/app"
)

// withTools lends a command the parts of the gateway that its configuration describes.
func withTools(cmd *cobra.Command, path string, work func(*app.Tools) error) error {
	loaded, err := load(cmd, path)
	if err != nil {
		return err
	}
	tools, err := app.OpenTools(loaded.Config, app.Lends{})
	if err != nil {
		return &misuseError{err}
	}
	return errors.Join(work(tools), tools.Close())
}

// chatFlag adds --chat, which a command about one chat has.
func chatFlag(cmd *cobra.Command) *string {
	return cmd.Flags().String("chat", "", "the `NAME` of the chat in the configuration; not needed where there is one Rocket.Chat")
}
