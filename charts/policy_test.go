package charts_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/charts/charttest"
)

// eachPod runs a test on the pods of every object of every scenario, the one of helm test included.
func eachPod(t *testing.T, test func(t *testing.T, object, pod charttest.Object)) {
	t.Helper()
	each(t, func(t *testing.T, objects []charttest.Object) {
		pods := 0
		for _, object := range objects {
			if pod := object.Pod(); pod != nil {
				pods++
				test(t, object, pod)
			}
		}
		if pods < 2 {
			t.Errorf("%d objects make pods, want the Deployment and the test at least", pods)
		}
	})
}

// The Pod Security Standard "restricted", and what it leaves open (H17).
func TestPodsAreRestricted(t *testing.T) {
	eachPod(t, func(t *testing.T, object, pod charttest.Object) {
		for _, want := range []struct {
			value any
			path  []string
		}{
			{true, []string{"securityContext", "runAsNonRoot"}},
			{user(object), []string{"securityContext", "runAsUser"}},
			{user(object), []string{"securityContext", "runAsGroup"}},
			{user(object), []string{"securityContext", "fsGroup"}},
			{"RuntimeDefault", []string{"securityContext", "seccompProfile", "type"}},
			{false, []string{"automountServiceAccountToken"}},
			{false, []string{"enableServiceLinks"}},
			{nil, []string{"hostNetwork"}}, {nil, []string{"hostPID"}}, {nil, []string{"hostIPC"}}, {nil, []string{"hostUsers"}},
		} {
			expect(t, object.String(), pod, want.value, want.path...)
		}
		for _, container := range object.Containers() {
			who := fmt.Sprintf("%s, container %s", object, container.Text("name"))
			expect(t, who, container, false, "securityContext", "allowPrivilegeEscalation")
			expect(t, who, container, true, "securityContext", "readOnlyRootFilesystem")
			expect(t, who, container, []any{"ALL"}, "securityContext", "capabilities", "drop")
			expect(t, who, container, nil, "securityContext", "capabilities", "add")
			expect(t, who, container, nil, "securityContext", "privileged")
		}
	})
}

// user is the chart's own, or Valkey's own.
func user(object charttest.Object) any {
	if object.Text("metadata", "labels", "app.kubernetes.io/component") == "valkey" {
		return uint64(999)
	}
	return uint64(65532)
}

func expect(t *testing.T, who string, object charttest.Object, want any, path ...string) {
	t.Helper()
	if got := object.At(path...); !cmp.Equal(want, got) {
		t.Errorf("%s: %s = %v, want %v", who, strings.Join(path, "."), got, want)
	}
}

func TestNoVolumeIsTheNodesOwn(t *testing.T) { // E-8
	eachPod(t, func(t *testing.T, object, pod charttest.Object) {
		for _, volume := range pod.List("volumes") {
			if volume.At("hostPath") != nil {
				t.Errorf("%s mounts the node's %v", object, volume.At("hostPath"))
			}
		}
	})
}

func TestEveryContainerSaysWhatItNeeds(t *testing.T) { // E-8
	each(t, func(t *testing.T, objects []charttest.Object) {
		for _, object := range objects {
			for _, container := range object.Containers() {
				for _, resource := range [][]string{{"requests", "cpu"}, {"requests", "memory"}, {"limits", "memory"}} {
					if container.At(append([]string{"resources"}, resource...)...) == nil {
						t.Errorf("%s, container %s: no %s", object, container.Text("name"), strings.Join(resource, "."))
					}
				}
			}
		}
	})
}

// What the chart makes belongs to one namespace and gives nobody a permission (H25).
func TestNothingIsClusterScoped(t *testing.T) {
	namespaced := []string{
		"ConfigMap", "Deployment", "HTTPRoute", "HorizontalPodAutoscaler", "Ingress", "NetworkPolicy", "Pod",
		"PodDisruptionBudget", "PodMonitor", "PrometheusRule", "Secret", "Service", "ServiceAccount", "ServiceMonitor", "StatefulSet",
	}
	each(t, func(t *testing.T, objects []charttest.Object) {
		for _, object := range objects {
			if !slices.Contains(namespaced, object.Kind()) {
				t.Errorf("the chart makes a %s", object)
			}
			if namespace := object.Text("metadata", "namespace"); namespace == "" {
				t.Errorf("%s says no namespace", object)
			}
		}
	})
}

// Metrics and health are never led to from outside (H15).
func TestNoRouteLeadsToMetrics(t *testing.T) {
	each(t, func(t *testing.T, objects []charttest.Object) {
		public := publicBackends(objects)
		for _, object := range objects {
			for _, backend := range backends(object) {
				if !slices.Contains(public, backend) {
					t.Errorf("%s leads to %s, want one of %v", object, backend, public)
				}
			}
		}
	})
}

// publicBackends are "service:port", by number and by name, where the port of the pods is http.
func publicBackends(objects []charttest.Object) (all []string) {
	for _, service := range charttest.Of(objects, "Service") {
		for _, port := range service.List("spec", "ports") {
			if port.Text("targetPort") == "http" {
				name := service.Text("metadata", "name")
				all = append(all, fmt.Sprintf("%s:%v", name, port["port"]), fmt.Sprintf("%s:%s", name, port.Text("name")))
			}
		}
	}
	return all
}

// backends are those of an Ingress or an HTTPRoute.
func backends(object charttest.Object) (all []string) {
	for _, rule := range object.List("spec", "rules") {
		for _, path := range rule.List("http", "paths") {
			service := path.Fields("backend", "service")
			port := service.At("port", "number")
			if name := service.Text("port", "name"); name != "" {
				port = name
			}
			all = append(all, fmt.Sprintf("%s:%v", service.Text("name"), port))
		}
		for _, reference := range rule.List("backendRefs") {
			all = append(all, fmt.Sprintf("%s:%v", reference.Text("name"), reference["port"]))
		}
	}
	if backend := object.Fields("spec", "defaultBackend"); backend != nil {
		all = append(all, fmt.Sprintf("the default backend %v", backend))
	}
	return all
}

// A long word of letters and digits, with both in it, is what keys and tokens look like.
var literal = regexp.MustCompile(`[A-Za-z0-9+/_-]{20,}={0,2}`)

var (
	reference = regexp.MustCompile(`\$\{(file|env):[^}]*\}`)
	checksum  = regexp.MustCompile(`sha256:[0-9a-f]{64}`)
)

// secretLooking finds words that could be secrets: long, with digits, capitals and small letters.
func secretLooking(text string) (found []string) {
	text = checksum.ReplaceAllString(reference.ReplaceAllString(text, ""), "")
	for _, word := range literal.FindAllString(text, -1) {
		if strings.ContainsAny(word, "0123456789") && strings.ToLower(word) != word && strings.ToUpper(word) != word {
			found = append(found, word)
		}
	}
	return found
}

func TestSecretLooking(t *testing.T) {
	for text, want := range map[string]int{
		"secret: dGhpcyBpcyBhIHNlY3JldCBmb3Igc3VyZSAxMjM0NQ==":  1,
		"token: 8Sk2Lw0QmN4rT6vX1zAcEg":                         1,
		"secret: ${file:/run/secrets/chatgate/dGhpcyBpcy1BMTI}": 0,
		"chatgate_store_operation_duration_seconds_bucket":      0,
		"url: http://rocketchat.chat.svc.cluster.local:3000":    0,
	} {
		if got := secretLooking(text); len(got) != want {
			t.Errorf("secretLooking(%q) = %q, want %d", text, got, want)
		}
	}
}

// Whoever may read a ConfigMap or a Deployment may not read secrets (S148, H11).
func TestNoSecretIsWhereItCanBeRead(t *testing.T) {
	each(t, func(t *testing.T, objects []charttest.Object) {
		for _, object := range charttest.Of(objects, "ConfigMap") {
			if label := object.Text("metadata", "labels", "grafana_dashboard"); label != "" {
				continue // queries, and ids of panels
			}
			for _, key := range slices.Sorted(maps.Keys(object.Fields("data"))) {
				for _, word := range secretLooking(object.Text("data", key)) {
					t.Errorf("%s, %s: %q looks like a secret", object, key, word)
				}
			}
		}
		for _, object := range objects {
			for _, container := range object.Containers() {
				readable := fmt.Sprint(container["command"], container["args"])
				for _, variable := range container.List("env") {
					readable += " " + variable.Text("value")
				}
				for _, word := range secretLooking(readable) {
					t.Errorf("%s, container %s: %q looks like a secret", object, container.Text("name"), word)
				}
			}
		}
	})
}

// Notes are printed again by whoever may read the release (H23).
func TestNotesHoldNoSecret(t *testing.T) {
	chart := open(t)
	installed := chart.Install(t, "--values", chart.Values("coral-only")) // which has its secrets in the values
	files := charttest.SecretFiles(t, installed.Objects)
	if len(files) == 0 {
		t.Fatal("the scenario has no secret")
	}
	for path, secret := range files {
		if strings.Contains(installed.Notes, secret) {
			t.Errorf("the notes tell what is in %s:\n%s", path, installed.Notes)
		}
	}
}
