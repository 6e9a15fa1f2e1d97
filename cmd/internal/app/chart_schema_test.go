package app_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"chatgate/cmd/internal/app"
)

// valuesSchema is the chart's schema of values. Properties and conditions are written by hand, and so are the definitions
// but those of the gateway.
type valuesSchema struct {
	Schema               string                     `json:"$schema"`
	Title                string                     `json:"title"`
	Type                 string                     `json:"type"`
	AdditionalProperties bool                       `json:"additionalProperties"`
	If                   json.RawMessage            `json:"if"`
	Then                 json.RawMessage            `json:"then"`
	Properties           json.RawMessage            `json:"properties"`
	Definitions          map[string]json.RawMessage `json:"definitions"`
}

// gatewayDefinition begins the names of the gateway's definitions, so that none is one of the chart's own.
const gatewayDefinition = "gateway"

// A misspelt setting fails the installation and not its first pod: the chart's schema has the program's own below config.
// go test ./cmd/internal/app -run TestTheChartsSchemaHasTheGateways -update writes it (H9).
func TestTheChartsSchemaHasTheGateways(t *testing.T) {
	file := filepath.Join(chartFolder, "values.schema.json")
	committed := readFile(t, file)
	var values valuesSchema
	decoder := json.NewDecoder(strings.NewReader(committed))
	decoder.DisallowUnknownFields() // they would be lost
	if err := decoder.Decode(&values); err != nil {
		t.Fatal(err)
	}
	maps.DeleteFunc(values.Definitions, func(name string, _ json.RawMessage) bool {
		return strings.HasPrefix(name, gatewayDefinition)
	})
	maps.Copy(values.Definitions, gatewayDefinitions(t))

	made := indented(t, values)
	if *update {
		if err := os.WriteFile(file, made, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(made), committed); diff != "" {
		t.Errorf("values.schema.json is stale: run this test with -update (-made +committed):\n%s", diff)
	}
}

// gatewayDefinitions are the schema of the program and what it refers to, as draft-07 has definitions: Helm 3 knows no
// later draft. What the program's schema says otherwise is the same in both.
func gatewayDefinitions(t *testing.T) map[string]json.RawMessage {
	t.Helper()
	text, err := app.JSONSchema(app.Chats())
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.ReplaceAll(text, []byte(`"#/$defs/`), []byte(`"#/definitions/`+gatewayDefinition+`.`))
	var root map[string]json.RawMessage
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	var below map[string]json.RawMessage
	if err := json.Unmarshal(root["$defs"], &below); err != nil {
		t.Fatal(err)
	}
	delete(root, "$defs")
	delete(root, "$schema")
	definitions := map[string]json.RawMessage{gatewayDefinition: indented(t, root)}
	for name, definition := range below {
		definitions[gatewayDefinition+"."+name] = definition
	}
	return definitions
}

func indented(t *testing.T, v any) []byte {
	t.Helper()
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(v); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
