package proof_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"tizilim/domain/proof"
)

// bundled is a bundle of three events, the last of which no head covers.
func bundled(t *testing.T) []byte {
	t.Helper()
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) (hashes []tlog.Hash, err error) {
		for _, i := range indexes {
			hashes = append(hashes, stored[i])
		}
		return hashes, nil
	})
	records := make([]proof.Record, 3)
	for i := range records {
		records[i] = record()
		records[i].Revision = uint64(i)
		records[i].Metadata = key.Mark(records[i])
		if i < 2 {
			hashes, err := tlog.StoredHashesForRecordHash(int64(i), records[i].Leaf(), reader)
			if err != nil {
				t.Fatal(err)
			}
			stored = append(stored, hashes...)
		}
	}
	note, err := signer(t, 1).Sign(headOf(t, reader, 2))
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	b, err := proof.NewBundle(&text, signer(t, 1).SignBundle)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range records {
		var p *proof.Inclusion
		if i < 2 {
			hashes, err := tlog.ProveRecord(2, int64(i), reader)
			if err != nil {
				t.Fatal(err)
			}
			p = &proof.Inclusion{Event: r.Ref(), Leaf: r.Leaf(), Index: int64(i), Hashes: hashes, Head: note}
		}
		e := proof.EvidenceOf(r, p)
		e.Shown = json.RawMessage(fmt.Sprintf(`{"stream":%q,"revision":%d,"event_id":%q,"type":%q,"text":"shown of %d"}`,
			r.Stream, r.Revision, r.ID, r.Type, i))
		if err := b.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}

func check(t *testing.T, bundle []byte) (proof.BundleReport, error) {
	t.Helper()
	return proof.CheckBundle(bytes.NewReader(bundle), int64(len(bundle)), signer(t, 1).Public())
}

// rezipped is the bundle with changed files, as somebody makes it who knows zip.
func rezipped(t *testing.T, bundle []byte, change func(name, text string) string) []byte {
	t.Helper()
	from, err := zip.NewReader(bytes.NewReader(bundle), int64(len(bundle)))
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	to := zip.NewWriter(&text)
	for _, f := range from.File {
		open, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(open)
		if err != nil {
			t.Fatal(err)
		}
		w, err := to.Create(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, change(f.Name, string(content))); err != nil {
			t.Fatal(err)
		}
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}

func TestABundleIsCheckedWithThePublicKeyAlone(t *testing.T) {
	r, err := check(t, bundled(t))
	if err != nil || !r.Sound() || r.Events != 3 || r.Proven != 2 || len(r.Pending) != 1 || r.Newest.Size != 2 {
		t.Errorf("%+v, %v", r, err)
	}
	bundle := bundled(t)
	r, err = proof.CheckBundle(bytes.NewReader(bundle), int64(len(bundle)), signer(t, 2).Public())
	if err != nil || len(r.Wrong) != 2 {
		t.Errorf("with another key: %+v, %v", r, err)
	}
}

// sameContents reports whether two archives have the same files.
func sameContents(a, b []byte) bool {
	one, err := zip.NewReader(bytes.NewReader(a), int64(len(a)))
	other, again := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil || again != nil || len(one.File) != len(other.File) {
		return false
	}
	for i, f := range one.File {
		x, err := fs.ReadFile(one, f.Name)
		y, again := fs.ReadFile(other, other.File[i].Name)
		if err != nil || again != nil || f.Name != other.File[i].Name || !bytes.Equal(x, y) {
			return false
		}
	}
	return true
}

func TestEveryChangedByteOfABundleIsFound(t *testing.T) {
	bundle := bundled(t)
	want, err := check(t, bundle)
	if err != nil {
		t.Fatal(err)
	}
	from, err := zip.NewReader(bytes.NewReader(bundle), int64(len(bundle)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range from.File {
		at, err := f.DataOffset()
		if err != nil {
			t.Fatal(err)
		}
		for i := at; i < at+int64(f.CompressedSize64); i++ { // what is around it are names and times of files
			changed := bytes.Clone(bundle)
			changed[i] ^= 0x10
			if sameContents(bundle, changed) { // a bit of padding
				continue
			}
			r, err := check(t, changed)
			if err == nil && r.Sound() && r.Proven == want.Proven {
				t.Errorf("byte %d of %d in %s was changed, and all is well", i-at, f.CompressedSize64, f.Name)
			}
		}
	}
}

func TestAChangedEventOfABundleIsNamed(t *testing.T) {
	for what, change := range map[string]struct{ old, new, want string }{
		"data":        {`"data":"eyJ`, `"data":"eyK`, "queue-1@0: it is not the event that the proof is about"},
		"another ref": {`{"event":"queue-1@0"`, `{"event":"queue-1@9"`, "queue-1@9: it is not the event that the proof is about"},
		"proof of another": {
			`"proof":{"event":"queue-1@0"`, `"proof":{"event":"queue-1@1"`, "queue-1@0: it is not the event that the proof is about",
		},
		"index":      {`"index":0`, `"index":1`, "queue-1@0: the proof of queue-1@0 does not lead to the head"},
		"shown text": {`"revision":0,"event_id"`, `"revision":5,"event_id"`, "queue-1@0: the text beside it is that of another event"},
		"head":       {`tizilim\n2\n`, `tizilim\n3\n`, "queue-1@0: the head is not signed with the key"},
	} {
		t.Run(what, func(t *testing.T) {
			r, err := check(t, rezipped(t, bundled(t), func(_, text string) string {
				return strings.Replace(text, change.old, change.new, 1)
			}))
			if err != nil || len(r.Wrong) != 1 || !strings.HasPrefix(r.Wrong[0], change.want) {
				t.Errorf("%v, %v", r.Wrong, err)
			}
		})
	}
}

// TestABundleIsAsTheRegistryGaveIt: what is not the event itself is signed too, although no
// proof covers it.
func TestABundleIsAsTheRegistryGaveIt(t *testing.T) {
	lines := func(change func([]string) []string) func(string, string) string {
		return func(name, text string) string {
			if name != "events.ndjson" {
				return text
			}
			return strings.Join(change(strings.SplitAfter(strings.TrimSuffix(text, "\n"), "\n")), "")
		}
	}
	for what, change := range map[string]func(name, text string) string{
		"another text of a proven event": func(_, text string) string {
			return strings.Replace(text, `"text":"shown of 0"`, `"text":"shown of 9"`, 1)
		},
		"another text of an event that no head covers": func(_, text string) string {
			return strings.Replace(text, `"text":"shown of 2"`, `"text":"shown of 9"`, 1)
		},
		"a text taken away": func(_, text string) string {
			at := strings.Index(text, `,"shown":`)
			if at < 0 {
				return text
			}
			return text[:at] + text[at+strings.Index(text[at:], "}")+1:]
		},
		"another order": lines(func(l []string) []string { return []string{l[1], l[0], l[2] + "\n"} }),
		"an event less": func(name, text string) string {
			text = strings.Replace(text, `{"events":3,`, `{"events":2,`, 1)
			return lines(func(l []string) []string { return l[:2] })(name, text)
		},
		"no signature": func(name, text string) string {
			if name == "end.json" {
				return `{"events":3}`
			}
			return text
		},
	} {
		t.Run(what, func(t *testing.T) {
			bundle := bundled(t)
			changed := rezipped(t, bundle, change)
			if bytes.Equal(changed, rezipped(t, bundle, func(_, text string) string { return text })) {
				t.Fatal("nothing was changed")
			}
			r, err := check(t, changed)
			if err != nil || len(r.Wrong) != 1 || !strings.HasPrefix(r.Wrong[0], "the bundle ") {
				t.Errorf("%v, %v", r.Wrong, err)
			}
		})
	}
}

func TestABundleThatWasCutIsRefused(t *testing.T) {
	bundle := bundled(t)
	if _, err := check(t, bundle[:len(bundle)-40]); err == nil {
		t.Error("the end of the archive is missing, and it was taken")
	}
	if _, err := check(t, rezipped(t, bundle, func(name, text string) string {
		if name == "events.ndjson" {
			return text[:strings.Index(text, "\n")+1]
		}
		return text
	})); err == nil {
		t.Error("two events are missing, and it was taken")
	}
}
