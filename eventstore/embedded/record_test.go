package embedded

import (
	"bytes"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"
)

func anyEvent(t *rapid.T) event {
	return event{
		revision: rapid.Int64Min(0).Draw(t, "revision"),
		created:  rapid.Int64().Draw(t, "created"),
		id:       uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id")),
		json:     rapid.Bool().Draw(t, "json"),
		stream:   rapid.String().Draw(t, "stream"),
		kind:     rapid.String().Draw(t, "kind"),
		data:     rapid.SliceOf(rapid.Byte()).Draw(t, "data"),
		metadata: rapid.SliceOf(rapid.Byte()).Draw(t, "metadata"),
	}
}

func TestEveryEventIsDecodedAsItWasEncoded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anyEvent(t)
		got, err := decodeEvent(want.encode())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(event{})); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestATruncatedEventIsAnError(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := anyEvent(t)
		b := e.encode()
		if _, err := decodeEvent(b[:rapid.IntRange(0, len(b)-1).Draw(t, "length")]); err == nil {
			t.Fatal("no error")
		}
	})
}

func TestEveryHeadIsDecodedAsItWasEncoded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.Int64Min(0)
		want := head{
			id: rapid.Uint64().Draw(t, "id"), last: rapid.Int64Range(noRevision, math.MaxInt64-1).Draw(t, "last"),
			tombstoned: rapid.Bool().Draw(t, "tombstoned"), hasMetadata: rapid.Bool().Draw(t, "described"),
			first: number.Draw(t, "first"),
			retention: retention{
				maxCount: number.Draw(t, "maxCount"), maxAge: number.Draw(t, "maxAge"), truncateBefore: number.Draw(t, "tb"),
			},
		}
		got, err := decodeHead(want.encode())
		if err != nil || got != want {
			t.Fatalf("%+v, %v, want %+v", got, err, want)
		}
	})
}

func FuzzDecodeEvent(f *testing.F) {
	e := event{revision: 1, stream: "s", kind: "k", data: []byte("data")}
	f.Add(e.encode())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := decodeEvent(b)
		if err != nil {
			return
		}
		// What is accepted is what would be written, uvarint padding apart.
		if again, err := decodeEvent(e.encode()); err != nil || !bytes.Equal(again.encode(), e.encode()) {
			t.Fatalf("accepted %x, which is not stable: %v", b, err)
		}
	})
}

func FuzzDecodeHead(f *testing.F) {
	f.Add(head{id: 1, last: 3, retention: retention{maxCount: 2}}.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := decodeHead(b)
		if err != nil {
			return
		}
		h.lenient = false // as which none is written
		if again, err := decodeHead(h.encode()); err != nil || again != h {
			t.Fatalf("accepted %x, which is not stable: %v", b, err)
		}
	})
}

func FuzzParseRetention(f *testing.F) {
	f.Add([]byte(`{"$maxCount":3,"$maxAge":5,"$tb":9223372036854775807}`))
	f.Add([]byte(`{"$maxCount":-1}`))
	f.Add([]byte(`null`))
	f.Add([]byte(`{"$tb":1,"$acl":{"$r":["a"],"$w":"b"},"$tmp":true,"$cacheControl":9,"x":[{}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := parseRetention(b)
		if r.maxCount < 0 || r.maxAge < 0 || r.truncateBefore < 0 {
			t.Fatalf("%q gives %+v", b, r)
		}
		if again, ok := undeleted(b, 7); ok && parseRetention(b) != (retention{}) &&
			parseRetention(again).truncateBefore != 7 {
			t.Fatalf("%q undeleted is %q", b, again)
		}
	})
}

func TestRetentionIsReadAsTheServerDoes(t *testing.T) {
	for metadata, want := range map[string]retention{
		`{}`:                                  {},
		``:                                    {},
		`[]`:                                  {},
		`{"$maxCount":2}`:                     {maxCount: 2},
		`{"$maxCount":2,"other":{"a":[1]}}`:   {maxCount: 2},
		`{"$maxCount":0,"$tb":4}`:             {truncateBefore: 4},
		`{"$maxCount":-1,"$maxAge":9}`:        {maxAge: 9},
		`{"$maxCount":2.0,"$tb":4}`:           {},
		`{"$maxCount":"2","$tb":4}`:           {},
		`{"$tb":9223372036854775808}`:         {},
		`{"$tb":9223372036854775807}`:         {truncateBefore: math.MaxInt64},
		`{"$maxCount":1,"$maxAge":2,"$tb":3}`: {maxCount: 1, maxAge: 2, truncateBefore: 3},
		`{"$tb":4,"$tb":5}`:                   {truncateBefore: 5},
		`{"$tb":4} and more`:                  {truncateBefore: 4},
		`{"$tb":4`:                            {},
		`{"$tb":null}`:                        {},
		`{"$maxAge":922337203685}`:            {maxAge: 922337203685},
		`{"$maxAge":922337203686}`:            {},
		// A known member that is malformed makes the rest void too.
		`{"$tb":4,"$cacheControl":"x"}`:                  {},
		`{"$tb":4,"$cacheControl":1.5}`:                  {},
		`{"$tb":4,"$cacheControl":1e2}`:                  {},
		`{"$tb":4,"$cacheControl":null}`:                 {},
		`{"$tb":4,"$cacheControl":922337203686}`:         {},
		`{"$tb":4,"$cacheControl":9223372036854775808}`:  {},
		`{"$tb":4,"$cacheControl":-922337203686}`:        {},
		`{"$tb":4,"$cacheControl":922337203685}`:         {truncateBefore: 4},
		`{"$tb":4,"$cacheControl":0}`:                    {truncateBefore: 4},
		`{"$tb":4,"$cacheControl":-1}`:                   {truncateBefore: 4},
		`{"$tb":4,"$tmp":true}`:                          {truncateBefore: 4},
		`{"$tb":4,"$tmp":1}`:                             {},
		`{"$tb":4,"$tmp":null}`:                          {},
		`{"$tb":4,"$acl":null}`:                          {},
		`{"$tb":4,"$acl":"$admins"}`:                     {},
		`{"$tb":4,"$acl":[]}`:                            {},
		`{"$tb":4,"$acl":{}}`:                            {truncateBefore: 4},
		`{"$tb":4,"$acl":{"$r":"a","$w":["a","b"]}}`:     {truncateBefore: 4},
		`{"$tb":4,"$acl":{"$d":[],"$mr":"a","$mw":"b"}}`: {truncateBefore: 4},
		`{"$tb":4,"$acl":{"$r":null}}`:                   {},
		`{"$tb":4,"$acl":{"$r":{}}}`:                     {},
		`{"$tb":4,"$acl":{"$r":["a",1]}}`:                {},
		`{"$tb":4,"$acl":{"$r":["a",["b"]]}}`:            {},
		`{"$tb":4,"$acl":{"$x":"a"}}`:                    {},
	} {
		if got := parseRetention([]byte(metadata)); got != want {
			t.Errorf("%s gives %+v, want %+v", metadata, got, want)
		}
	}
}
