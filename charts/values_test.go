package charts_test

import (
	"encoding/json"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// schema is the part of a JSON Schema that says which keys there are.
type schema struct {
	Ref                  string             `json:"$ref"`
	Properties           map[string]*schema `json:"properties"`
	AdditionalProperties any                `json:"additionalProperties"`
	Items                *schema            `json:"items"`
	AnyOf                []*schema          `json:"anyOf"`
	OneOf                []*schema          `json:"oneOf"`
	Definitions          map[string]*schema `json:"definitions"`
	Defs                 map[string]*schema `json:"$defs"`
}

// read is a file of the chart.
func read(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("chatgate", name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func readSchema(t *testing.T) *schema {
	t.Helper()
	var root schema
	if err := json.Unmarshal(read(t, "values.schema.json"), &root); err != nil {
		t.Fatal(err)
	}
	return &root
}

func readValues(t *testing.T) map[string]any {
	t.Helper()
	var values map[string]any
	if err := yaml.Unmarshal(read(t, "values.yaml"), &values); err != nil {
		t.Fatal(err)
	}
	return values
}

// at follows a reference within the file.
func (root *schema) at(s *schema) *schema {
	if s == nil || s.Ref == "" {
		return s
	}
	name := path.Base(s.Ref)
	if definition := root.Definitions[name]; definition != nil {
		return root.at(definition)
	}
	return root.at(root.Defs[name])
}

// A key is known to both or to neither: otherwise a documented value is refused, or a value that does something is not
// to be found in the documents (H9).
func TestValuesAndSchemaHaveTheSameKeys(t *testing.T) {
	root := readSchema(t)
	compareKeys(t, root, root, readValues(t), "")
}

func compareKeys(t *testing.T, root, s *schema, values map[string]any, where string) {
	t.Helper()
	for key, value := range values {
		property := root.at(s.Properties[key])
		if property == nil {
			t.Errorf("values.yaml has %s%s, which is not in the schema", where, key)
			continue
		}
		if below, ok := value.(map[string]any); ok && property.Properties != nil && where+key != "config" {
			compareKeys(t, root, property, below, where+key+".")
		}
	}
	for key := range s.Properties {
		if _, ok := values[key]; !ok && !(len(values) == 0 && commented(t, key)) {
			t.Errorf("the schema has %s%s, which is not in values.yaml", where, key)
		}
	}
}

// commented says whether a comment of values.yaml names a key, as those of empty maps do.
func commented(t *testing.T, key string) bool {
	t.Helper()
	return regexp.MustCompile("(?m)^ *#.*`" + key + "`").Match(read(t, "values.yaml"))
}

// What is open belongs to others: config to the definition gateway, which is closed, and where its kinds of chats divide, to
// that of each kind; global to every chart of an umbrella; and the rest to Kubernetes.
var notOurs = regexp.MustCompile(`^(\.(config\b.*|global|httpRoute\.parentRefs\[\]|extraVolumeMounts\[\])|gateway\.(chats|kinded))$`)

// A misspelt key fails the installation (H9).
func TestTheSchemaIsClosedWhereItNamesKeys(t *testing.T) {
	root := readSchema(t)
	assertClosed(t, root, "")
	for name, definition := range root.Definitions {
		assertClosed(t, definition, name)
	}
	for name, definition := range root.Defs {
		assertClosed(t, definition, name)
	}
}

func assertClosed(t *testing.T, s *schema, where string) {
	t.Helper()
	if s.Properties != nil && s.AdditionalProperties != false && !notOurs.MatchString(where) {
		t.Errorf("the schema lets any key in at %q", where)
	}
	for key, property := range s.Properties {
		assertClosed(t, property, where+"."+key)
	}
	for _, below := range slices.Concat(s.AnyOf, s.OneOf) {
		assertClosed(t, below, where)
	}
	if s.Items != nil {
		assertClosed(t, s.Items, where+"[]")
	}
}

func TestWrongValuesAreRefusedByName(t *testing.T) { // H9, S148
	chart := open(t)
	for _, wrong := range []struct{ set, named string }{
		{"replicas=2", "'replicas' not allowed"},
		{"config.bogus=1", "at '/config': additional properties 'bogus' not allowed"},
		{"config.session.rechek=5m", "at '/config/session': additional properties 'rechek' not allowed"},
		{"config.session.recheck=bogus", "at '/config/session/recheck'"},
		{"config.session.idle=8", "at '/config/session/idle'"},
		{"config.chats.rocketchat.acess.anyone=true", "at '/config/chats/rocketchat': additional properties 'acess' not allowed"},
		{"config.chats.rocketchat.accounts.linkBy={mail}", "at '/config/chats/rocketchat/accounts/linkBy/0'"},
		{"config.chats.comments.kind=coral", "at '/config/chats/comments/kind'"},
		{"config.chats.comments.kind=talk,config.chats.comments.tenat=a", "at '/config/chats/comments': additional properties 'tenat' not allowed"},
		{"config.providers.corp.isuer=https://idp.example.org", "at '/config/providers/corp': additional properties 'isuer' not allowed"},
		{"config.trustedProxies=10.0.0.0/8", "at '/config/trustedProxies'"},
		{"config.redis.memory=yes", "at '/config/redis/memory'"},
		{"configSchema=no", "at '/configSchema'"},
		{"image.tags=1.0.0", "'tags' not allowed"},
		{"ingress.host=sso.example.org", "'host' not allowed"},
		{"service.typ=NodePort", "'typ' not allowed"},
		{"replicaCount=two", "'/replicaCount"},
		{"replicaCount=-1", "'/replicaCount"},
		{"image.pullPolicy=Sometimes", "'/image/pullPolicy"},
		{"image.digest=1234", "'/image/digest"},
		{"service.type=Balancer", "'/service/type"},
		{"service.port=70000", "'/service/port"},
		{"service.ipFamilyPolicy=Both", "'/service/ipFamilyPolicy"},
		{"updateStrategy.type=Replace", "'/updateStrategy/type"},
		{"terminationGracePeriodSeconds=soon", "'/terminationGracePeriodSeconds"},
		{"metrics.serviceMonitor.interval=thirty", "'/metrics/serviceMonitor/interval"},
		{"metrics.podMonitor.enabled=maybe", "'/metrics/podMonitor/enabled"},
		{"autoscaling.minReplicas=0", "'/autoscaling/minReplicas"},
		{"autoscaling.targetCPUUtilizationPercentage=eighty", "'/autoscaling/targetCPUUtilizationPercentage"},
		{"serviceAccount.name=Not_A_Name", "'/serviceAccount/name"},
		{"httpRoute.hostnames={https://sso.example.org}", "'/httpRoute/hostnames"},
		{"existingSecret=Not/A/Name", "'/existingSecret"},
		{"extraEnv.NAME=value", "'/extraEnv'"},
		{"valkey.persistence.size=large", "'/valkey/persistence/size"},
		{"networkPolicy.egress.allowHttps=true", "'allowHttps' not allowed"},
		{"global.imageRegistry=https://registry.example.org", "'/global/imageRegistry"},
	} {
		t.Run(wrong.set, func(t *testing.T) {
			t.Parallel()
			said := chart.Refusal(t, "--values", chart.Values("default"), "--set", wrong.set)
			if !strings.Contains(said, wrong.named) {
				t.Errorf("--set %s is refused without a word on %s:\n%s", wrong.set, wrong.named, said)
			}
		})
	}
}

// What the program expands is not judged by how it looks before: a duration, a word of a few, a switch, a number, an address,
// and each of those in a list (H9, H10).
func TestReferencesPassTheSchema(t *testing.T) {
	chart := open(t)
	for _, path := range []string{
		"config.session.recheck",
		"config.session.accountChoice",
		"config.listen.pprof",
		"config.log.level",
		"config.limits.mintsPerSession",
		"config.trustedProxies[0]",
		"config.providers.corp.issuer",
		"config.chats.rocketchat.accounts.create",
		"config.chats.rocketchat.accounts.linkBy[0]",
		"config.chats.rocketchat.access.maxAge",
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			chart.Scenario(t, "default", "--set", path+"=${env:CHATGATE_SETTING}", "--set", "envFrom[0].configMapRef.name=settings")
		})
	}
}

// An image that is newer than the chart may have settings that the chart does not know (H9).
func TestTheSchemaOfTheConfigurationCanBeLeftOut(t *testing.T) {
	chart := open(t)
	chart.Scenario(t, "default", "--set", "config.session.settingOfTomorrow=5m", "--set", "configSchema=false")
	said := chart.Refusal(t, "--values", chart.Values("default"), "--set", "config.listen.public=nowhere", "--set", "configSchema=false")
	if !strings.Contains(said, "'/config/listen/public'") {
		t.Errorf("what the chart itself reads is refused without a word on config.listen.public:\n%s", said)
	}
}

// Both bounds at once are what the API server would refuse long after the rest was applied (H18).
func TestABudgetHasOneBound(t *testing.T) {
	chart := open(t)
	said := chart.Refusal(t, "--values", chart.Values("ha"),
		"--set", "podDisruptionBudget.enabled=true,podDisruptionBudget.minAvailable=1,podDisruptionBudget.maxUnavailable=1")
	if !strings.Contains(said, "podDisruptionBudget") {
		t.Errorf("two bounds are refused without a word on podDisruptionBudget:\n%s", said)
	}
}
