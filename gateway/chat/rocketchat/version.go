package rocketchat

import (
	"fmt"
	"regexp"
	"strconv"
)

// version is a Rocket.Chat release, as precise as it tells strangers.
type version struct{ major, minor int }

// newest is the last release this package was written for. A release it cannot make out is taken for this one.
var newest = version{8, 8}

var majorMinor = regexp.MustCompile(`^(\d{1,3})\.(\d{1,3})(\.|-|$)`)

func parseVersion(text string) (version, bool) {
	found := majorMinor.FindStringSubmatch(text)
	if found == nil {
		return newest, false
	}
	major, _ := strconv.Atoi(found[1])
	minor, _ := strconv.Atoi(found[2])
	return version{major, minor}, true
}

func (v version) String() string { return fmt.Sprintf("%d.%d", v.major, v.minor) }

func (v version) atLeast(major, minor int) bool {
	return v.major > major || v.major == major && v.minor >= minor
}

// needs is all that differs between releases for us (R25). Nothing else in the package compares versions.
type needs struct {
	// tokenSecret: users.createToken takes the secret of CREATE_TOKENS_FOR_USERS_SECRET, and the user's id alone.
	tokenSecret bool
	// emailParameter: users.list finds by e-mail address.
	emailParameter bool
	// listByStatus: users.listByStatus searches parts of names and addresses. Before it, users.list took a query.
	listByStatus bool
	// settingsByID: settings.public takes ids. Before, it took a query.
	settingsByID bool
	// includeRooms: users.info shows rooms when it is told includeUserRooms. Before, it took them for a field.
	includeRooms bool
}

func (v version) needs() needs {
	return needs{
		tokenSecret:    v.atLeast(8, 0),
		emailParameter: v.atLeast(8, 4),
		listByStatus:   v.atLeast(6, 8),
		settingsByID:   v.atLeast(7, 0),
		includeRooms:   v.atLeast(7, 0),
	}
}

// The variables of Rocket.Chat's server without which it makes no login tokens for others: from 8.0 on, and before (R26).
const (
	tokenSecretVariable = "CREATE_TOKENS_FOR_USERS_SECRET"
	tokenFlagVariable   = "CREATE_TOKENS_FOR_USERS"
)

// tokenAdvice is what an operator has to do when users.createToken is refused (R26).
func (v version) tokenAdvice() string {
	const permission = "give the service account the permission user-generate-access-token"
	if v.needs().tokenSecret {
		return "set " + tokenSecretVariable + " on Rocket.Chat " + v.String() +
			" to the value of api.createTokenSecret, and " + permission
	}
	return "set " + tokenFlagVariable + "=true on Rocket.Chat " + v.String() + ", and " + permission
}

// unsound says whether iframe authentication is broken in this release: from 7.8 to 7.10 the client fell back to its
// own login form, or called the API in a loop.
func (v version) unsound() bool { return v.atLeast(7, 8) && !v.atLeast(7, 11) }
