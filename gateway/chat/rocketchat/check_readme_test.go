package rocketchat

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// everyNeed is a connector whose configuration needs every permission.
func everyNeed() *connector {
	staff := func(what ...string) Mapping { return Mapping{"staff": what} }
	return &connector{cfg: Config{Accounts: Accounts{
		Create: true, Reactivate: true, Sync: Sync{Name: true, Email: true, Avatar: true},
		Roles: staff("moderator", adminRole), Channels: staff("news", "backstage"), Teams: staff("analysts"),
	}}}
}

var (
	permissionRow = regexp.MustCompile("(?m)^\\| (`[a-z-]+`.*) \\| (.*) \\|$")
	ticks         = strings.NewReplacer("`", "")
)

// TestTheReadmeNamesThePermissions: an operator gives what the table says, so it is what the doctor looks for, for the
// same purposes.
func TestTheReadmeNamesThePermissions(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "## 1. The service account")
	section, _, _ = strings.Cut(section, "\n## ")
	told := map[string]string{}
	for _, row := range permissionRow.FindAllStringSubmatch(section, -1) {
		for need := range strings.SplitSeq(ticks.Replace(row[1]), ", ") {
			told[need] = ticks.Replace(row[2])
		}
	}
	looked := map[string]string{}
	for _, need := range everyNeed().cfg.permissions(places{channels: make([]place, 1), groups: make([]place, 1)}) {
		looked[need.String()] = need.purpose
		if purpose := told[need.String()]; strings.Contains(purpose, need.purpose) {
			told[need.String()] = need.purpose
		}
	}
	if diff := cmp.Diff(looked, told); diff != "" {
		t.Errorf("README.md has other permissions than the doctor looks for (-doctor +README):\n%s", diff)
	}
}

// TestTheDoctorAsksForWhatADeactivationTakes: also where accounts are neither made nor switched on, and as something that
// keeps nobody out.
func TestTheDoctorAsksForWhatADeactivationTakes(t *testing.T) {
	for policy, want := range map[DeactivatePolicy]bool{"": false, DeactivateNever: false, DeactivateRefused: true} {
		c := &connector{cfg: Config{Accounts: Accounts{Deactivate: policy}}}
		found := false
		for _, need := range c.cfg.permissions(places{}) {
			found = found || need.String() == statusPermission && need.without == keptBehind && need.purpose == "accounts.deactivate"
		}
		if found != want {
			t.Errorf("accounts.deactivate: %q: %s asked for: %v, want %v", policy, statusPermission, found, want)
		}
	}
}
