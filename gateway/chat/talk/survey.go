package talk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"

	"chatgate/gateway/chat"
)

// Product is what serves the comments at an address. The zero value is neither Talk nor Coral.
type Product struct {
	// Talk4 says that it is a Talk 4, whose release nobody is told.
	Talk4 bool
	// Major and Minor are the release of a Coral.
	Major, Minor int
}

// String names the product as people do.
func (p Product) String() string {
	switch {
	case p.Talk4:
		return "Talk 4"
	case p.Major == 0:
		return "unknown"
	}
	return fmt.Sprintf("Coral %d.%d", p.Major, p.Minor)
}

// LinksByAddress says whether a Coral signs people in to local accounts with their e-mail address by single sign-on (T-C6).
func (p Product) LinksByAddress() bool { return p.Major > 9 || p.Major == 9 && p.Minor >= 9 }

const coralVersion = "/api/version"

// SurveyProduct finds out what serves the comments, before anything is configured. Coral tells everybody its version; Talk 4
// has an address where a visitor is told that they are nobody. An error says what was found instead.
func SurveyProduct(ctx context.Context, origin chat.Origin, transport http.RoundTripper) (Product, error) {
	c := &connector{cfg: Config{URL: origin}, env: chat.Env{Transport: transport}}
	got, err := c.ask(ctx, coralVersion)
	if err != nil {
		return Product{}, err
	}
	if p, ok := coralOf(got); ok {
		return p, nil
	}
	if got.status >= 300 && got.status < 400 {
		return Product{}, fmt.Errorf("answered with a redirect (%d): give the address that answers itself", got.status)
	}
	if got, err = c.ask(ctx, talk4Logout); err != nil {
		return Product{}, err
	}
	if got.status == http.StatusNoContent {
		return Product{Talk4: true}, nil
	}
	return Product{}, errors.New("answers neither as Coral nor as Talk 4 does")
}

func (c *connector) ask(ctx context.Context, path string) (seen, error) {
	r, err := c.atProduct(ctx, http.MethodGet, path, nil)
	if err != nil {
		return seen{}, err
	}
	return c.send(ctx, r)
}

var coralRelease = regexp.MustCompile(`^(\d{1,3})\.(\d{1,3})(\.|-|$)`)

func coralOf(got seen) (Product, bool) {
	var told struct{ Version string }
	if got.status != http.StatusOK || json.Unmarshal(got.body, &told) != nil {
		return Product{}, false
	}
	found := coralRelease.FindStringSubmatch(told.Version)
	if found == nil {
		return Product{}, false
	}
	major, _ := strconv.Atoi(found[1])
	minor, _ := strconv.Atoi(found[2])
	return Product{Major: major, Minor: minor}, major >= 5
}
