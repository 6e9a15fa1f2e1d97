package main

import (
	"encoding/json"
	"errors"
	"strings"

	"go.yaml.in/yaml/v3"
)

// definitions is the file that the schemas of built-in kinds share.
const definitions = "_definitions.json"

// Types that are more than one thing in a manifest, and only strings in Kubernetes' own description.
var eitherWay = map[string]any{
	"io.k8s.apimachinery.pkg.util.intstr.IntOrString": oneOf("string", "integer"),
	"io.k8s.apimachinery.pkg.api.resource.Quantity":   oneOf("string", "number"),
}

func oneOf(types ...string) map[string]any {
	alternatives := make([]any, 0, len(types))
	for _, t := range types {
		alternatives = append(alternatives, map[string]any{"type": t})
	}
	return map[string]any{"oneOf": alternatives}
}

// builtIn makes one schema for each kind that a release's swagger.json describes, and the definitions they refer to.
func builtIn(swagger []byte) (map[string]any, error) {
	var release struct {
		Definitions map[string]map[string]any `json:"definitions"`
	}
	if err := json.Unmarshal(swagger, &release); err != nil {
		return nil, err
	}
	if len(release.Definitions) == 0 {
		return nil, errors.New("there are no definitions")
	}
	all := make(map[string]any, len(release.Definitions))
	files := map[string]any{definitions: map[string]any{"definitions": all}}
	for name, definition := range release.Definitions {
		all[name] = definition
		if either, ok := eitherWay[name]; ok {
			all[name] = either
			continue
		}
		strict(definition)
		if group, kind, version, ok := manifest(definition); ok {
			files[fileName(group, kind, version)] = map[string]any{"$ref": definitions + "#/definitions/" + name}
		}
	}
	return files, nil
}

// manifest says what a definition is called in a manifest. What belongs to many groups, as DeleteOptions does, is part
// of requests and stands in none.
func manifest(definition map[string]any) (group, kind, version string, ok bool) {
	names, _ := definition["x-kubernetes-group-version-kind"].([]any)
	if len(names) != 1 {
		return "", "", "", false
	}
	name, _ := names[0].(map[string]any)
	group, _ = name["group"].(string)
	kind, _ = name["kind"].(string)
	version, _ = name["version"].(string)
	return group, kind, version, kind != "" && version != ""
}

// fileName follows what kubeconform puts in for {{.ResourceKind}}{{.KindSuffix}}.
func fileName(group, kind, version string) string {
	parts := []string{kind}
	if group != "" {
		first, _, _ := strings.Cut(group, ".")
		parts = append(parts, first)
	}
	return strings.ToLower(strings.Join(append(parts, version), "-")) + ".json"
}

// custom makes one schema for each version that a CustomResourceDefinition serves.
func custom(crd []byte) (map[string]any, error) {
	var definition struct {
		Kind string
		Spec struct {
			Group    string
			Names    struct{ Kind string }
			Versions []struct {
				Name   string
				Served bool
				Schema struct {
					Root map[string]any `yaml:"openAPIV3Schema"`
				}
			}
		}
	}
	if err := yaml.Unmarshal(crd, &definition); err != nil {
		return nil, err
	}
	if definition.Kind != "CustomResourceDefinition" {
		return nil, errors.New("it defines no custom resource")
	}
	files := map[string]any{}
	for _, version := range definition.Spec.Versions {
		if !version.Served {
			continue
		}
		strict(version.Schema.Root)
		files[fileName(definition.Spec.Group, definition.Spec.Names.Kind, version.Name)] = version.Schema.Root
	}
	return files, nil
}

// strict closes a schema and those below it against fields that they do not name. It leaves alone what stands under
// allOf, anyOf, oneOf and not: that speaks of a part of the fields only.
func strict(schema map[string]any) {
	properties, named := schema["properties"].(map[string]any)
	for _, property := range properties {
		strictly(property)
	}
	strictly(schema["items"])
	strictly(schema["additionalProperties"])
	if _, decided := schema["additionalProperties"]; named && !decided && schema["x-kubernetes-preserve-unknown-fields"] != true {
		schema["additionalProperties"] = false
	}
}

// strictly passes over what is no schema.
func strictly(value any) {
	if schema, ok := value.(map[string]any); ok {
		strict(schema)
	}
}
