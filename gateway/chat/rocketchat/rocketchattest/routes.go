package rocketchattest

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// route is one REST endpoint. Its zero value needs a signed-in caller and nothing more.
type route struct {
	handle    func(*Server, *call) (reply, error)
	anonymous bool   // callable without credentials
	unlimited bool   // outside the rate limiter: /api/info, which is not under v1
	bare      bool   // the handler says itself whether there is a "success"
	may       string // a permission without which the call is forbidden before its handler runs
	twoFactor bool   // flagged twoFactorRequired
}

// routeTable holds every route of this version, by method and name.
func (s *Server) routeTable() map[string]route {
	t := map[string]route{
		"GET info":                   {handle: (*Server).info, anonymous: true, unlimited: true},
		"GET me":                     {handle: (*Server).me},
		"POST login":                 {handle: (*Server).login, anonymous: true, bare: true},
		"POST logout":                {handle: (*Server).logout, bare: true},
		"GET service.configurations": {handle: (*Server).serviceConfigurations, anonymous: true},

		"GET users.info":             {handle: (*Server).usersInfo},
		"GET users.list":             {handle: (*Server).usersList, may: "view-d-room"},
		"POST users.create":          {handle: (*Server).usersCreate, twoFactor: s.cfg.TokenTwoFactor},
		"POST users.update":          {handle: (*Server).usersUpdate, twoFactor: true},
		"POST users.setActiveStatus": {handle: (*Server).usersSetActiveStatus},
		"POST users.setAvatar":       {handle: (*Server).usersSetAvatar},

		"POST users.createToken":                 {handle: (*Server).usersCreateToken, twoFactor: s.cfg.TokenTwoFactor},
		"POST users.logout":                      {handle: (*Server).usersLogout},
		"POST users.logoutOtherClients":          {handle: (*Server).usersLogoutOtherClients},
		"POST users.removeOtherTokens":           {handle: (*Server).usersRemoveOtherTokens},
		"GET users.getPersonalAccessTokens":      {handle: (*Server).usersGetPersonalAccessTokens},
		"POST users.generatePersonalAccessToken": {handle: (*Server).usersGeneratePersonalAccessToken, twoFactor: true},
		"POST users.removePersonalAccessToken":   {handle: (*Server).usersRemovePersonalAccessToken, twoFactor: true},

		"GET permissions.listAll":       {handle: (*Server).permissionsListAll},
		"GET roles.list":                {handle: (*Server).rolesList},
		"POST roles.addUserToRole":      {handle: (*Server).rolesAddUserToRole, may: "access-permissions"},
		"POST roles.removeUserFromRole": {handle: (*Server).rolesRemoveUserFromRole, may: "access-permissions"},

		"GET channels.info":       {handle: (*Server).channelsInfo},
		"POST channels.invite":    {handle: (*Server).channelsInvite},
		"POST channels.kick":      {handle: (*Server).channelsKick},
		"GET groups.info":         {handle: (*Server).groupsInfo},
		"POST groups.invite":      {handle: (*Server).groupsInvite},
		"POST groups.kick":        {handle: (*Server).groupsKick},
		"GET rooms.adminRooms":    {handle: (*Server).roomsAdminRooms},
		"GET teams.info":          {handle: (*Server).teamsInfo},
		"POST teams.addMembers":   {handle: (*Server).teamsAddMembers},
		"POST teams.removeMember": {handle: (*Server).teamsRemoveMember},

		"GET settings/:_id":   {handle: (*Server).settingGet, may: "view-privileged-setting"},
		"POST settings/:_id":  {handle: (*Server).settingSet, may: "edit-privileged-setting", twoFactor: true},
		"GET settings.public": {handle: (*Server).settingsPublic, anonymous: true},
	}
	if s.can.listByStatus {
		t["GET users.listByStatus"] = route{handle: (*Server).usersListByStatus, may: "view-d-room"}
	}
	return t
}

// call is one request on its way to its handler, which runs with s.mu held.
type call struct {
	*http.Request
	route  string
	param  string // what stands for :_id
	query  url.Values
	body   []byte // a JSON object
	caller *account
	token  *loginToken // the one in the header
	ip     string
}

const maxBody = 1 << 20 // bytes

func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	name, param := routeName(r.URL.Path)
	entry, ok := s.routes[r.Method+" "+name]
	if !ok {
		writeError(w, notFound())
		return
	}
	body, err := readObject(http.MaxBytesReader(w, r.Body, maxBody), r.Header.Get("Content-Type"))
	if err != nil {
		writeJSON(w, http.StatusRequestEntityTooLarge, reply{"success": false, "error": "Payload Too Large"})
		return
	}
	c := &call{Request: r, route: name, param: param, query: r.URL.Query(), body: body, ip: realIP(r)}
	answer, err := s.dispatch(w.Header(), entry, c)
	if err != nil {
		writeError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

// dispatch checks credentials, rate limit, permission and second factor in the real server's order, and then leaves the
// parameters to the handler. The real server looks at them before the permission: a call with two faults may hear of
// the other one there.
func (s *Server) dispatch(header http.Header, entry route, c *call) (reply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.caller, c.token = s.authenticate(c.Request)
	if c.caller == nil && !entry.anonymous {
		return nil, s.can.unauthenticated()
	}
	if err := s.limit(header, entry, c); err != nil {
		return nil, err
	}
	if entry.may != "" && !s.may(c.caller, entry.may) {
		return nil, s.can.forbidden()
	}
	if entry.twoFactor {
		if err := s.checkTwoFactor(c); err != nil {
			return nil, err
		}
	}
	answer, err := entry.handle(s, c)
	if err == nil && !entry.bare {
		answer["success"] = true
	}
	return answer, err
}

// authenticate finds the caller. Both headers must name the same account; an inactive account with a living token is
// still a caller, as on the real server.
func (s *Server) authenticate(r *http.Request) (*account, *loginToken) {
	a := s.people.byID(r.Header.Get("X-User-Id"))
	if a == nil {
		return nil, nil
	}
	t := s.livingToken(a, r.Header.Get("X-Auth-Token"))
	if t == nil {
		return nil, nil
	}
	return a, t
}

// routeName maps a path to the name its route is limited and recorded under, and the value of its :_id.
func routeName(path string) (name, param string) {
	if path == "/api/info" {
		return "info", ""
	}
	name, ok := strings.CutPrefix(path, "/api/v1/")
	if !ok || name == "info" {
		return path, ""
	}
	if id, ok := strings.CutPrefix(name, "settings/"); ok {
		return "settings/:_id", id
	}
	return name, ""
}

// readObject returns the JSON object of a body, or an empty one: a body of another type, or no JSON, counts as one
// without keys and is refused by the schema for what it lacks.
func readObject(body io.Reader, contentType string) ([]byte, error) {
	empty := []byte("{}")
	b, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	b = bytes.TrimSpace(b)
	if kind, _, _ := mime.ParseMediaType(contentType); kind != "application/json" {
		return empty, nil
	}
	if !json.Valid(b) || !bytes.HasPrefix(b, []byte("{")) {
		return empty, nil
	}
	return b, nil
}

func realIP(r *http.Request) string {
	if ip := r.Header.Get("X-Real-IP"); ip != "" {
		return ip
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
