package blueprint

import (
	"context"
	"maps"
	"time"

	"chatgate/cmd/internal/app"
)

// Config is what an installation is drawn up from.
type Config struct {
	// Given are answers that are there already, by the question's name.
	Given map[string]string
	// Development allows http and this machine's own names.
	Development bool
	// Kept are the secrets that an earlier run, or the operator, has put into the folder, by file name.
	Kept map[string]app.Secret
	// Prompter asks for what is open; nil asks nobody.
	Prompter *Prompter
	// Surveyor looks at provider and chats.
	Surveyor app.Surveyor
	// Tell is told what was found, at once.
	Tell func(Note)
	// Now defaults to time.Now; the sealing key is named by its month.
	Now func() time.Time
}

// Answers are what an installation has been told.
type Answers struct {
	RocketChat, Coral, Gateway app.Origin
	Issuer                     string
	Development                bool

	Profile         app.TalkProfile
	Pages           []app.Origin
	KeyID           string // of Coral's single sign-on; empty where it is not known yet
	Domains, Groups []string
	ClientID        string // empty where it is not known yet
	Redis           string
	RedisTLS        bool
	Proxies         []string // empty where none was named
}

// Findings are what was found out of the rest, or taken for granted.
type Findings struct {
	Preset   app.Preset
	Provider app.ProviderSurvey
	Release  app.Release
	Product  app.Comments
	Notes    []Note
}

// Note is something that whoever installs has to know. Its text is all our own.
type Note struct {
	// Level is found, assumed or warning.
	Level string
	Text  string
}

// The levels of notes.
const (
	found   = "found"
	assumed = "assumed"
	warning = "warning"
)

// sheet is an installation that is being drawn up.
type sheet struct {
	Answers
	Findings
	secrets map[string]app.Secret
	kept    map[string]app.Secret // those of them that were there already

	given                     map[string]string
	asker                     *Prompter
	tell                      func(Note)
	presetGiven, releaseGiven bool
}

// Draw asks for what is not given, looks at everybody, and draws the installation up. Its error is or joins *MissingError, or is a
// *WrongError, where a flag would help.
func Draw(ctx context.Context, cfg Config) (*Blueprint, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &sheet{
		Answers: Answers{Development: cfg.Development}, secrets: map[string]app.Secret{}, kept: cfg.Kept,
		given: cfg.Given, asker: cfg.Prompter, tell: cfg.Tell,
	}
	maps.Copy(s.secrets, s.kept)
	if key, there := s.kept[sealing]; there {
		if err := checkSealing(key); err != nil {
			return nil, err
		}
	}
	if err := s.answerAddresses(); err != nil {
		return nil, err
	}
	s.survey(ctx, cfg.Surveyor)
	for _, q := range detailQuestions() {
		if err := s.answer(q); err != nil {
			return nil, err
		}
	}
	s.judge()
	if err := s.askSecrets(); err != nil {
		return nil, err
	}
	return s.draw(cfg.Now())
}
