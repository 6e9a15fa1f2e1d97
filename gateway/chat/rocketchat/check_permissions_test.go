package rocketchat_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"chatgate/gateway/chat"
	"chatgate/gateway/chat/rocketchat"
	"chatgate/gateway/chat/rocketchat/rocketchattest"
)

// rightsWorld needs every permission, and has them.
func rightsWorld(t *testing.T) *world {
	t.Helper()
	w, _ := setupWorld(t, kept(settings{server: asMustBe}))
	w.addRooms()
	w.server.Grant("admin", "view-all-teams")
	return w
}

// unwell are the doctor's findings about what the service account may do, but for those that are well.
func (w *world) unwell() map[string]chat.Finding {
	w.t.Helper()
	found := map[string]chat.Finding{}
	for _, f := range w.connector.(chat.Examiner).Examine(w.t.Context()) {
		if !f.OK && (f.Name == "permissions" || f.Name == "channels and teams") {
			found[f.Name] = f
		}
	}
	return found
}

// TestTheDoctorNamesEveryPermissionOfACall: what a call would name in the log, once it was refused, the doctor names
// before.
func TestTheDoctorNamesEveryPermissionOfACall(t *testing.T) { // R31, R32
	if found := rightsWorld(t).unwell(); len(found) > 0 {
		t.Fatalf("with every permission the doctor finds %+v", found)
	}
	for _, taken := range permissionsOfCalls(t) {
		t.Run(strings.Join(taken, " and "), func(t *testing.T) {
			w := rightsWorld(t)
			for _, role := range []string{"admin", "user"} {
				w.server.Deny(role, taken...)
			}
			var text string
			for _, f := range w.unwell() {
				text += f.String()
			}
			for _, id := range taken {
				if !strings.Contains(text, id) {
					t.Errorf("the doctor says %q, want it to name %s", text, id)
				}
			}
		})
	}
}

var permissionID = regexp.MustCompile(`[a-z]+(-[a-z]+)+`)

// permissionsOfCalls are the permissions that calls in workspace_*.go say they take: each alone, or with the ones that
// do in its place.
func permissionsOfCalls(t *testing.T) [][]string {
	t.Helper()
	var all [][]string
	for _, text := range permissionTexts(t) {
		ids := permissionID.FindAllString(text, -1)
		if strings.Contains(text, " or ") {
			all = append(all, ids)
			continue
		}
		for _, id := range ids {
			all = append(all, []string{id})
		}
	}
	slices.SortFunc(all, slices.Compare)
	all = slices.CompactFunc(all, slices.Equal)
	if len(all) < 12 {
		t.Fatalf("only %v found in workspace_*.go: has the way calls name them changed?", all)
	}
	return all
}

// permissionTexts reads the sources: the field permission of a call, the third argument of act, and what these refer to.
func permissionTexts(t *testing.T) (texts []string) {
	t.Helper()
	files, err := filepath.Glob("workspace_*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if of := permissionExpr(n); of != nil {
				texts = append(texts, literals(of)...)
			}
			return true
		})
	}
	return texts
}

// permissionExpr is what n gives for a permission, if it does.
func permissionExpr(n ast.Node) ast.Node {
	named := func(e ast.Expr, name string) bool {
		id, ok := e.(*ast.Ident)
		return ok && id.Name == name
	}
	switch n := n.(type) {
	case *ast.KeyValueExpr:
		if named(n.Key, "permission") {
			return n.Value
		}
	case *ast.CallExpr:
		if f, ok := n.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "act" {
			return n.Args[2]
		}
	case *ast.ValueSpec: // const route, permission = "…", "…"
		for i, name := range n.Names {
			if name.Name == "permission" && i < len(n.Values) {
				return n.Values[i]
			}
		}
	case *ast.FuncDecl:
		if n.Name.Name == "rolePermission" {
			return n.Body
		}
	}
	return nil
}

func literals(of ast.Node) (texts []string) {
	ast.Inspect(of, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			text, err := strconv.Unquote(lit.Value)
			if err == nil {
				texts = append(texts, text)
			}
		}
		return true
	})
	return texts
}

func TestTheDoctorKnowsWhatSuffices(t *testing.T) { // R32
	anyRoom, joined := "add-user-to-any-c-room", "add-user-to-joined-room"
	tests := []struct {
		name   string
		change func(w *world)
		want   map[string]string // finding -> words in its text; none of them keeps people out
	}{
		{
			name: "a member of every channel needs no more than joined rooms",
			change: func(w *world) {
				w.server.Deny("admin", anyRoom)
				w.server.AddRoom(rocketchattest.Room{Name: "lobby", Members: []string{w.config.API.UserID}})
				w.config.Accounts.Channels = rocketchat.Mapping{"staff": {"lobby", "backstage"}}
			},
		},
		{
			name:   "in a channel that it has not joined it may do nothing by that",
			change: func(w *world) { w.server.Deny("admin", anyRoom) },
			want:   map[string]string{"channels and teams": `may put nobody into the channel "news"`},
		},
		{
			name: "any group does in place of joined rooms",
			change: func(w *world) {
				w.server.Deny("admin", joined)
				w.server.Deny("user", joined)
				w.server.Grant("admin", "add-user-to-any-p-room")
			},
		},
		{
			name: "public channels alone need nothing for groups",
			change: func(w *world) {
				w.server.Deny("admin", joined)
				w.server.Deny("user", joined)
				w.config.Accounts.Channels = rocketchat.Mapping{"staff": {"news"}}
			},
		},
		{
			name: "a role other than admin needs no right to make administrators",
			change: func(w *world) {
				w.server.Deny("admin", "assign-admin-role")
				w.config.Accounts.Roles = rocketchat.Mapping{"staff": {"moderator"}}
			},
		},
		{
			name:   "what only setup needs is no defect",
			change: func(w *world) { w.server.Deny("admin", "edit-privileged-setting", "view-privileged-setting") },
		},
		{
			name: "a channel and a team that are not there",
			change: func(w *world) {
				w.config.Accounts.Channels = rocketchat.Mapping{"staff": {"nowhere"}}
				w.config.Accounts.Teams = rocketchat.Mapping{"staff": {"nobody"}}
			},
			want: map[string]string{"channels and teams": `accounts.teams names "nobody"`},
		},
		{
			name: "rooms that cannot be looked at",
			change: func(w *world) {
				w.server.SetFaults(rocketchattest.Faults{Status: map[string]int{"channels.info": http.StatusBadGateway}})
			},
			want: map[string]string{"channels and teams": "could not be looked at"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := rightsWorld(t)
			tt.change(w)
			w.connector = w.env.Replica().Open(&w.config)
			found := w.unwell()
			for name, words := range tt.want {
				if f := found[name]; !f.Minor || !strings.Contains(f.String(), words) {
					t.Errorf("%s is %+v, want a warning with %q", name, f, words)
				}
				delete(found, name)
			}
			if len(found) > 0 {
				t.Errorf("the doctor also finds %+v", found)
			}
		})
	}
}

// TestTheDoctorMentionsWhatSetupNeeds: without a warning, since a workspace that is set up can do without.
func TestTheDoctorMentionsWhatSetupNeeds(t *testing.T) {
	w := rightsWorld(t)
	w.server.Deny("admin", "edit-privileged-setting")
	for _, f := range w.connector.(chat.Examiner).Examine(t.Context()) {
		if f.Name == "permissions" && (!f.OK || !strings.Contains(f.String(), "chatgate setup rocketchat") || !strings.Contains(f.String(), "edit-privileged-setting")) {
			t.Errorf("permissions are %+v, want no warning and a word on setup", f)
		}
	}
}
