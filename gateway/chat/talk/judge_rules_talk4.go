package talk

import "strings"

func (t judged) checkTalk4Username() string {
	if !strings.ContainsFunc(t.claims.text("username"), isASCIILetter) {
		return "username has no ASCII letter: Talk removes everything else, and cannot save a person without a name"
	}
	return ""
}
