package app

import (
	"cmp"
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// set converts text to v's type within the rule. Its errors continue "key: ".
func (r rule) set(v reflect.Value, text string) error {
	if len(r.enum) > 0 && !slices.Contains(r.enum, text) {
		return fmt.Errorf("must be one of %s", strings.Join(r.enum, ", "))
	}
	value := reflect.New(v.Type()).Elem()
	if err := setText(value, text); err != nil {
		return err
	}
	if r.min != "" && compareText(value, r.min) < 0 {
		return fmt.Errorf("must be at least %s", r.min)
	}
	if r.max != "" && compareText(value, r.max) > 0 {
		return fmt.Errorf("must be at most %s", r.max)
	}
	v.Set(value)
	return nil
}

// compareText compares a number or duration with a bound as a tag has it.
func compareText(v reflect.Value, bound string) int {
	limit := reflect.New(v.Type()).Elem()
	if err := setText(limit, bound); err != nil {
		return 0 // a tag that is no number bounds nothing
	}
	switch {
	case v.CanInt():
		return cmp.Compare(v.Int(), limit.Int())
	case v.CanUint():
		return cmp.Compare(v.Uint(), limit.Uint())
	case v.CanFloat():
		return cmp.Compare(v.Float(), limit.Float())
	}
	return 0
}

// setDefault converts a default tag to v's type.
func setDefault(v reflect.Value, text string) error {
	switch {
	case v.Kind() == reflect.Pointer:
		target := reflect.New(v.Type().Elem())
		v.Set(target)
		return setDefault(target.Elem(), text)
	case v.Kind() == reflect.Slice && !isText(v.Type()):
		items := splitList(text)
		v.Set(reflect.MakeSlice(v.Type(), len(items), len(items)))
		for i, item := range items {
			if err := setText(v.Index(i), item); err != nil {
				return err
			}
		}
		return nil
	}
	return setText(v, text)
}

// setText converts a scalar's text to v's type. Its errors continue "key: " and do not show the text themselves.
func setText(v reflect.Value, text string) error {
	t := v.Type()
	if isText(t) {
		return unmarshal(v.Addr().Interface().(encoding.TextUnmarshaler), text)
	}
	var err error
	switch {
	case t == durationType:
		var duration time.Duration
		duration, err = time.ParseDuration(text)
		v.SetInt(int64(duration))
	case t.Kind() == reflect.String:
		v.SetString(text)
	case t.Kind() == reflect.Bool:
		v.SetBool(text == "true")
		if text != "true" && text != "false" {
			err = strconv.ErrSyntax
		}
	case isNumber(t):
		err = setNumber(v, text)
	default:
		return fmt.Errorf("is of a type (%s) that cannot be configured", t)
	}
	switch {
	case errors.Is(err, strconv.ErrRange):
		return fmt.Errorf("must be %s that fits in %s", expected(t), t.Kind())
	case err != nil:
		return fmt.Errorf("must be %s", expected(t))
	}
	return nil
}

// setNumber reads decimal numbers only: YAML 1.1 and 1.2 disagree about what 010 is.
func setNumber(v reflect.Value, text string) error {
	digits := strings.TrimPrefix(text, "-")
	if len(digits) > 1 && digits[0] == '0' && digits[1] != '.' || strings.ContainsAny(text, "_+xXpPnNeE") {
		return strconv.ErrSyntax
	}
	bits := v.Type().Bits()
	switch {
	case v.CanInt():
		i, err := strconv.ParseInt(text, 10, bits)
		v.SetInt(i)
		return err
	case v.CanUint():
		u, err := strconv.ParseUint(text, 10, bits)
		v.SetUint(u)
		return err
	default:
		f, err := strconv.ParseFloat(text, bits)
		v.SetFloat(f)
		return err
	}
}

// unmarshal has a type read itself, and turns an error in another library's words into half of a sentence.
func unmarshal(target encoding.TextUnmarshaler, text string) error {
	err := target.UnmarshalText([]byte(text))
	if err == nil || strings.HasPrefix(err.Error(), "must ") {
		return err
	}
	return fmt.Errorf("is not valid (%w)", err)
}

// isNumber reports whether t is a number in the file as well; a duration needs its unit.
func isNumber(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64,
		reflect.Float32, reflect.Float64:
		return t != durationType
	}
	return false
}
