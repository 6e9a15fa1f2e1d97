package main

import "github.com/zitadel/oidc/v3/example/server/storage"

// people are those of the other provider too, so that one test can expect the same of both.
type people struct{}

var everyone = map[string]*storage.User{
	"0001-ada": {ID: "0001-ada", Username: "ada", Password: "ada", FirstName: "Ada", LastName: "Lovelace", Email: "ada@example.org", EmailVerified: true},
	"0002-bob": {ID: "0002-bob", Username: "bob", Password: "bob", FirstName: "Bob", LastName: "Builder", Email: "bob@example.org"},
}

// groups are a claim that the example does not know.
var groups = map[string][]string{"0001-ada": {"staff", "chat-admins"}, "0002-bob": {}}

func (people) GetUserByID(id string) *storage.User { return everyone[id] }

func (people) GetUserByUsername(username string) *storage.User {
	for _, user := range everyone {
		if user.Username == username {
			return user
		}
	}
	return nil
}

func (people) ExampleClientID() string { return storage.ServiceUserID }
