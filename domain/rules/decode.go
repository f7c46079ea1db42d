package rules

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// largestFile bounds what is read; both files are a few kilobytes.
const largestFile = 1 << 20

// decodeStrict reads one JSON document into v. It refuses a member that v does
// not have, that comes twice or is null, one that is missing (unless v may leave
// it out), and anything after the document: a mistyped rule must not pass for
// another, nor a forgotten one for zero. allowed may refuse a member by its path,
// such as editions[0].ages.capacity; nil refuses none.
func decodeStrict(r io.Reader, v any, allowed func(path string) error) error {
	data, err := io.ReadAll(io.LimitReader(r, largestFile+1))
	if err != nil {
		return err
	}
	if len(data) > largestFile {
		return fmt.Errorf("the file is larger than %d bytes", largestFile)
	}
	var one json.RawMessage // read first, because that bounds how deep the walk below goes
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(&one); err != nil {
		return fmt.Errorf("this is not a JSON document: %w", err)
	}
	if err := checkMembers(json.NewDecoder(bytes.NewReader(data)), "", allowed); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
			return fmt.Errorf("the member %s is not known", name)
		}
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more after the end of the document")
	}
	whole, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return noMemberMissing(data, whole)
}

// checkMembers walks one value of d. It refuses a member that comes twice, is null,
// is not in small letters, or is not allowed.
func checkMembers(d *json.Decoder, path string, allowed func(path string) error) error {
	t, err := d.Token()
	if err != nil {
		return fmt.Errorf("this is not a JSON document: %w", err)
	}
	switch t {
	case nil:
		return fmt.Errorf("%s is null: give a value", path)
	case json.Delim('{'):
		seen := map[string]bool{}
		for d.More() {
			t, err := d.Token()
			if err != nil {
				return fmt.Errorf("this is not a JSON document: %w", err)
			}
			name := t.(string) // a key, or Token had failed
			at := strings.TrimPrefix(path+"."+name, ".")
			if name != strings.ToLower(name) { // encoding/json would take it
				return fmt.Errorf("the member %s is not known: names are in small letters", at)
			}
			if seen[name] {
				return fmt.Errorf("the member %s comes twice", at)
			}
			seen[name] = true
			if allowed != nil {
				if err := allowed(at); err != nil {
					return err
				}
			}
			if err := checkMembers(d, at, allowed); err != nil {
				return err
			}
		}
	case json.Delim('['):
		for i := 0; d.More(); i++ {
			if err := checkMembers(d, fmt.Sprintf("%s[%d]", path, i), allowed); err != nil {
				return err
			}
		}
	default:
		return nil
	}
	if _, err := d.Token(); err != nil { // the closing bracket
		return fmt.Errorf("this is not a JSON document: %w", err)
	}
	return nil
}

// noMemberMissing compares what was given with the same value written whole.
func noMemberMissing(given, whole []byte) error {
	var g, w any
	if err := json.Unmarshal(given, &g); err != nil {
		return err
	}
	if err := json.Unmarshal(whole, &w); err != nil {
		return err
	}
	return missing(g, w, "")
}

func missing(given, whole any, path string) error {
	switch w := whole.(type) {
	case map[string]any:
		g, _ := given.(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(w)) {
			at := strings.TrimPrefix(path+"."+name, ".")
			if _, ok := g[name]; !ok {
				return fmt.Errorf("the member %s is missing", at)
			}
			if err := missing(g[name], w[name], at); err != nil {
				return err
			}
		}
	case []any:
		g, _ := given.([]any)
		for i := range min(len(g), len(w)) {
			if err := missing(g[i], w[i], fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
	}
	return nil
}
