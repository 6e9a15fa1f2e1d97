package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const swagger = `{"definitions": {
	"io.k8s.api.apps.v1.Deployment": {
		"type": "object",
		"properties": {
			"kind": {"type": "string"},
			"spec": {"$ref": "#/definitions/io.k8s.api.apps.v1.DeploymentSpec"},
			"labels": {"type": "object", "additionalProperties": {"type": "string"}}
		},
		"x-kubernetes-group-version-kind": [{"group": "apps", "kind": "Deployment", "version": "v1"}]
	},
	"io.k8s.api.apps.v1.DeploymentSpec": {"type": "object", "properties": {"replicas": {"type": "integer"}}},
	"io.k8s.api.core.v1.Pod": {
		"type": "object",
		"x-kubernetes-group-version-kind": [{"group": "", "kind": "Pod", "version": "v1"}]
	},
	"io.k8s.apimachinery.pkg.api.resource.Quantity": {"type": "string"},
	"io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions": {
		"type": "object",
		"x-kubernetes-group-version-kind": [
			{"group": "", "kind": "DeleteOptions", "version": "v1"}, {"group": "apps", "kind": "DeleteOptions", "version": "v1"}
		]
	}
}}`

const crd = `
kind: CustomResourceDefinition
spec:
  group: gateway.networking.k8s.io
  names: {kind: HTTPRoute}
  versions:
    - name: v1
      served: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            metadata: {type: object}
            anything: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {known: {type: string}}}
            spec:
              type: object
              properties:
                rules: {type: array, items: {type: object, properties: {name: {type: string}}}}
              oneOf: [{properties: {rules: {maxItems: 1}}}]
    - name: v1alpha1
      served: false
      schema: {openAPIV3Schema: {type: object}}
`

func TestBuiltIn(t *testing.T) {
	got, err := builtIn([]byte(swagger))
	if err != nil {
		t.Fatal(err)
	}
	want := `{
		"deployment-apps-v1.json": {"$ref": "_definitions.json#/definitions/io.k8s.api.apps.v1.Deployment"},
		"pod-v1.json": {"$ref": "_definitions.json#/definitions/io.k8s.api.core.v1.Pod"},
		"_definitions.json": {"definitions": {
			"io.k8s.api.apps.v1.Deployment": {
				"type": "object",
				"properties": {
					"kind": {"type": "string"},
					"spec": {"$ref": "#/definitions/io.k8s.api.apps.v1.DeploymentSpec"},
					"labels": {"type": "object", "additionalProperties": {"type": "string"}}
				},
				"additionalProperties": false,
				"x-kubernetes-group-version-kind": [{"group": "apps", "kind": "Deployment", "version": "v1"}]
			},
			"io.k8s.api.apps.v1.DeploymentSpec": {
				"type": "object", "properties": {"replicas": {"type": "integer"}}, "additionalProperties": false
			},
			"io.k8s.api.core.v1.Pod": {
				"type": "object",
				"x-kubernetes-group-version-kind": [{"group": "", "kind": "Pod", "version": "v1"}]
			},
			"io.k8s.apimachinery.pkg.api.resource.Quantity": {"oneOf": [{"type": "string"}, {"type": "number"}]},
			"io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions": {
				"type": "object",
				"x-kubernetes-group-version-kind": [
					{"group": "", "kind": "DeleteOptions", "version": "v1"}, {"group": "apps", "kind": "DeleteOptions", "version": "v1"}
				]
			}
		}}
	}`
	compare(t, got, want)
}

func TestCustom(t *testing.T) {
	got, err := custom([]byte(crd))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"httproute-gateway-v1.json": {
		"type": "object",
		"additionalProperties": false,
		"properties": {
			"metadata": {"type": "object"},
			"anything": {
				"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {"known": {"type": "string"}}
			},
			"spec": {
				"type": "object",
				"additionalProperties": false,
				"properties": {"rules": {"type": "array", "items": {
					"type": "object", "additionalProperties": false, "properties": {"name": {"type": "string"}}
				}}},
				"oneOf": [{"properties": {"rules": {"maxItems": 1}}}]
			}
		}
	}}`
	compare(t, got, want)
}

func compare(t *testing.T, got map[string]any, want string) {
	t.Helper()
	encoded, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var a, b any
	for text, into := range map[string]*any{string(encoded): &a, want: &b} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
	}
	if diff := cmp.Diff(b, a); diff != "" {
		t.Errorf("the schemas differ (-want +got):\n%s", diff)
	}
}

func TestRunWritesOneFileForEachSchema(t *testing.T) {
	folder := t.TempDir()
	source := filepath.Join(folder, "crd.yaml")
	if err := os.WriteFile(source, []byte(crd), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(folder, "schemas")
	if count, err := run(out, "", []string{source}); count != 1 || err != nil {
		t.Fatalf("run = %d, %v, want 1 schema", count, err)
	}
	if _, err := os.Stat(filepath.Join(out, "httproute-gateway-v1.json")); err != nil {
		t.Error(err)
	}
}

func TestRunRefuses(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	tests := []struct {
		name, out, swagger string
		crds               []string
		want               string
	}{
		{"nowhere to write to", "", write("ok.json", swagger), nil, "-out"},
		{"nothing to read", folder, "", nil, "-swagger"},
		{"a file that is not there", folder, filepath.Join(folder, "gone.json"), nil, "gone.json"},
		{"a release that describes nothing", folder, write("empty.json", "{}"), nil, "empty.json: there are no definitions"},
		{"a release that is no JSON", folder, write("broken.json", "{"), nil, "broken.json"},
		{"a resource that is no definition", folder, "", []string{write("pod.yaml", "kind: Pod")}, "pod.yaml: it defines no custom"},
		{"a definition that is no YAML", folder, "", []string{write("broken.yaml", "{")}, "broken.yaml"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := run(test.out, test.swagger, test.crds)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("run = %v, want an error with %q", err, test.want)
			}
		})
	}
}
