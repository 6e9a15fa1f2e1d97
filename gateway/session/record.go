package session

import (
	"encoding"
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"time"

	"chatgate/oidc"
)

// record is the field "s". It is read at every call of every chat and kept for every session, so it is encoded by hand:
// strings with their length in front, numbers as varints. A decoded record shares one string among all its parts.
type record struct {
	Identity oidc.Identity
	Begun    int64 // Unix seconds
	Ends     int64 // Unix seconds
	// Rechecked is when the provider last said who this is, and Due when it is asked again; both Unix seconds, 0 where
	// it cannot be asked.
	Rechecked, Due int64
}

var (
	_ encoding.BinaryMarshaler   = record{}
	_ encoding.BinaryUnmarshaler = (*record)(nil)
)

// recordVersion is raised when a reader of the former version would go wrong. What is only added goes to the end, where
// that reader does not look, so that two versions can work on one store (D24).
const recordVersion = 1

var errRecord = errors.New("not a session record")

// MarshalBinary writes the record.
func (r record) MarshalBinary() ([]byte, error) {
	id := r.Identity
	out := make([]byte, 0, 256)
	out = append(out, recordVersion)
	for _, text := range []string{id.Provider, id.Subject, id.SID, id.Username, id.Name, id.Email, id.Picture, id.ACR} {
		out = appendText(out, text)
	}
	verified := uint64(0)
	if id.EmailVerified {
		verified = 1
	}
	out = binary.AppendUvarint(out, verified)
	var authenticated int64
	if !id.AuthTime.IsZero() {
		authenticated = id.AuthTime.Unix()
	}
	for _, n := range []int64{r.Begun, r.Ends, authenticated} {
		out = binary.AppendVarint(out, n)
	}
	// One more than there are, since no groups and an unreadable claim are two things (S53).
	groups := uint64(0)
	if id.Groups != nil {
		groups = uint64(len(id.Groups)) + 1
	}
	out = binary.AppendUvarint(out, groups)
	for _, group := range id.Groups {
		out = appendText(out, group)
	}
	out = appendTexts(out, id.Custom)
	for _, n := range []int64{r.Rechecked, r.Due} {
		out = binary.AppendVarint(out, n)
	}
	return out, nil
}

// appendTexts writes the keys in order, so that equal records are equal bytes.
func appendTexts(out []byte, texts map[string]string) []byte {
	out = binary.AppendUvarint(out, uint64(len(texts)))
	for _, key := range slices.Sorted(maps.Keys(texts)) {
		out = appendText(appendText(out, key), texts[key])
	}
	return out
}

func appendText(out []byte, text string) []byte {
	return append(binary.AppendUvarint(out, uint64(len(text))), text...)
}

// UnmarshalBinary reads what MarshalBinary wrote and refuses everything else.
func (r *record) UnmarshalBinary(data []byte) error {
	if len(data) == 0 || data[0] != recordVersion {
		return errRecord
	}
	in := reader{bytes: data[1:], text: string(data[1:])}
	id := &r.Identity
	for _, text := range [...]*string{&id.Provider, &id.Subject, &id.SID, &id.Username, &id.Name, &id.Email, &id.Picture, &id.ACR} {
		*text = in.string()
	}
	id.EmailVerified = in.uvarint() == 1
	r.Begun, r.Ends = in.varint(), in.varint()
	if authenticated := in.varint(); authenticated != 0 {
		id.AuthTime = time.Unix(authenticated, 0)
	}
	if groups := in.uvarint(); groups > 0 {
		id.Groups = in.strings(groups - 1)
	}
	if len(in.bytes) > 0 { // absent in records of a version without custom claims (D24)
		id.Custom = in.texts(in.uvarint())
	}
	if len(in.bytes) > 0 { // absent in records of a version that never asked again (D24)
		r.Rechecked, r.Due = in.varint(), in.varint()
	}
	if in.failed {
		return errRecord
	}
	return nil
}

// reader takes a record apart. After the first thing that is not there it gives zero values.
type reader struct {
	bytes  []byte
	text   string // the same bytes
	failed bool
}

func (r *reader) uvarint() uint64 {
	n, size := binary.Uvarint(r.bytes)
	r.number(size)
	return n
}

func (r *reader) varint() int64 {
	n, size := binary.Varint(r.bytes)
	r.number(size)
	return n
}

// number moves past a varint; one that is cut short or too long has a size of 0 or less.
func (r *reader) number(size int) {
	if size <= 0 {
		r.failed = true
		return
	}
	r.bytes, r.text = r.bytes[size:], r.text[size:]
}

func (r *reader) string() string {
	size := r.uvarint()
	if r.failed || size > uint64(len(r.bytes)) {
		r.failed = true
		return ""
	}
	text := r.text[:size]
	r.bytes, r.text = r.bytes[size:], r.text[size:]
	return text
}

// strings reads so many texts, each of which takes at least a byte.
func (r *reader) strings(count uint64) []string {
	if r.failed || count > uint64(len(r.bytes)) {
		r.failed = true
		return nil
	}
	all := make([]string, count)
	for i := range all {
		all[i] = r.string()
	}
	return all
}

// texts reads so many keys with their texts; none is nil.
func (r *reader) texts(count uint64) map[string]string {
	if r.failed || count > uint64(len(r.bytes)) {
		r.failed = true
		return nil
	}
	if count == 0 {
		return nil
	}
	texts := make(map[string]string, count)
	for range count {
		key := r.string()
		texts[key] = r.string()
	}
	return texts
}
