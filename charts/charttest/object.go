package charttest

import (
	"fmt"
	"slices"
)

// Object is one rendered object of Kubernetes.
type Object map[string]any

// Kind of the object, as in "Deployment".
func (o Object) Kind() string { return o.Text("kind") }

// String says which object it is, for messages.
func (o Object) String() string {
	return fmt.Sprintf("%s %s", o.Kind(), o.Text("metadata", "name"))
}

// At follows keys downwards; nil where one is missing.
func (o Object) At(path ...string) any {
	var at any = map[string]any(o)
	for _, key := range path {
		fields, ok := at.(map[string]any)
		if !ok {
			return nil
		}
		at = fields[key]
	}
	return at
}

// Text is a string below the object; empty where there is none.
func (o Object) Text(path ...string) string {
	text, _ := o.At(path...).(string)
	return text
}

// Fields is a map below the object; nil where there is none.
func (o Object) Fields(path ...string) Object {
	fields, _ := o.At(path...).(map[string]any)
	return fields
}

// List is a list of maps below the object. What is no map is left out.
func (o Object) List(path ...string) []Object {
	items, _ := o.At(path...).([]any)
	var all []Object
	for _, item := range items {
		if fields, ok := item.(map[string]any); ok {
			all = append(all, fields)
		}
	}
	return all
}

// Pod is the specification of the pods that the object makes, or is; nil where it makes none.
func (o Object) Pod() Object {
	if o.Kind() == "Pod" {
		return o.Fields("spec")
	}
	return o.Fields("spec", "template", "spec")
}

// Containers are those of the pods that the object makes, the ones that run first included.
func (o Object) Containers() []Object {
	pod := o.Pod()
	return slices.Concat(pod.List("initContainers"), pod.List("containers"))
}

// Of picks the objects of one kind.
func Of(objects []Object, kind string) []Object {
	return slices.DeleteFunc(slices.Clone(objects), func(o Object) bool { return o.Kind() != kind })
}
