package app

import (
	"maps"
	"reflect"
	"slices"
)

// restartSettings cannot change while the gateway runs: where it listens, where its records and audit lines are, and
// whether it is for people at all.
var restartSettings = []string{
	"listen.public", "listen.admin", "listen.tls", "listen.tls.certificate", "listen.tls.key", "audit.output", "development",
	"redis.memory", "redis.keyPrefix", "redis.standalone", "redis.standalone.address", "redis.standalone.database",
	"redis.sentinel", "redis.sentinel.master", "redis.sentinel.database", "redis.cluster",
}

// changes are the settings in which two configurations differ, by their paths and without their values.
func changes(before, after *Config) []string {
	var paths []string
	compare(reflect.ValueOf(*before), reflect.ValueOf(*after), "", func(path string) { paths = append(paths, path) })
	return paths
}

// needingRestart are those of the changes that a running gateway cannot take up.
func needingRestart(changed []string) (paths []string) {
	for _, path := range changed {
		if slices.Contains(restartSettings, path) {
			paths = append(paths, path)
		}
	}
	return paths
}

// compare tells of every setting that differs, as deep down as both sides have it.
func compare(before, after reflect.Value, path string, differs func(path string)) {
	switch t := before.Type(); {
	case t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface:
		a, b := before.Elem(), after.Elem()
		switch {
		case a.IsValid() && b.IsValid() && a.Type() == b.Type():
			compare(a, b, path, differs)
		case a.IsValid() || b.IsValid():
			differs(path)
		}
	case isSection(t):
		for _, f := range fieldsOf(t) {
			compare(before.FieldByIndex(f.index), after.FieldByIndex(f.index), join(path, f.name), differs)
		}
	case t.Kind() == reflect.Map && t.Key().Kind() == reflect.String:
		compareMaps(before, after, path, differs)
	case !reflect.DeepEqual(before.Interface(), after.Interface()):
		differs(path)
	}
}

func compareMaps(before, after reflect.Value, path string, differs func(path string)) {
	names := map[string]reflect.Value{}
	for _, m := range []reflect.Value{before, after} {
		for _, key := range m.MapKeys() {
			names[key.String()] = key
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		a, b := before.MapIndex(names[name]), after.MapIndex(names[name])
		if a.IsValid() && b.IsValid() {
			compare(a, b, join(path, name), differs)
		} else {
			differs(join(path, name))
		}
	}
}
