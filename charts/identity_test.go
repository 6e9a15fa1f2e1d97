package charts_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"chatgate/charts/charttest"
)

// images are all that the objects name, init containers and the test pod included.
func images(objects []charttest.Object) []string {
	found := map[string]bool{}
	for _, object := range objects {
		for _, container := range object.Containers() {
			found[container.Text("image")] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

func TestNoImageIsTheLatest(t *testing.T) { // H7
	each(t, func(t *testing.T, objects []charttest.Object) {
		for _, image := range images(objects) {
			name := image[strings.LastIndex(image, "/")+1:]
			if !strings.ContainsAny(name, ":@") || strings.HasSuffix(name, ":latest") {
				t.Errorf("the image %q has no version of its own", image)
			}
		}
	})
}

// Clusters without a way out pull everything from a mirror (H6).
func TestTheRegistryOfEveryImageCanBeReplaced(t *testing.T) {
	chart := open(t)
	const mirror, secret = "mirror.example.org", "mirror-login"
	for _, scenario := range chart.Scenarios(t) {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			objects := chart.Scenario(t, scenario, "--set", "global.imageRegistry="+mirror+",global.imagePullSecrets={"+secret+"}")
			for _, object := range objects {
				for _, container := range object.Containers() {
					if image := container.Text("image"); ours(container) && !strings.HasPrefix(image, mirror+"/") {
						t.Errorf("%s: the image %q is not of %s", object, image, mirror)
					}
				}
				if pod := object.Pod(); pod != nil && !slices.ContainsFunc(pod.List("imagePullSecrets"), func(o charttest.Object) bool {
					return o.Text("name") == secret
				}) {
					t.Errorf("%s: its pods do not use the pull secret %s", object, secret)
				}
			}
		})
	}
}

// ours says whether the chart names a container's image: those of extraContainers and extraInitContainers are the operator's.
func ours(container charttest.Object) bool {
	return !strings.HasPrefix(container.Text("name"), "extra-")
}

// What Artifact Hub scans is what runs (H2).
func TestTheAnnouncedImageIsTheDefault(t *testing.T) {
	var announced []struct{ Name, Image string }
	if err := yaml.Unmarshal([]byte(metadata(t).Text("annotations", "artifacthub.io/images")), &announced); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, image := range announced {
		names = append(names, image.Image)
	}
	slices.Sort(names)
	if diff := cmp.Diff(names, images(open(t).Scenario(t, "default"))); diff != "" {
		t.Errorf("announced and rendered images differ (-announced +rendered):\n%s", diff)
	}
}

// metadata is the chart's Chart.yaml.
func metadata(t *testing.T) charttest.Object {
	t.Helper()
	return charttest.Parse(t, string(read(t, "Chart.yaml")))[0]
}

func TestChartYAML(t *testing.T) { // H2, H4
	chart := metadata(t)
	for _, want := range []struct{ key, value string }{
		{"apiVersion", "v2"}, {"name", "chatgate"}, {"type", "application"}, {"kubeVersion", ">=1.29.0-0"},
	} {
		if got := chart.Text(want.key); got != want.value {
			t.Errorf("%s = %q, want %q", want.key, got, want.value)
		}
	}
	for _, key := range []string{"version", "appVersion", "description", "home", "icon"} {
		if chart.Text(key) == "" {
			t.Errorf("there is no %s", key)
		}
	}
	for _, key := range []string{"sources", "maintainers", "keywords"} {
		if list, _ := chart.At(key).([]any); len(list) == 0 {
			t.Errorf("there are no %s", key)
		}
	}
	for _, key := range []string{"category", "license", "images", "changes", "links"} {
		if chart.Text("annotations", "artifacthub.io/"+key) == "" {
			t.Errorf("there is no annotation artifacthub.io/%s", key)
		}
	}
	if chart.At("dependencies") != nil {
		t.Error("the chart depends on others: who renames theirs breaks our users' values")
	}
}

func TestWhatAChartConsistsOf(t *testing.T) { // H1
	for _, name := range []string{
		"Chart.yaml", "values.yaml", "values.schema.json", "README.md", "README.md.gotmpl", "LICENSE", ".helmignore",
		"templates", "templates/NOTES.txt", "templates/tests", "tests", "ci",
	} {
		if _, err := os.Stat(filepath.Join("chatgate", name)); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(filepath.Join("chatgate", "charts")); err == nil {
		t.Error("the chart holds other charts")
	}
}

// A Deployment's selector cannot be changed: one that moved with a value would end every later upgrade (H5).
func TestSelectorsStayAsTheyAre(t *testing.T) {
	chart := open(t)
	before := selectors(chart.Scenario(t, "full"))
	after := selectors(chart.Scenario(t, "full",
		"--set", "commonLabels.team=chat,commonAnnotations.note=x,image.tag=9.9.9,podLabels.pool=a,deploymentAnnotations.note=y"))
	if diff := cmp.Diff(before, after); diff != "" || len(before) == 0 {
		t.Errorf("selectors of the Deployment, Services and others changed:\n%s", diff)
	}
	for who, selector := range before {
		for label := range selector {
			if !slices.Contains([]string{"app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/component"}, label) {
				t.Errorf("%s selects by %s, which may change", who, label)
			}
		}
	}
}

func selectors(objects []charttest.Object) map[string]charttest.Object {
	all := map[string]charttest.Object{}
	for _, object := range objects {
		switch object.Kind() {
		case "Deployment", "StatefulSet", "PodDisruptionBudget", "ServiceMonitor", "PodMonitor":
			all[object.String()] = object.Fields("spec", "selector", "matchLabels")
		case "NetworkPolicy":
			all[object.String()] = object.Fields("spec", "podSelector", "matchLabels")
		case "Service":
			all[object.String()] = object.Fields("spec", "selector")
		}
	}
	return all
}

// Who looks for everything of a release finds it by the labels that Kubernetes recommends (H5).
func TestEveryObjectIsLabelled(t *testing.T) {
	each(t, func(t *testing.T, objects []charttest.Object) {
		for _, object := range objects {
			labels := object.Fields("metadata", "labels")
			for _, label := range []string{
				"app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/version", "app.kubernetes.io/component",
				"app.kubernetes.io/part-of", "app.kubernetes.io/managed-by", "helm.sh/chart",
			} {
				if labels.Text(label) == "" {
					t.Errorf("%s has no label %s", object, label)
				}
			}
		}
	})
}

// A name of digits is a number wherever it is written without quotes, which the API server refuses (H5).
func TestNamesAndLabelsAreTextThoughTheyConsistOfDigits(t *testing.T) {
	chart := open(t)
	const digits = "nameOverride=7,fullnameOverride=0123,namespaceOverride=456,existingSecret=1234,serviceAccount.name=8," +
		"imagePullSecrets[0]=9,priorityClassName=11,runtimeClassName=12," +
		"ingress.className=13,image.registry=,image.repository=14,image.digest=,image.tag=15,commonLabels.team=16"
	further := map[string]string{
		"valkey": "valkey.existingSecret=20,valkey.secretKey=21,valkey.persistence.storageClass=22," +
			"config.redis.standalone.address=0123-valkey:6379",
		"full":             "secretKeys.sealing-2026=23,trustedCA.existingConfigMap=24",
		"ha":               "trustedCA.existingConfigMap=,trustedCA.existingSecret=25",
		"external-secrets": "tls.existingSecret=10,config.listen.tls.certificate=/run/tls/tls.crt,config.listen.tls.key=/run/tls/tls.key",
	}
	for _, scenario := range chart.Scenarios(t) {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			for _, object := range chart.Scenario(t, scenario, "--set", "valkey.persistence.enabled=true", "--set-string", digits+","+further[scenario]) {
				for _, path := range numbersForText("", map[string]any(object)) {
					t.Errorf("%s: %s is a number, want text", object, path)
				}
			}
		})
	}
}

// textual are the paths of what Kubernetes takes as text alone.
var textual = regexp.MustCompile(`(^|\.)(name|namespace|key|path|image|[a-zA-Z]+Name)$|\.(labels|matchLabels|matchNames|selector)[.[]`)

// numbersForText are the paths of names, and of labels and selectors, that are no text.
func numbersForText(path string, node any) (found []string) {
	switch node := node.(type) {
	case map[string]any:
		for key, child := range node {
			found = append(found, numbersForText(strings.TrimPrefix(path+"."+key, "."), child)...)
		}
	case []any:
		for i, child := range node {
			found = append(found, numbersForText(fmt.Sprintf("%s[%d]", path, i), child)...)
		}
	case string, bool, nil:
	default:
		if textual.MatchString(path) {
			found = append(found, path)
		}
	}
	return found
}

func TestNamesAreShortEnough(t *testing.T) { // H5
	chart, seen := open(t), map[string]bool{}
	objects := chart.Scenario(t, "full", "--set", "valkey.enabled=false,nameOverride="+strings.Repeat("long-name-", 6)+"one")
	for _, object := range objects {
		name := object.Text("metadata", "name")
		if len(name) > 63 || strings.HasSuffix(name, "-") {
			t.Errorf("%s: the name has %d characters", object, len(name))
		}
		if key := object.Kind() + name; seen[key] {
			t.Errorf("there are two of %s: what tells them apart was cut off", object)
		}
		seen[object.Kind()+name] = true
	}
}
