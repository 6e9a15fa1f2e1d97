package talktest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// selection is one field of a GraphQL text, with its arguments and what is asked of its value.
type selection struct {
	name   string
	args   map[string]any
	fields []selection
}

// tokens are those of the GraphQL grammar that administrators' texts need: no fragments, directives or block strings.
var tokens = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*|\$[A-Za-z_][A-Za-z0-9_]*|"(?:[^"\\]|\\.)*"|-?[0-9]+(?:\.[0-9]+)?|[^\s,]`)

// parseQuery reads one operation and puts the variables into its arguments.
func parseQuery(text string, variables map[string]any) ([]selection, error) {
	p := &queryParser{tokens: tokens.FindAllString(text, -1), variables: variables}
	if p.peek() == "query" || p.peek() == "mutation" {
		for p.peek() != "{" && p.peek() != "(" && p.peek() != "" {
			p.next()
		}
		p.skipDefinitions()
	}
	fields := p.selections()
	if p.err == nil && p.peek() != "" {
		p.fail(p.peek())
	}
	return fields, p.err
}

// queryParser keeps its first error and from then on finds the text to have ended.
type queryParser struct {
	tokens    []string
	variables map[string]any
	err       error
}

func (p *queryParser) peek() string {
	if p.err != nil || len(p.tokens) == 0 {
		return ""
	}
	return p.tokens[0]
}

func (p *queryParser) next() string {
	token := p.peek()
	if token != "" {
		p.tokens = p.tokens[1:]
	}
	return token
}

func (p *queryParser) fail(token string) {
	if p.err == nil {
		p.err = fmt.Errorf("syntax error: unexpected %q", token)
	}
}

func (p *queryParser) expect(wanted string) {
	if token := p.next(); token != wanted {
		p.fail(token)
	}
}

// skipDefinitions passes over the types of the variables: the values say what they are.
func (p *queryParser) skipDefinitions() {
	if p.peek() != "(" {
		return
	}
	for p.peek() != ")" && p.peek() != "" {
		p.next()
	}
	p.expect(")")
}

func (p *queryParser) selections() []selection {
	var fields []selection
	p.expect("{")
	for p.peek() != "}" && p.peek() != "" {
		fields = append(fields, p.selection())
	}
	p.expect("}")
	return fields
}

func (p *queryParser) selection() selection {
	s := selection{name: p.word()}
	if p.peek() == "(" {
		p.next()
		s.args = p.pairs(")")
	}
	if p.peek() == "{" {
		s.fields = p.selections()
	}
	return s
}

func (p *queryParser) word() string {
	token := p.next()
	if token == "" || !strings.ContainsAny(token[:1], "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_") {
		p.fail(token)
	}
	return token
}

func (p *queryParser) pairs(end string) map[string]any {
	pairs := map[string]any{}
	for p.peek() != end && p.peek() != "" {
		name := p.word()
		p.expect(":")
		pairs[name] = p.value()
	}
	p.expect(end)
	return pairs
}

func (p *queryParser) value() any {
	switch token := p.next(); {
	case token == "{":
		return p.pairs("}")
	case token == "[":
		list := []any{}
		for p.peek() != "]" && p.peek() != "" {
			list = append(list, p.value())
		}
		p.expect("]")
		return list
	case strings.HasPrefix(token, "$"):
		return p.variables[token[1:]]
	default:
		var literal any // a string, a number, true, false or null is written as in JSON
		if json.Unmarshal([]byte(token), &literal) != nil {
			p.fail(token)
		}
		return literal
	}
}

// project answers a selection from a value. A field that the value does not have is one that this release does not know.
func project(value any, fields []selection) (any, error) {
	switch v := value.(type) {
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			answer, err := project(item, fields)
			if err != nil {
				return nil, err
			}
			list[i] = answer
		}
		return list, nil
	case map[string]any:
		return projectObject(v, fields)
	default:
		return value, nil
	}
}

func projectObject(object map[string]any, fields []selection) (any, error) {
	if len(fields) == 0 {
		return nil, fmt.Errorf("an object must have a selection of subfields")
	}
	answer := map[string]any{}
	for _, f := range fields {
		value, known := object[f.name]
		if !known {
			return nil, fmt.Errorf("Cannot query field %q", f.name)
		}
		one, err := project(value, f.fields)
		if err != nil {
			return nil, err
		}
		answer[f.name] = one
	}
	return answer, nil
}
