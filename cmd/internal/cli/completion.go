package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"chatgate/cmd/internal/app"
)

var shells = []string{"bash", "zsh", "fish", "powershell"}

func newCompletion() *cobra.Command {
	return &cobra.Command{
		Use:   "completion " + strings.Join(shells, "|"),
		Short: "Print a script that completes command lines in a shell",
		Long: "Prints the script for one shell. To have it in every new shell:\n\n" +
			"  bash        chatgate completion bash > /etc/bash_completion.d/chatgate\n" +
			"  zsh         chatgate completion zsh > \"${fpath[1]}/_chatgate\"\n" +
			"  fish        chatgate completion fish > ~/.config/fish/completions/chatgate.fish\n" +
			"  powershell  chatgate completion powershell | Out-String | Invoke-Expression\n\n" +
			"bash needs the package bash-completion. --chat and --provider complete from the file that --config names.",
		ValidArgs: shells,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 || !slices.Contains(shells, args[0]) {
				return usage(cmd, fmt.Errorf("completion takes one shell: %s", strings.Join(shells, ", ")))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			root, out := cmd.Root(), cmd.OutOrStdout()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(out, true)
			case "zsh":
				return root.GenZshCompletion(out)
			case "fish":
				return root.GenFishCompletion(out, true)
			}
			return root.GenPowerShellCompletionWithDesc(out)
		},
	}
}

// completed are the flags whose values stand in the configuration.
var completed = map[string]func(*app.Config) []string{
	"chat":     func(cfg *app.Config) []string { return slices.Sorted(maps.Keys(cfg.Chats)) },
	"provider": func(cfg *app.Config) []string { return slices.Sorted(maps.Keys(cfg.Providers)) },
}

// completeAll teaches a command and those below it what their flags and arguments may be.
func completeAll(cmd *cobra.Command) {
	if cmd.ValidArgs == nil {
		cmd.ValidArgsFunction = cobra.NoFileCompletions
	}
	if cmd.Flags().Lookup("config") != nil {
		must(cmd.MarkFlagFilename("config", "yaml", "yml"))
	}
	for name, values := range completed {
		if cmd.Flags().Lookup(name) != nil {
			must(cmd.RegisterFlagCompletionFunc(name, fromConfig(values)))
		}
	}
	for _, below := range cmd.Commands() {
		completeAll(below)
	}
}

// must is for errors that mean a flag has just been looked up and is not there.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// fromConfig reads the configuration that the command line names so far. One that cannot be read completes nothing: a
// shell that asks is no place for its problems.
func fromConfig(values func(*app.Config) []string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		path, err := cmd.Flags().GetString("config")
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		loaded, err := app.Load(path, app.Chats(), nil)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return values(loaded.Config), cobra.ShellCompDirectiveNoFileComp
	}
}
