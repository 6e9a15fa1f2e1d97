package limit

import (
	"fmt"
	"time"
)

// Settings is the configuration's limits section: how many calls within one minute. 0 switches a limit off.
type Settings struct {
	LoginStartsPerAddress int `yaml:"loginStartsPerAddress" default:"600" doc:"Sign-ins begun from one address (IPv6: one /64) within a minute; a whole company may share an address."`
	LoginStartsOverall    int `yaml:"loginStartsOverall" default:"60000" doc:"Sign-ins begun by everybody together within a minute; protects the store, and is high because whoever uses it up locks everybody out."`
	CallbacksPerAddress   int `yaml:"callbacksPerAddress" default:"1200" doc:"Returns from the provider from one address within a minute."`
	LogoutsPerAddress     int `yaml:"logoutsPerAddress" default:"600" doc:"Logout calls of a provider from one address within a minute that are refused; good ones are not counted, since all of a provider's come from one address."`
	HandOffsPerAddress    int `yaml:"handOffsPerAddress" default:"3000" doc:"Hand-offs made for frames at one address within a minute, counted by each replica for itself; every frame that is shown to nobody signed in makes one."`
	HandOffsPerSession    int `yaml:"handOffsPerSession" default:"30" doc:"Sign-ins of one session that are handed to frames within a minute; every tab may hold a frame."`
	RedeemsPerAddress     int `yaml:"redeemsPerAddress" default:"60000" doc:"Times that waiting frames at one address may ask for their sign-in within a minute, counted by each replica for itself; a frame asks once a second."`
	ResumesPerSession     int `yaml:"resumesPerSession" default:"3" doc:"Times a Rocket.Chat frame may sign one session in by itself within a minute; a press of a button is not counted."`
	MintsPerSession       int `yaml:"mintsPerSession" default:"10" doc:"Login tokens made for one session within a minute."`
	TalkTokensPerSession  int `yaml:"talkTokensPerSession" default:"10" doc:"Talk tokens signed anew for one session within a minute."`
	TalkUsersPerAddress   int `yaml:"talkUsersPerAddress" default:"1200" doc:"Calls of /<chat>/user and /<chat>/issue from one address within a minute that are refused for their token, or for their name and secret; good ones are not counted here."`
	TalkIssuesPerClient   int `yaml:"talkIssuesPerClient" default:"600" doc:"Calls of /<chat>/issue by one of issueClients within a minute."`
	CodesPerSession       int `yaml:"codesPerSession" default:"30" doc:"Sign-ins of one session at Coral's own login, or Talk 4's, within a minute."`
	CodesPerAddress       int `yaml:"codesPerAddress" default:"1200" doc:"Calls of /<chat>/oauth/token and /<chat>/oauth/userinfo from one address within a minute that are refused; good ones are not counted, since all of Coral's or Talk's come from one address."`
	WarmCallsPerSession   int `yaml:"warmCallsPerSession" default:"120" doc:"Token calls of one session within a minute, counted by each replica for itself."`
	WarmCallsPerAddress   int `yaml:"warmCallsPerAddress" default:"12000" doc:"Token calls from one address within a minute, counted by each replica for itself."`
}

const mostPerMinute = 1_000_000

// Check reports limits that cannot be meant.
func (s *Settings) Check(report func(key, problem string)) {
	for _, limit := range []struct {
		key string
		n   int
	}{
		{"loginStartsPerAddress", s.LoginStartsPerAddress},
		{"loginStartsOverall", s.LoginStartsOverall},
		{"callbacksPerAddress", s.CallbacksPerAddress},
		{"logoutsPerAddress", s.LogoutsPerAddress},
		{"handOffsPerAddress", s.HandOffsPerAddress},
		{"handOffsPerSession", s.HandOffsPerSession},
		{"redeemsPerAddress", s.RedeemsPerAddress},
		{"resumesPerSession", s.ResumesPerSession},
		{"mintsPerSession", s.MintsPerSession},
		{"talkTokensPerSession", s.TalkTokensPerSession},
		{"talkUsersPerAddress", s.TalkUsersPerAddress},
		{"talkIssuesPerClient", s.TalkIssuesPerClient},
		{"codesPerSession", s.CodesPerSession},
		{"codesPerAddress", s.CodesPerAddress},
		{"warmCallsPerSession", s.WarmCallsPerSession},
		{"warmCallsPerAddress", s.WarmCallsPerAddress},
	} {
		if limit.n < 0 || limit.n > mostPerMinute {
			report(limit.key, fmt.Sprintf("must be between 0 and %d, got %d", mostPerMinute, limit.n))
		}
	}
}

// Rules are the limits as the gateway applies them, each with the key it counts by.
type Rules struct {
	LoginStartAddress Rule // Address of the client
	LoginStartOverall Rule // one key for everybody
	CallbackAddress   Rule // Address of the client
	LogoutAddress     Rule // Address of a caller who is refused; S112
	HandOffAddress    Rule // Address of the client; Local
	HandOffSession    Rule // session key
	RedeemAddress     Rule // Address of the client; Local
	ResumeSession     Rule // session key; R16
	MintSession       Rule // session key
	TalkTokenSession  Rule // session key; D18
	TalkUserAddress   Rule // Address of a caller who is refused; G13
	TalkIssueClient   Rule // name of the client; D19
	CodeSession       Rule // session key; G23
	CodeAddress       Rule // Address of a caller who is refused; G24
	WarmSession       Rule // hash of the session cookie; Local
	WarmAddress       Rule // Address of the client; Local
}

// Rules turns the settings into rules.
func (s Settings) Rules() Rules {
	perMinute := func(name string, n int) Rule { return Rule{Name: name, Max: n, Per: time.Minute} }
	return Rules{
		LoginStartAddress: perMinute("login_start_address", s.LoginStartsPerAddress),
		LoginStartOverall: perMinute("login_start_overall", s.LoginStartsOverall),
		CallbackAddress:   perMinute("callback_address", s.CallbacksPerAddress),
		LogoutAddress:     perMinute("logout_address", s.LogoutsPerAddress),
		HandOffAddress:    perMinute("handoff_address", s.HandOffsPerAddress),
		HandOffSession:    perMinute("handoff_session", s.HandOffsPerSession),
		RedeemAddress:     perMinute("redeem_address", s.RedeemsPerAddress),
		ResumeSession:     perMinute("resume_session", s.ResumesPerSession),
		MintSession:       perMinute("mint_session", s.MintsPerSession),
		TalkTokenSession:  perMinute("talk_token_session", s.TalkTokensPerSession),
		TalkUserAddress:   perMinute("talk_user_address", s.TalkUsersPerAddress),
		TalkIssueClient:   perMinute("talk_issue_client", s.TalkIssuesPerClient),
		CodeSession:       perMinute("code_session", s.CodesPerSession),
		CodeAddress:       perMinute("code_address", s.CodesPerAddress),
		WarmSession:       perMinute("warm_session", s.WarmCallsPerSession),
		WarmAddress:       perMinute("warm_address", s.WarmCallsPerAddress),
	}
}

// Names are the names of all rules, for the labels of a metric.
func (r Rules) Names() []string {
	var names []string
	for _, rule := range []Rule{
		r.LoginStartAddress, r.LoginStartOverall, r.CallbackAddress, r.LogoutAddress, r.HandOffAddress, r.HandOffSession,
		r.RedeemAddress, r.ResumeSession, r.MintSession, r.TalkTokenSession, r.TalkUserAddress, r.TalkIssueClient,
		r.CodeSession, r.CodeAddress, r.WarmSession, r.WarmAddress,
	} {
		names = append(names, rule.Name)
	}
	return names
}
