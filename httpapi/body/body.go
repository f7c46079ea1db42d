// Package body reads and writes the JSON of requests and answers. It refuses what
// two readers of JSON may understand differently.
package body

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"

	"tizilim/domain"
	"tizilim/httpapi/problem"
)

// maxDepth bounds how deep a body may be nested; the deepest that an operation
// takes is 3.
const maxDepth = 16

// maxValues bounds how many values a body may have: objects, lists, texts, numbers and
// booleans, at every level. The longest list that an operation takes has 1000 items.
// What a value costs later, in checks and in the canonical form that is signed, is many
// times what it costs to read.
const maxValues = 5000

// JSON reads and writes bodies. The reader of the standard library is too lenient
// for a registry: it replaces bytes that are not UTF-8, takes the last of two
// members of one name, and reads null as a member that is left out. JSON refuses
// such a body with the member at fault.
var JSON = huma.Format{
	Marshal: Write,
	Unmarshal: func(data []byte, v any) error {
		if _, form := v.(*any); form { // the first of two readings, for the form checks
			if err := checkJSON(data); err != nil {
				return err
			}
			return json.Unmarshal(data, v)
		}
		if err := json.Unmarshal(data, v); err != nil {
			return misread(data, reflect.TypeOf(v).Elem(), "", err)
		}
		return nil
	},
}

// forAnswers are how answers are written: as the standard library does, but instants stand in one zone,
// [domain.Zone], in which the days of the registry are counted, and a list of nothing is [], never null.
var forAnswers = jsonv2.JoinOptions(
	jsonv1.DefaultOptionsV1(),
	jsonv2.FormatNilSliceAsNull(false),
	jsonv2.WithMarshalers(jsonv2.MarshalToFunc(func(out *jsontext.Encoder, t time.Time) error {
		text := t.In(domain.Zone).AppendFormat(append(out.AvailableBuffer(), '"'), time.RFC3339Nano)
		return out.WriteValue(append(text, '"'))
	})),
)

// Marshal returns the JSON of an answer, or of a part of it.
func Marshal(v any) ([]byte, error) { return jsonv2.Marshal(v, forAnswers) }

// Write writes the JSON of an answer, or of a line of it, and ends the line.
func Write(w io.Writer, v any) error {
	text, err := Marshal(v)
	if err == nil {
		_, err = w.Write(append(text, '\n'))
	}
	return err
}

// checkJSON refuses a body that is not JSON, or that two readers may understand
// differently.
func checkJSON(data []byte) error {
	if len(data) >= 3 && string(data[:3]) == "\xef\xbb\xbf" {
		return domain.Refuse(domain.Invalid, domain.CodeMalformed,
			"the body begins with a byte order mark; send the JSON without it")
	}
	if !utf8.Valid(data) {
		return domain.Refuse(domain.Invalid, domain.CodeInvalidUTF8, "the body is not valid UTF-8; send it in that encoding")
	}
	if at, ok := loneSurrogate(data); ok {
		return domain.Refuse(domain.Invalid, domain.CodeInvalidUTF8,
			`the body has half a character at byte %d: write \u escapes beyond U+FFFF in pairs, `+
				`or write the character itself`, at)
	}
	c := jsonCheck{decoder: json.NewDecoder(bytes.NewReader(data))}
	c.decoder.UseNumber()
	if err := c.value("", 0); err != nil {
		return err
	}
	if _, err := c.decoder.Token(); !errors.Is(err, io.EOF) {
		return domain.Refuse(domain.Invalid, domain.CodeMalformed,
			"something follows the JSON of the body at byte %d; send one JSON object and nothing else", c.decoder.InputOffset())
	}
	return nil
}

type jsonCheck struct {
	decoder *json.Decoder
	values  int // read until now
}

func (c *jsonCheck) value(path string, depth int) error {
	token, err := c.decoder.Token()
	if err != nil {
		return domain.Refuse(domain.Invalid, domain.CodeMalformed,
			"the body is not valid JSON: mend it at byte %d", c.decoder.InputOffset())
	}
	if depth > maxDepth {
		return domain.Refuse(domain.Invalid, domain.CodeMalformed,
			"the body is nested deeper than any operation takes: at most %d levels", maxDepth)
	}
	if c.values++; c.values > maxValues {
		return domain.Refuse(domain.Invalid, domain.CodeMalformed,
			"the body has more values than any operation takes: at most %d", maxValues)
	}
	switch v := token.(type) {
	case nil:
		return domain.Refuse(domain.Invalid, domain.CodeWrongType,
			"null has no meaning here; leave the member out, or give it a value").At(path)
	case json.Number:
		if _, err := strconv.ParseFloat(string(v), 64); err != nil {
			return domain.Refuse(domain.Invalid, domain.CodeMalformed,
				"this number is too large for the registry; send a smaller one").At(path)
		}
	case string:
		if i := strings.IndexFunc(v, domain.Hidden); i >= 0 {
			r, _ := utf8.DecodeRuneInString(v[i:])
			return domain.Refuse(domain.Invalid, domain.CodeMalformed,
				"the text has the character U+%04X, which nobody can see; remove it", r).At(path)
		}
	case json.Delim:
		if v == '{' {
			return c.object(path, depth)
		}
		return c.list(path, depth)
	}
	return nil
}

func (c *jsonCheck) object(path string, depth int) error {
	seen := map[string]bool{}
	for c.decoder.More() {
		token, err := c.decoder.Token()
		if err != nil {
			return c.cut()
		}
		name := token.(string) // the decoder takes nothing else as the name of a member
		// huma builds the path of a member in one buffer, and takes back only what follows
		// the last point or bracket.
		if strings.ContainsAny(name, ".[") {
			return domain.Refuse(domain.Invalid, domain.CodeMalformed,
				"the name of a member has a point or a bracket; no operation has such a member").At(path)
		}
		member := problem.MemberPath(path, name)
		if seen[name] {
			return domain.Refuse(domain.Invalid, domain.CodeMalformed,
				"the object has two members of this name; send one").At(member)
		}
		seen[name] = true
		if err := c.value(member, depth+1); err != nil {
			return err
		}
	}
	return c.end()
}

func (c *jsonCheck) list(path string, depth int) error {
	for i := 0; c.decoder.More(); i++ {
		if err := c.value(fmt.Sprintf("%s[%d]", path, i), depth+1); err != nil {
			return err
		}
	}
	return c.end()
}

func (c *jsonCheck) end() error {
	if _, err := c.decoder.Token(); err != nil {
		return c.cut()
	}
	return nil
}

func (c *jsonCheck) cut() error {
	return domain.Refuse(domain.Invalid, domain.CodeMalformed,
		"the body is not valid JSON: mend it at byte %d", c.decoder.InputOffset())
}

// loneSurrogate finds an escaped half of a UTF-16 pair without its other half.
func loneSurrogate(data []byte) (at int, found bool) {
	half := func(i int) (rune, bool) {
		if i+6 > len(data) || data[i] != '\\' || data[i+1] != 'u' {
			return 0, false
		}
		n, err := strconv.ParseUint(string(data[i+2:i+6]), 16, 16)
		return rune(n), err == nil
	}
	for i := 0; i < len(data); i++ {
		if data[i] != '\\' {
			continue
		}
		r, ok := half(i)
		switch {
		case !ok:
			i++ // another escape: its second byte may be a backslash
		case r >= 0xd800 && r < 0xdc00:
			low, ok := half(i + 6)
			if !ok || low < 0xdc00 || low > 0xdfff {
				return i, true
			}
			i += 11
		case r >= 0xdc00 && r <= 0xdfff:
			return i, true
		default:
			i += 5
		}
	}
	return 0, false
}

// misread finds the member of a well-formed body that could not be read into its
// type, for example a day that is in no calendar. The JSON reader does not say
// which one it was.
func misread(data []byte, t reflect.Type, path string, cause error) error {
	switch t.Kind() {
	case reflect.Struct:
		var members map[string]json.RawMessage
		if reflect.PointerTo(t).Implements(unmarshaler) || json.Unmarshal(data, &members) != nil {
			break
		}
		for _, f := range reflect.VisibleFields(t) {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			raw, sent := members[name]
			if !sent {
				continue
			}
			if err := json.Unmarshal(raw, reflect.New(f.Type).Interface()); err != nil {
				return misread(raw, f.Type, problem.MemberPath(path, name), err)
			}
		}
	case reflect.Slice:
		var items []json.RawMessage
		if json.Unmarshal(data, &items) != nil {
			break
		}
		for i, raw := range items {
			if err := json.Unmarshal(raw, reflect.New(t.Elem()).Interface()); err != nil {
				return misread(raw, t.Elem(), fmt.Sprintf("%s[%d]", path, i), err)
			}
		}
	}
	var refusal *domain.Error
	if errors.As(cause, &refusal) {
		return refusal.At(path)
	}
	return domain.Refuse(domain.Invalid, domain.CodeIDFormat, problem.IDSentence).At(path)
}

var unmarshaler = reflect.TypeFor[interface{ UnmarshalText([]byte) error }]()
