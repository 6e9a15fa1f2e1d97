package oidctest

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"golang.org/x/net/html"
)

// SignIn walks the sign-in page as a browser would, and returns the callback without following it. The client's jar
// keeps the provider's session: with one, a second SignIn needs no form.
func (p *Provider) SignIn(client *http.Client, providerURL, username, password string) (*url.URL, error) {
	browser := *client
	browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := browser.Get(providerURL)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusSeeOther {
		return res.Location()
	}
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("authorization endpoint answered %s", res.Status)
	}
	fields, err := formFields(res.Body)
	if err != nil {
		return nil, err
	}
	fields.Set("username", username)
	fields.Set("password", password)
	done, err := browser.PostForm(p.endpoint(PathSignIn), fields)
	if err != nil {
		return nil, err
	}
	defer done.Body.Close()
	if done.StatusCode != http.StatusSeeOther {
		return nil, fmt.Errorf("sign-in form answered %s", done.Status)
	}
	return done.Location()
}

// formFields are the inputs of the page's form with the values they have.
func formFields(page io.Reader) (url.Values, error) {
	root, err := html.Parse(page)
	if err != nil {
		return nil, err
	}
	fields := url.Values{}
	for node := range root.Descendants() {
		if node.Type == html.ElementNode && node.Data == "input" {
			fields.Set(attribute(node, "name"), attribute(node, "value"))
		}
	}
	if !fields.Has("username") || !fields.Has("password") {
		return nil, errors.New("no sign-in form on the page")
	}
	return fields, nil
}

func attribute(node *html.Node, name string) string {
	for _, a := range node.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
