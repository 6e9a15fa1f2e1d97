package rocketchat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"chatgate/gateway/outbox"
)

// worker carries out jobs of the outbox whose payload is a J. What does not decode never will, and is given up; what
// Rocket.Chat's limit stops waits for as long as that says.
func worker[J any](aim string, work func(context.Context, J) error) func(context.Context, outbox.Job) error {
	return func(ctx context.Context, job outbox.Job) error {
		var payload J
		if err := json.Unmarshal(job.Payload, &payload); err != nil {
			return outbox.Permanent(fmt.Errorf("%s: the job does not decode", aim))
		}
		err := work(ctx, payload)
		if limited, ok := errors.AsType[*limitedError](err); ok {
			return outbox.Later(err, limited.wait)
		}
		return err
	}
}
