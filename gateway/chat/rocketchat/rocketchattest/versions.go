package rocketchattest

import "fmt"

// version is a Rocket.Chat release.
type version struct{ major, minor, patch int }

// parseVersion reads "8.8.1" or "8.8".
func parseVersion(text string) (version, error) {
	var v version
	if n, _ := fmt.Sscanf(text, "%d.%d.%d", &v.major, &v.minor, &v.patch); n < 2 {
		return version{}, fmt.Errorf("version %q: want major.minor or major.minor.patch", text)
	}
	return v, nil
}

func (v version) atLeast(major, minor int) bool {
	return v.major > major || v.major == major && v.minor >= minor
}

// patched reports whether v is that release or a later one of the same minor, or a later minor.
func (v version) patched(major, minor, patch int) bool {
	if v.major == major && v.minor == minor {
		return v.patch >= patch
	}
	return v.atLeast(major, minor)
}

func (v version) String() string { return fmt.Sprintf("%d.%d.%d", v.major, v.minor, v.patch) }

// short is what /api/info tells a stranger.
func (v version) short() string { return fmt.Sprintf("%d.%d", v.major, v.minor) }

// capabilities is everything this stand-in does differently from release to release. Nothing but this and clientOf
// compares versions.
type capabilities struct {
	tokenSecret     bool // users.createToken wants the secret of CREATE_TOKENS_FOR_USERS_SECRET; before: the env flag
	tokenPermission bool // users.createToken for others needs user-generate-access-token
	listByStatus    bool // users.listByStatus exists
	emailLookup     bool // users.info and users.list know the parameter email
	importLookup    bool // users.info knows freeSwitchExtension
	oneUserKey      bool // users.info takes exactly one key and rejects unknown ones
	query           bool // the parameter query is honoured without ALLOW_UNSAFE_QUERY_AND_FIELDS_API_PARAMS
	queryGone       bool // ... and not even with it; fields is an unknown key
	publicByID      bool // settings.public is filtered by _id=a,b instead of query
	strictUpdate    bool // users.update rejects unknown keys in data and an empty userId
	roleByName      bool // roles.addUserToRole accepts roleName
	twoFactor       bool // REST asks for a second factor at all
	loginBypass     bool // the rate limit of login can be bypassed with a privileged caller's headers

	forbidden403 bool // a missing permission is 403; before: 401
	success401   bool // 401 bodies carry success and error beside status and message
	breaking     bool // the error texts of 9.0

	startupEvent bool // the page tells its embedder that it has started
	client       client
}

func capabilitiesOf(v version) capabilities {
	return capabilities{
		tokenSecret:     v.atLeast(8, 0),
		tokenPermission: !v.atLeast(8, 0) || v.atLeast(8, 7),
		listByStatus:    v.atLeast(6, 8),
		emailLookup:     v.atLeast(8, 4),
		importLookup:    v.atLeast(8, 5),
		oneUserKey:      v.atLeast(8, 0),
		query:           !v.atLeast(7, 0),
		queryGone:       v.atLeast(9, 0),
		publicByID:      v.atLeast(7, 0),
		strictUpdate:    v.atLeast(7, 0),
		roleByName:      !v.atLeast(8, 0),
		twoFactor:       v.atLeast(3, 6),
		loginBypass:     v.atLeast(8, 0),
		forbidden403:    v.atLeast(7, 0),
		success401:      v.atLeast(7, 0),
		breaking:        v.atLeast(9, 0),
		startupEvent:    !v.atLeast(7, 9),
		client:          clientOf(v),
	}
}
