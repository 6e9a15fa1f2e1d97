package app

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"chatgate/oidc"
)

// examineProviderClock compares the clocks by the Date of the provider's answer (S43). ID tokens that were issued in our
// future, or are over by our clock, are refused beyond the leeway.
func (t *Tools) examineProviderClock(ctx context.Context, about string, rp *oidc.RelyingParty) Finding {
	f := Finding{About: about, Name: "clock", Level: Well}
	asked := t.app.parts.now()
	got, err := browse(ctx, t.app.parts.transport, rp.DocumentURL(), nil)
	if err != nil {
		f.Text = "cannot be told: " + err.Error()
		return f
	}
	told, err := http.ParseTime(got.header.Get("Date"))
	if err != nil || got.header.Get("Age") != "" { // a cache's answer is as old as it is
		f.Text = "cannot be told, since the provider's answer has no time of its own"
		return f
	}
	ahead := told.Sub(asked).Round(time.Second)
	const follow = "have this machine follow a time server, and see whether the provider's does"
	switch off := ahead.Abs(); {
	case off > rp.Leeway():
		f.Level, f.Fix = Failure, follow
		f.Text = fmt.Sprintf("the provider's is %s ahead of this machine's, beyond leeway %s: its ID tokens are refused", ahead, rp.Leeway())
	case off > rp.Leeway()/2+time.Second: // Date counts whole seconds
		f.Level, f.Fix = Warning, follow
		f.Text = fmt.Sprintf("the provider's is %s ahead of this machine's; beyond leeway %s its ID tokens are refused", ahead, rp.Leeway())
	default:
		f.Text = "the provider's agrees with this machine's"
	}
	return f
}
