package rocketchattest

import "encoding/json"

// customFields keeps of an account's new custom fields those that Accounts_CustomFields defines, and drops the others
// without a word. nil is no wish; otherwise a field that is not sent again is lost. A workspace here defines every field
// until a test says which, by the JSON object that an administrator writes: {"unit": {"type": "text"}}; "" defines none.
func (s *Server) customFields(sent map[string]any) (map[string]any, error) {
	definition, restricted := s.settings["Accounts_CustomFields"].(string)
	switch {
	case sent == nil || !restricted:
		return sent, nil
	case definition == "":
		return nil, nil
	}
	var defined map[string]any
	if json.Unmarshal([]byte(definition), &defined) != nil {
		return nil, thrown("error-invalid-customfield-json", "Invalid JSON for Custom Fields", nil)
	}
	kept := map[string]any{}
	for name := range defined {
		if value, ok := sent[name]; ok {
			kept[name] = value
		}
	}
	return kept, nil
}
