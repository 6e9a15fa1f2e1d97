package blueprint

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"chatgate/cmd/internal/app"
)

// survey looks at everybody there is. Whoever does not answer is no reason to stop: something is assumed, and said.
func (s *sheet) survey(ctx context.Context, surveyor app.Surveyor) {
	surveyor.Development = s.Development
	s.surveyProvider(ctx, surveyor)
	if s.RocketChat != "" {
		s.surveyRocketChat(ctx, surveyor)
	}
	if s.Coral != "" {
		s.surveyComments(ctx, surveyor)
	}
}

// note tells at once and keeps for later. What others said stands in err alone, which is told and not kept.
func (s *sheet) note(level, text string, err error) {
	s.Notes = append(s.Notes, Note{level, text})
	if err != nil {
		text += " (" + reason(err) + ")"
	}
	s.tell(Note{level, text})
}

// reason is what people can act on of an error. The address is in the note already, and who dialled how is of no use.
func reason(err error) string {
	if _, unknown := errors.AsType[*net.DNSError](err); unknown {
		return "its name is not known here"
	}
	if network, ok := errors.AsType[net.Error](err); ok && network.Timeout() {
		return "it did not answer in time"
	}
	if request, ok := errors.AsType[*url.Error](err); ok {
		err = request.Err
	}
	if dial, ok := errors.AsType[*net.OpError](err); ok {
		err = dial.Err
	}
	return app.Printable(err.Error())
}

// spellings are an issuer as it was given, and with the other ending: it counts, and people do not know it by heart (S42).
func spellings(issuer string) []string {
	if bare, slash := strings.CutSuffix(issuer, "/"); slash {
		return []string{issuer, bare}
	}
	return []string{issuer, issuer + "/"}
}

func (s *sheet) surveyProvider(ctx context.Context, surveyor app.Surveyor) {
	var first error
	for _, issuer := range spellings(s.Issuer) {
		survey, err := surveyor.Provider(ctx, issuer)
		if err == nil {
			s.Issuer, s.Provider = issuer, survey
			s.adopt(survey.Preset)
			s.note(found, s.describeProvider(), nil)
			return
		}
		if first == nil {
			first = err
		}
	}
	s.adopt(app.PresetOfIssuer(s.Issuer))
	s.note(assumed, fmt.Sprintf("the provider %s could not be read. It is taken for %s with the issuer as given: "+
		"--preset and --provider correct that, and chatgate doctor looks again", s.Issuer, products[s.Preset].name), first)
}

// adopt takes what was found out for the product, unless somebody knows better.
func (s *sheet) adopt(preset app.Preset) {
	if !s.presetGiven {
		s.Preset = preset
	}
}

func (s *sheet) describeProvider() string {
	signOut := "does not tell of sign-outs"
	switch {
	case s.Provider.BackchannelLogout:
		signOut = "tells of sign-outs by back channel"
	case s.Provider.FrontchannelLogout && s.Provider.FrontchannelLogoutSID:
		signOut = "tells of sign-outs by front channel"
	}
	return fmt.Sprintf("%s at %s, which %s", products[s.Preset].name, s.Issuer, signOut)
}

func (s *sheet) surveyRocketChat(ctx context.Context, surveyor app.Surveyor) {
	release, err := surveyor.RocketChat(ctx, s.RocketChat)
	switch {
	case err == nil && !s.releaseGiven:
		s.Release = release
		s.note(found, fmt.Sprintf("Rocket.Chat %s at %s", release, s.RocketChat), nil)
	case err == nil:
		s.note(found, fmt.Sprintf("Rocket.Chat %s at %s, taken for %s as you say", release, s.RocketChat, s.Release), nil)
	default:
		if !s.releaseGiven {
			s.Release = release
		}
		s.note(assumed, fmt.Sprintf("Rocket.Chat at %s told no version. It is taken for %s: --rocketchat-version corrects that, "+
			"and chatgate doctor looks again", s.RocketChat, s.Release), err)
	}
	if s.Release.Unsound() {
		s.note(warning, fmt.Sprintf("iframe authentication is broken in Rocket.Chat 7.8 to 7.10, and this is %s: "+
			"upgrade to 7.11 or later first", s.Release), nil)
	}
}

func (s *sheet) surveyComments(ctx context.Context, surveyor app.Surveyor) {
	product, err := surveyor.Comments(ctx, s.Coral)
	if err != nil {
		s.note(assumed, fmt.Sprintf("%s could not be told for Coral or Talk 4. "+
			"It is taken for what --profile says, Coral without it", s.Coral), err)
		return
	}
	s.Product = product
	s.note(found, fmt.Sprintf("%s at %s", product, s.Coral), nil)
}

// judge warns of what will be noticed later otherwise.
func (s *sheet) judge() {
	for _, page := range append([]app.Origin{s.RocketChat, s.Coral}, s.Pages...) {
		if page != "" && !app.SameSite(s.Gateway, page) {
			s.note(warning, fmt.Sprintf("%s is on another site than the gateway %s: browsers that hold third-party cookies "+
				"back ask people for a press there. A host name beside it spares them that", page, s.Gateway), nil)
		}
	}
	if s.Coral != "" && s.asker == nil && s.given["profile"] == "" && !s.Product.Talk4 {
		s.note(assumed, "the comments take tokens of profile coral-oidc: readers who have accounts there already, or moderators "+
			"by group, want --profile coral-sso, which cannot be changed later", nil)
	}
	if s.Profile == app.CoralSSOProfile && s.Product.LinksByAddress() {
		s.note(warning, fmt.Sprintf("%s signs a person in to the local account with their e-mail address, administrators' included: "+
			"the provider must be right about addresses", s.Product), nil)
	}
	if !s.Provider.TakesSecret() {
		s.note(warning, "the provider takes no client secret: write client.auth: private_key_jwt and client.key "+
			"in place of client.secret", nil)
	}
	if s.Preset == app.PresetGoogle {
		s.note(warning, "Google gives no refresh tokens: whoever loses their account stays signed in until session.absolute", nil)
	}
}
