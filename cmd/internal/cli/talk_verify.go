package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"chatgate/cmd/internal/app"
)

// verifyFlags say by which rules `talk verify` judges.
type verifyFlags struct {
	config, chat, tokenFile                              string
	profile, version, issuer, audience, secretFile, jwks string
	asJSON                                               bool
}

func newTalkVerify() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify (--config FILE | --profile PROFILE)",
		Short: "Read a token and say which rules of Talk or Coral it breaks",
		Long: "Reads a token from standard input, or from a file, and never from the command line. It asks neither Talk nor Coral, so\n" +
			"that no account is made. With --config it judges by what a site is set up with; with --profile by what is said here.\n" +
			"Exits with 0 when the product takes the token, with 1 when it breaks a rule.",
		Args: noArgs,
	}
	var v verifyFlags
	f := cmd.Flags()
	f.StringVarP(&v.config, "config", "c", "", "the configuration `FILE`")
	f.StringVar(&v.chat, "chat", "", "with --config: the `NAME` of the chat; not needed where there is one of kind talk")
	f.StringVar(&v.tokenFile, "token-file", "", "a `FILE` with the token")
	f.StringVar(&v.profile, "profile", "", "coral-sso, coral-oidc or talk4, without --config")
	f.StringVar(&v.version, "version", "", "the `RELEASE` of Coral or Talk, such as 9.11.8 or 4.12.1; the newest when left out")
	f.StringVar(&v.issuer, "issuer", "", "the `ISSUER` that Coral or Talk is set up with")
	f.StringVar(&v.audience, "audience", "", "the client id of Coral, or TALK_JWT_AUDIENCE")
	f.StringVar(&v.secretFile, "secret-file", "", "a `FILE` with the shared secret, to look at an HS256 signature")
	f.StringVar(&v.jwks, "jwks", "", "the `URL` of the published keys, to look at an RS256 signature")
	f.BoolVar(&v.asJSON, "json", false, "print one JSON object")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := v.check(); err != nil {
			return usage(cmd, err)
		}
		judge, err := v.judge(cmd)
		if err != nil {
			return err
		}
		token, err := v.token(cmd.InOrStdin())
		if err != nil {
			return err
		}
		verdict, err := judge.Judge(token.Reveal())
		if errors.Is(err, app.ErrNoTokenRules) {
			return usage(cmd, err)
		}
		return tellVerdict(cmd.OutOrStdout(), verdict, v.asJSON)
	}
	return cmd
}

func (v verifyFlags) check() error {
	switch {
	case v.config == "" && v.profile == "":
		return errors.New("say --config or --profile: a token is good or bad by the rules of a site")
	case v.config != "" && (v.profile != "" || v.issuer != "" || v.audience != "" || v.secretFile != "" || v.jwks != ""):
		return errors.New("--config says all of it: leave --profile, --issuer, --audience, --secret-file and --jwks out")
	case v.config == "" && v.chat != "":
		return errors.New("--chat names a chat of a configuration: say --config too")
	}
	return nil
}

// judge is the one of the configured site, or one made of the flags.
func (v verifyFlags) judge(cmd *cobra.Command) (judge app.TokenJudge, err error) {
	if v.config == "" {
		return v.ownJudge(cmd)
	}
	err = withTools(cmd, v.config, func(tools *app.Tools) error {
		site, err := tools.TalkSite(v.chat)
		if err != nil {
			return &misuseError{err}
		}
		judge, err = site.JudgeTokens(cmd.Context(), v.version)
		if errors.Is(err, app.ErrNoKeysYet) {
			return fmt.Errorf("chat %s has no keys yet, so no token is its: the gateway makes the first one when it starts", site.Name)
		}
		return err
	})
	return judge, err
}

func (v verifyFlags) ownJudge(cmd *cobra.Command) (app.TokenJudge, error) {
	j := app.TokenJudge{
		Profile: app.TalkProfile(v.profile), Version: v.version, Issuer: v.issuer, Audience: v.audience, Now: time.Now(),
	}
	secret, err := readSecret(v.secretFile)
	if err == nil && secret != "" {
		j.Secrets = map[string]app.Secret{"": secret}
	}
	if err == nil && v.jwks != "" {
		j.Keys, err = app.ReadKeys(cmd.Context(), v.jwks)
	}
	return j, err
}

// maxToken bounds what is read for a token, in bytes.
const maxToken = 64 << 10

func (v verifyFlags) token(in io.Reader) (app.Secret, error) {
	if v.tokenFile != "" {
		return readSecret(v.tokenFile)
	}
	text, err := io.ReadAll(io.LimitReader(in, maxToken))
	if err != nil {
		return "", fmt.Errorf("read token: %w", err)
	}
	return app.Secret(strings.TrimSpace(string(text))), nil
}

// verdictBody is what programs read of a verdict.
type verdictBody struct {
	LookedAt []string     `json:"looked_at"`
	Broken   []brokenRule `json:"broken"`
}

type brokenRule struct {
	Rule       string `json:"rule"`
	Text       string `json:"text"`
	StopsCoral bool   `json:"stops_coral"`
}

// tellVerdict prints the rules that are broken, those first that end Coral's process, and is an error when there are any.
func tellVerdict(w io.Writer, verdict app.TokenVerdict, asJSON bool) error {
	body := verdictBody{LookedAt: verdict.Looked, Broken: []brokenRule{}}
	for _, b := range verdict.Broken {
		body.Broken = append(body.Broken, brokenRule{Rule: b.Rule, Text: b.Text, StopsCoral: b.Stops})
	}
	if asJSON {
		if err := json.NewEncoder(w).Encode(body); err != nil {
			return fmt.Errorf("write verdict: %w", err)
		}
	} else {
		printVerdict(w, body)
	}
	switch {
	case len(body.Broken) > 0 && len(body.LookedAt) == 1:
		return errors.New("talk verify: this is no token, so nothing else was looked at")
	case len(body.Broken) > 0:
		return fmt.Errorf("talk verify: the token breaks %d of %d rules", len(body.Broken), len(body.LookedAt))
	}
	return nil
}

func printVerdict(w io.Writer, body verdictBody) {
	fmt.Fprintf(w, "looked at: %s\n", strings.Join(body.LookedAt, ", "))
	for _, b := range body.Broken {
		if b.StopsCoral {
			fmt.Fprintf(w, "STOPS CORAL  %s: %s. Such a token ends Coral's process, for everybody.\n", b.Rule, printable(b.Text))
		}
	}
	for _, b := range body.Broken {
		if !b.StopsCoral {
			fmt.Fprintf(w, "broken       %s: %s\n", b.Rule, printable(b.Text))
		}
	}
	if len(body.Broken) == 0 {
		fmt.Fprintln(w, "no rule is broken")
	}
}
