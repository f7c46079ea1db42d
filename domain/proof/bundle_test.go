package proof_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
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
	b, err := proof.NewBundle(&text)
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
		e.Shown = json.RawMessage(fmt.Sprintf(`{"stream":%q,"revision":%d,"event_id":%q,"type":%q}`,
			r.Stream, r.Revision, r.ID, r.Type))
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
