package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/eventstore"
	"tizilim/projections"
)

// TestNoPersonalValueOfTheDemonstrationLiesInClear tells the whole story to a server that logs
// all it can, and then looks for every personal value that was used, as the log has it when it
// is opened. The outbox is left out: it stands for the gateway, which must have the texts.
func TestNoPersonalValueOfTheDemonstrationLiesInClear(t *testing.T) {
	data, redis := dataDir(t), startRedis(t, freePort(t))
	s := serve(t, data, "127.0.0.1:0", "--redis", redis, "--log-level", "debug", "--quiet")
	use(t, "demo", "--url", s.url, "--data", data)
	ctx := testContext(t)
	e, err := readEndpoints(data)
	if err != nil {
		t.Fatal(err)
	}
	masters, err := openMasterKeys(keysDir(data))
	if err != nil {
		t.Fatal(err)
	}
	store, err := e.openEventStore(credentials{}, eventstore.WithMasterKeys(masters))
	if err != nil {
		t.Fatal(err)
	}
	streams, raw := rawLog(ctx, t, store)
	values := personalValues(ctx, t, store, streams)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	for _, used := range []string{"БК 000001", "Ол тұрғын үй менікі емес."} {
		if !values[used] {
			t.Errorf("%q is not among the values that are looked for", used)
		}
	}
	if len(values) < 60 {
		t.Errorf("only %d values are looked for", len(values))
	}
	places := map[string]string{
		"the events as they are stored": raw, "the names of streams": strings.Join(streams, "\n"),
		"Redis": redisText(ctx, t, redis), "the metrics": fetched(t, s.ops+"/metrics"),
	}
	backup := filepath.Join(filepath.Dir(data), "backup")
	use(t, "eventstore", "backup", "--data", filepath.Join(data, "eventstore"), backup)
	s.signal(os.Interrupt)
	s.exits(0)
	places["the log of the server"] = s.stderr.String() + s.stdout.String()
	places["the files of the store"] = filesText(t, filepath.Join(data, "eventstore"))
	places["the backup"] = filesText(t, backup)
	for place, text := range places {
		if len(text) < 40 {
			t.Errorf("%s: there is nothing to look at", place)
		}
		for value := range values {
			if liesIn(text, value) {
				t.Errorf("%s: %q", place, value)
			}
		}
	}
}

// liesIn reports whether the text has the value. A value of digits alone must stand alone: the
// digits of an instant, a position or an id have any six in a row by chance.
func liesIn(text, value string) bool {
	if strings.Trim(value, "0123456789") != "" {
		return strings.Contains(text, value)
	}
	number := func(b byte) bool { return '0' <= b && b <= '9' || 'a' <= b && b <= 'f' }
	for at := 0; ; {
		i := strings.Index(text[at:], value)
		if i < 0 {
			return false
		}
		from, to := at+i, at+i+len(value)
		if (from == 0 || !number(text[from-1]) && text[from-1] != '.') && (to == len(text) || !number(text[to])) {
			return true
		}
		at = from + 1
	}
}

func TestAValueOfDigitsIsFoundWhereItStandsAlone(t *testing.T) {
	for text, want := range map[string]bool{
		"123456": true, `{"code":"123456"}`: true, "Код: 123456.": true, "code 123456-x": true,
		"0123456": false, "1234567": false, "a123456": false, "123456e": false, "0.123456": false, "00123456 123456": true,
	} {
		if got := liesIn(text, "123456"); got != want {
			t.Errorf("%q: found %t", text, got)
		}
	}
	if !liesIn("x+77011234567y", "+77011234567") {
		t.Error("a value that is no number is found anywhere")
	}
}

// shortest is the length of the shortest value that is looked for: a shorter one is found
// anywhere by chance.
const shortest = 6

// personalValues returns the personal values of all events in clear. The name of a body that has a
// list is none: everybody may read it, and an applicant who is employed there states it.
func personalValues(ctx context.Context, t *testing.T, store *eventstore.Store, streams []string) map[string]bool {
	t.Helper()
	values, bodies := map[string]bool{}, []string{}
	for _, stream := range streams {
		if strings.HasPrefix(stream, "key-") || strings.HasPrefix(stream, "head-") ||
			strings.HasPrefix(stream, "$") {
			continue
		}
		for rec, err := range store.Read(ctx, stream, 0) {
			if err != nil {
				t.Fatal(err)
			}
			collect(reflect.ValueOf(rec.Event), values)
			if list, ok := rec.Event.(housing.ListOpened); ok {
				bodies = append(bodies, list.Body)
			}
		}
	}
	for _, name := range bodies {
		delete(values, name)
	}
	for value := range values {
		if len(value) < shortest {
			delete(values, value)
		}
	}
	return values
}

func collect(v reflect.Value, values map[string]bool) {
	switch value := v.Interface().(type) {
	case domain.Personal:
		values[string(value)] = true
		return
	case domain.IIN:
		values[string(value)] = true
		return
	case domain.PersonalBytes:
		if len(value) > 0 {
			values[string(value)] = true
			values[base64.StdEncoding.EncodeToString(value)] = true
		}
		return
	case domain.PersonalDate:
		values[`"birth_date":"`+value.Date.String()] = true // a mere day is found anywhere
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			collect(v.Elem(), values)
		}
	case reflect.Slice:
		for i := range v.Len() {
			collect(v.Index(i), values)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				collect(v.Field(i), values)
			}
		}
	}
}

// rawLog returns the streams of the log, and all events as they are stored.
func rawLog(ctx context.Context, t *testing.T, store *eventstore.Store) (streams []string, text string) {
	t.Helper()
	seen := map[string]bool{}
	var all strings.Builder
	for e, err := range store.ReadRaw(ctx, eventstore.RawRead{Stream: eventstore.All}) {
		if err != nil {
			t.Fatal(err)
		}
		if !seen[e.Stream] {
			seen[e.Stream] = true
			streams = append(streams, e.Stream)
		}
		fmt.Fprintln(&all, e.Stream, e.Type, string(e.Data), string(e.Metadata))
	}
	return streams, all.String()
}

// redisText returns all keys of a Redis with their values.
func redisText(ctx context.Context, t *testing.T, address string) string {
	t.Helper()
	client, err := projections.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var text strings.Builder
	keys, err := client.Keys(ctx, "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		kind, err := client.Type(ctx, key).Result()
		if err != nil {
			t.Fatal(err)
		}
		var value any
		switch kind {
		case "hash":
			value, err = client.HGetAll(ctx, key).Result()
		case "set":
			value, err = client.SMembers(ctx, key).Result()
		case "zset":
			value, err = client.ZRange(ctx, key, 0, -1).Result()
		case "string":
			value, err = client.Get(ctx, key).Result()
		case "none": // it has expired
		default:
			t.Errorf("%s is a %s, which is not looked at", key, kind)
		}
		if err != nil && kind != "string" {
			t.Fatal(err)
		}
		fmt.Fprintln(&text, key, value)
	}
	return text.String()
}

func fetched(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// filesText returns the names and contents of all files below the directory.
func filesText(t *testing.T, dir string) string {
	t.Helper()
	var text bytes.Buffer
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		fmt.Fprintln(&text, path)
		text.Write(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return text.String()
}
