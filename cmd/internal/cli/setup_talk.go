package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"chatgate/cmd/internal/app"
)

// talkFlags are what `setup talk` was asked to do.
type talkFlags struct {
	setupFlags
	tokenFile, kubernetes, ownKey string
	seconds                       int
	secrets, plugin               bool
}

func newSetupTalk() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "talk --config FILE",
		Short: "Set a Coral up for the gateway, or print what a Talk 4 is started with",
		Long: "For a Coral: without --apply or --undo it shows what is not as it must be, and changes nothing. --apply remembers the\n" +
			"settings, writes all of them at once and reads them back; --undo puts back what was there before the first --apply.\n" +
			"It takes a token of somebody with the role ADMIN there, in the environment variable " + app.AdminTokenVariable + " or in a file.\n" +
			"A login by password gives one: POST /api/auth/local at Coral with {\"email\": \"…\", \"password\": \"…\"}. It is kept nowhere.\n\n" +
			"For a Talk 4 it prints the lines of its environment.\n\n" +
			"No secret is printed without --show-secrets.",
		Args: noArgs,
	}
	path := configFlag(cmd)
	name := talkChatFlag(cmd)
	var flags talkFlags
	f := cmd.Flags()
	f.BoolVar(&flags.apply, "apply", false, "make the changes in Coral")
	f.BoolVar(&flags.undo, "undo", false, "put back what was there before")
	f.BoolVar(&flags.yes, "yes", false, "do not ask")
	f.StringVar(&flags.tokenFile, "admin-token-file", "", "a `FILE` with the token of an administrator of Coral")
	f.IntVar(&flags.seconds, "session-duration", 0, "also set the life of Coral's own tokens, in `SECONDS`, 3600 to 86400")
	f.BoolVar(&flags.secrets, "show-secrets", false, "print secrets: those of Coral's single sign-on as configuration, and those in Talk's environment")
	f.StringVar(&flags.kubernetes, "kubernetes", "", "with --show-secrets: print a Secret of this `NAME` and not configuration")
	f.BoolVar(&flags.plugin, "plugin", false, "Talk 4: print the environment of chatgate's plugin, as is done anyway where the section has a client")
	f.StringVar(&flags.ownKey, "own-key", "", "Talk 4: a PEM `FILE` with the RSA key that Talk signs its own tokens with")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := flags.check(); err != nil {
			return usage(cmd, err)
		}
		return withTools(cmd, *path, func(tools *app.Tools) error {
			site, err := tools.TalkSite(*name)
			if err != nil {
				return &misuseError{err}
			}
			if site.Profile() == app.Talk4Profile {
				return setUpTalk4(cmd, site, flags)
			}
			return setUpCoral(cmd, tools, site, flags)
		})
	}
	return cmd
}

// talkChatFlag adds --chat for commands about a site of Talk or Coral.
func talkChatFlag(cmd *cobra.Command) *string {
	return cmd.Flags().String("chat", "", "the `NAME` of the chat in the configuration; not needed where there is one of kind talk")
}

// secretName is what Kubernetes takes for the name of a Secret.
var secretName = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$`)

// The bounds of --session-duration (G28).
const (
	shortestSession = 3600
	longestSession  = 86400
)

func (f talkFlags) check() error {
	switch {
	case f.apply && f.undo:
		return errors.New("--apply and --undo contradict each other")
	case f.secrets && (f.apply || f.undo):
		return errors.New("--show-secrets changes nothing: leave --apply and --undo out")
	case f.kubernetes != "" && !f.secrets:
		return errors.New("--kubernetes prints secrets: say --show-secrets too")
	case f.kubernetes != "" && !secretName.MatchString(f.kubernetes):
		return errors.New("--kubernetes must be the name of a Secret: lower-case letters, digits, hyphens and dots")
	case f.seconds != 0 && (f.seconds < shortestSession || f.seconds > longestSession):
		return fmt.Errorf("--session-duration must be from %d to %d", shortestSession, longestSession)
	}
	return nil
}

// setUpTalk4 prints the environment to standard output and everything else to standard error, so that the former can go
// to a file.
func setUpTalk4(cmd *cobra.Command, site *app.TalkSite, flags talkFlags) error {
	if flags.apply || flags.undo || flags.kubernetes != "" || flags.seconds != 0 {
		return usage(cmd, fmt.Errorf("%s is a Talk 4, which is set up by its environment alone: leave --apply, --undo, --kubernetes and --session-duration out", site.Name))
	}
	ownKey, err := readSecret(flags.ownKey)
	if err != nil {
		return err
	}
	wanted := app.TalkEnvironment{Plugin: flags.plugin || site.Plugin(), OwnKey: ownKey, Reveal: flags.secrets}
	if !wanted.Plugin { // which reads the keys by itself
		if wanted.Keys, err = site.PublishedKeys(cmd.Context()); err != nil && !errors.Is(err, app.ErrNoKeysYet) {
			return err
		}
	}
	lines, err := site.Environment(wanted)
	if err != nil {
		return err
	}
	for _, line := range lines {
		fmt.Fprintln(cmd.OutOrStdout(), line)
	}
	fmt.Fprint(cmd.ErrOrStderr(), talk4Notes(wanted))
	return nil
}

// talk4Notes are what has to be known of the lines.
func talk4Notes(e app.TalkEnvironment) string {
	notes := "Put in place of each <> what it names; --show-secrets prints the secrets of this configuration.\n"
	if e.Reveal {
		notes = ""
	}
	if !e.Plugin && len(e.Keys) > 0 {
		notes += "The first entry of TALK_JWT_SECRETS is Talk's own pair, with which it signs: without its private half local logins fail.\n" +
			"--own-key FILE puts in a key such as chatgate keys generate makes. Another key here means these lines anew, and a restart of Talk.\n"
	}
	return notes
}

// readSecret reads a file, or nothing where none is named.
func readSecret(path string) (app.Secret, error) {
	if path == "" {
		return "", nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	return app.Secret(strings.TrimSpace(string(text))), nil
}

func setUpCoral(cmd *cobra.Command, tools *app.Tools, site *app.TalkSite, flags talkFlags) error {
	if flags.plugin || flags.ownKey != "" {
		return usage(cmd, fmt.Errorf("%s is a Coral: --plugin and --own-key are for a Talk 4", site.Name))
	}
	token, err := readSecret(flags.tokenFile)
	if err != nil {
		return err
	}
	if token == "" {
		token = tools.AdminToken(site.Name)
	}
	if token == "" {
		return usage(cmd, fmt.Errorf("there is no token of an administrator of Coral: put it into %s, or a file for --admin-token-file. "+
			"A login by password gives one: POST /api/auth/local at Coral with its email and password", app.AdminTokenVariable))
	}
	setup, err := site.Setup(app.CoralAdministrator{Token: token, SessionDuration: time.Duration(flags.seconds) * time.Second})
	if err != nil {
		return &misuseError{err}
	}
	if flags.secrets {
		return showSigningSecrets(cmd, setup, flags.kubernetes)
	}
	if flags.apply || flags.undo {
		if err := tools.Lasting(); err != nil {
			return &misuseError{err}
		}
	}
	if flags.undo {
		return undo(cmd, setup, flags.yes)
	}
	return applyCoral(cmd, setup, flags.setupFlags)
}

func applyCoral(cmd *cobra.Command, setup *app.CoralSetup, flags setupFlags) error {
	out := cmd.OutOrStdout()
	plan, err := setup.Plan(cmd.Context())
	if err != nil {
		return fmt.Errorf("%w; run chatgate doctor to see more", err)
	}
	for _, text := range plan.ByHand {
		fmt.Fprintf(out, "by hand: %s\n", printable(text))
	}
	for _, text := range plan.Obstacles {
		fmt.Fprintf(out, "fail  %s\n", printable(text))
	}
	if len(plan.Changes) > 0 {
		show(out, "to change:", plan.Changes)
	}
	if len(plan.Changes) == 0 && len(plan.Obstacles) == 0 {
		fmt.Fprintln(out, "Coral's settings are as they must be.")
		return nil
	}
	if goOn, err := mayApply(cmd, flags, len(plan.Obstacles)); !goOn {
		return err
	}
	if err := setup.Apply(cmd.Context(), plan, told(out)); err != nil {
		return err
	}
	fmt.Fprintln(out, "\nDone. Open a page with comments in a private window. To go back: the same command with --undo.")
	return nil
}

// showSigningSecrets prints the secrets of Coral's single sign-on for the configuration to read.
func showSigningSecrets(cmd *cobra.Command, setup *app.CoralSetup, kubernetes string) error {
	secrets, err := setup.SigningSecrets(cmd.Context())
	if err != nil {
		return err
	}
	if len(secrets) == 0 {
		return errors.New("single sign-on has no secret yet: generate one in the administration of Coral")
	}
	for i := range secrets {
		if secrets[i].KID == "" {
			secrets[i].KID = "coral" // Coral before 5.3 has one secret and no key id: any will do
		}
	}
	if kubernetes == "" {
		printSecrets(cmd.OutOrStdout(), secrets)
		return nil
	}
	printManifest(cmd.OutOrStdout(), kubernetes, secrets)
	fmt.Fprint(cmd.ErrOrStderr(), "With the Secret mounted at /run/secrets/"+kubernetes+", the section of this chat says:\n")
	for i := range secrets {
		secrets[i].Secret = app.Secret("${file:/run/secrets/" + kubernetes + "/" + secrets[i].KID + "}")
	}
	printSecrets(cmd.ErrOrStderr(), secrets)
	return nil
}

// printSecrets prints lines of a chat's section. The first secret is the current one.
func printSecrets(w io.Writer, secrets []app.SigningSecret) {
	fmt.Fprintln(w, "ssoSecrets:")
	for _, s := range secrets {
		fmt.Fprintf(w, "  %q: %q\n", s.KID, s.Secret.Reveal())
	}
	fmt.Fprintf(w, "ssoCurrent: %q\n", secrets[0].KID)
}

func printManifest(w io.Writer, name string, secrets []app.SigningSecret) {
	fmt.Fprintf(w, "apiVersion: v1\nkind: Secret\nmetadata:\n  name: %s\ntype: Opaque\nstringData:\n", name)
	for _, s := range secrets {
		fmt.Fprintf(w, "  %q: %q\n", s.KID, s.Secret.Reveal())
	}
}
