package limit_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"chatgate/gateway/limit"
)

func TestSettingsCheck(t *testing.T) {
	for _, tc := range []struct {
		name     string
		settings limit.Settings
		want     []string
	}{
		{"nothing limited is allowed", limit.Settings{}, nil},
		{"ordinary limits", limit.Settings{LoginStartsPerAddress: 600, WarmCallsPerSession: 120}, nil},
		{"negative", limit.Settings{ResumesPerSession: -1}, []string{"resumesPerSession: must be between 0 and 1000000, got -1"}},
		{"absurd", limit.Settings{WarmCallsPerAddress: 2_000_000}, []string{"warmCallsPerAddress: must be between 0 and 1000000, got 2000000"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var got []string
			tc.settings.Check(func(key, problem string) { got = append(got, key+": "+problem) })
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

// Every setting is documented, has a default, is checked, and ends up in exactly one rule with a name of its own.
func TestEverySettingIsARule(t *testing.T) {
	var settings limit.Settings
	v := reflect.ValueOf(&settings).Elem()
	for i := range v.NumField() {
		tag := v.Type().Field(i).Tag
		if tag.Get("yaml") == "" || tag.Get("default") == "" || !strings.HasSuffix(tag.Get("doc"), ".") {
			t.Errorf("%s lacks its yaml, default or doc tag", v.Type().Field(i).Name)
		}
		v.Field(i).SetInt(-1)
	}
	var reported []string
	settings.Check(func(key, _ string) { reported = append(reported, key) })
	for i := range v.NumField() {
		if key := v.Type().Field(i).Tag.Get("yaml"); !slices.Contains(reported, key) {
			t.Errorf("Check does not look at %s", key)
		}
		v.Field(i).SetInt(int64(i + 1))
	}
	rules := reflect.ValueOf(settings.Rules())
	names, sum := map[string]bool{}, 0
	for i := range rules.NumField() {
		rule := rules.Field(i).Interface().(limit.Rule)
		names[rule.Name] = true
		sum += rule.Max
		if rule.Per != time.Minute {
			t.Errorf("rule %s is per %s, want 1m", rule.Name, rule.Per)
		}
	}
	n := v.NumField()
	if len(names) != n || rules.NumField() != n || sum != n*(n+1)/2 {
		t.Errorf("%d settings make %d rules with %d names, want one rule each", n, rules.NumField(), len(names))
	}
}

func TestNamesAreThoseOfEveryRule(t *testing.T) {
	rules := limit.Settings{}.Rules()
	var want []string
	for _, field := range reflect.ValueOf(rules).Fields() {
		want = append(want, field.Interface().(limit.Rule).Name)
	}
	if diff := cmp.Diff(want, rules.Names()); diff != "" {
		t.Errorf("Names() (-want +got):\n%s", diff)
	}
}
