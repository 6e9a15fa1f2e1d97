package blueprint

import "strings"

// steps is a blueprint as the list of what is left to do sees it.
type steps struct {
	configuration
	step *int
}

// Step counts the steps, since not every installation has all.
func (s steps) Step() int {
	*s.step++
	return *s.step
}

// Put are those of the named secrets that somebody has to put into their files.
func (s steps) Put(names ...string) []Secret {
	var all []Secret
	for _, name := range names {
		if secret, wanted := s.secret(name); wanted && secret.Text == "" {
			all = append(all, secret)
		}
	}
	return all
}

// ClusterRedisAddress is the address that values.yaml has.
func (s steps) ClusterRedisAddress() string {
	return configuration{s.Blueprint, false}.RedisAddress()
}

// UnknownKeyID says that the key id of Coral's single sign-on has yet to be filled in.
func (s steps) UnknownKeyID() bool { return s.KeyID == unknownKeyID }

// SecretCommand makes the Secret that values.yaml names. It reads files, so that no secret is an argument.
func (b *Blueprint) SecretCommand() string {
	lines := []string{"kubectl create secret generic chatgate --namespace chatgate"}
	for _, s := range b.Secrets {
		lines = append(lines, "--from-file="+s.Name+"="+secretsFolder+"/"+s.Name)
	}
	return strings.Join(lines, " \\\n  ")
}
