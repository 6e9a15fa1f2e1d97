package rocketchat

import (
	"testing"

	"chatgate/gateway/chat/chattest"
	"chatgate/gateway/problem"
)

func TestEveryReasonHasAMessage(t *testing.T) {
	for _, reason := range []problem.Reason{
		severalAccounts, notAPerson, notLinked, notConfirmed, noFreeName, notMadeHere, notCreated, emailMissing, emailRefused,
	} {
		chattest.CheckReason(t, reason)
	}
}
