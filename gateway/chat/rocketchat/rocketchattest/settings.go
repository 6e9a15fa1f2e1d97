package rocketchattest

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
)

// defaultSettings are the settings this stand-in acts upon, at Rocket.Chat's defaults.
func defaultSettings(cfg Config) map[string]any {
	return map[string]any{
		"Site_Url":  cfg.URL,
		"Site_Name": "Rocket.Chat",

		"Accounts_iframe_enabled":    cfg.Iframe.Enabled,
		"Accounts_iframe_url":        cfg.Iframe.URL,
		"Accounts_Iframe_api_url":    cfg.Iframe.APIURL,
		"Accounts_Iframe_api_method": cmp.Or(cfg.Iframe.APIMethod, "POST"),

		"Accounts_LoginExpiration":         90, // days
		"Accounts_AllowedDomainsList":      "",
		"Accounts_BlockedUsernameList":     "",
		"Accounts_ManuallyApproveNewUsers": false,
		"Accounts_AllowUserAvatarChange":   true,
		"UTF8_User_Names_Validation":       "[0-9a-zA-Z-_.]+",

		"Accounts_TwoFactorAuthentication_Enabled":                   true,
		"Accounts_TwoFactorAuthentication_Enforce_Password_Fallback": true,
		"Accounts_TwoFactorAuthentication_RememberFor":               1800, // seconds

		"API_Enable_Rate_Limiter":                     true,
		"API_Enable_Rate_Limiter_Limit_Calls_Default": 10,
		"API_Enable_Rate_Limiter_Limit_Time_Default":  60000, // milliseconds

		"Enable_CSP":                            true,
		"Iframe_Restrict_Access":                true,
		"Iframe_X_Frame_Options":                "sameorigin",
		"Iframe_Integration_receive_enable":     false,
		"Iframe_Integration_receive_origin":     "*",
		"Iframe_Integration_send_enable":        false,
		"Iframe_Integration_send_target_origin": "*",
	}
}

// publicSettings may be read by anyone: what a client needs before somebody signs in.
var publicSettings = []string{
	"Accounts_Iframe_api_method", "Accounts_Iframe_api_url", "Accounts_LoginExpiration", "Accounts_iframe_enabled",
	"Accounts_iframe_url", "Iframe_Integration_receive_enable", "Iframe_Integration_receive_origin",
	"Iframe_Integration_send_enable", "Iframe_Integration_send_target_origin", "Site_Name", "Site_Url",
}

// SetSetting changes a setting, as an administrator would: one of Config.Overwritten stays as it is.
func (s *Server) SetSetting(id string, value any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.set(id, value)
}

// set keeps what the environment forces. The real server does not tell the caller either.
func (s *Server) set(id string, value any) {
	if _, forced := s.cfg.Overwritten[id]; !forced {
		s.settings[id] = value
	}
}

func (s *Server) flag(id string) bool {
	on, _ := s.settings[id].(bool)
	return on
}

func (s *Server) text(id string) string {
	text, _ := s.settings[id].(string)
	return text
}

// number reads a setting written in Go or, as a float64, by REST.
func (s *Server) number(id string) int {
	switch n := s.settings[id].(type) {
	case int:
		return n
	case float64:
		return int(n)
	default:
		return 0
	}
}

// list splits a comma-separated setting.
func (s *Server) list(id string) []string {
	return strings.FieldsFunc(s.text(id), func(r rune) bool { return r == ',' || r == ' ' })
}

func (s *Server) settingGet(c *call) (reply, error) {
	value, ok := s.settings[c.param]
	if !ok {
		return nil, unexplained()
	}
	return reply{"_id": c.param, "value": value}, nil
}

func (s *Server) settingSet(c *call) (reply, error) {
	var body struct {
		Value any `json:"value" schema:"required"`
	}
	if err := bind(c.body, &body); err != nil {
		return nil, err
	}
	if _, ok := s.settings[c.param]; !ok {
		return nil, unexplained()
	}
	s.set(c.param, body.Value)
	return reply{}, nil
}

// settingsPublic is filtered by _id=a,b from 7.0 and by a query document before; the other parameter is ignored.
func (s *Server) settingsPublic(c *call) (reply, error) {
	wanted, err := s.wantedSettings(c)
	if err != nil {
		return nil, err
	}
	found := []reply{}
	for _, id := range publicSettings {
		if wanted == nil || slices.Contains(wanted, id) {
			found = append(found, reply{"_id": id, "value": s.settings[id]})
		}
	}
	shown, paging, err := page(found, c.query)
	if err != nil {
		return nil, err
	}
	paging["settings"] = shown
	return paging, nil
}

// wantedSettings is nil when all are wanted.
func (s *Server) wantedSettings(c *call) ([]string, error) {
	if s.can.publicByID && c.query.Has("_id") {
		return strings.Split(c.query.Get("_id"), ","), nil
	}
	if s.can.publicByID || !c.query.Has("query") {
		return nil, nil
	}
	var query struct {
		ID struct {
			In []string `json:"$in"`
		} `json:"_id"`
	}
	if json.Unmarshal([]byte(c.query.Get("query")), &query) != nil {
		return nil, invalidQuery(c.query.Get("query"))
	}
	return query.ID.In, nil
}

func (s *Server) serviceConfigurations(*call) (reply, error) {
	services := s.cfg.LoginServices
	if services == nil {
		services = []LoginService{}
	}
	return reply{"configurations": services}, nil
}

// info tells a stranger no more than major.minor.
func (s *Server) info(c *call) (reply, error) {
	answer := reply{
		"version":               s.version.short(),
		"minimumClientVersions": reply{"desktop": "3.9.6", "mobile": "4.39.0"},
	}
	if s.may(c.caller, "view-statistics") {
		answer["version"] = s.version.String()
		answer["info"] = reply{"version": s.version.String(), "marketplaceApiVersion": "1.0.0"}
	}
	return answer, nil
}
