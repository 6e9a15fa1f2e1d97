package audit

import "slices"

var all = []Act{
	SignedIn, SignInRefused, SignedOut, SessionRevoked, LogoutRefused, ChatClosed, GrantRevoked, SubjectErased,
	HandOffRedeemed, HandOffRefused, LoginTokenMinted, LoginTokenRevoked, TalkTokenSigned, TalkTokenRevoked, CodeIssued,
	CodeRefused, IDTokenIssued, ChatTokenRefused, AccountCreated, AccountLinked, AccountRefused, AccountReactivated,
	AccountDeactivated, RoleGiven, RoleTaken, MemberAdded, MemberRemoved, LinkRemoved, SettingChanged, KeyAdded,
	KeyRemoved, Started, Stopped, LimitExceeded, JobGaveUp, ConfigReloaded, ConfigRefused,
}

// Acts are all of them, for the labels of a metric.
func Acts() []Act { return slices.Clone(all) }
