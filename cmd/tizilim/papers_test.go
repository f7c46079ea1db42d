package main

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/eventstore"
	"tizilim/eventstore/papers"
)

// inClear seals nothing.
type inClear struct{}

func (inClear) SealSecret(_ context.Context, _ uuid.UUID, secret, _ []byte) (string, error) {
	return string(secret), nil
}

func (inClear) OpenSecret(_ context.Context, sealed string, _ []byte) ([]byte, error) {
	return []byte(sealed), nil
}

func TestVerifyNamesEachFileThatIsMissingOrDamaged(t *testing.T) {
	data, ofCase := t.TempDir(), domaintest.ID[domain.CaseID]("case")
	store, files, err := paperFlags{Largest: 1, PerCase: 1}.open(data, inClear{})
	if err != nil {
		t.Fatal(err)
	}
	var named []papers.Address
	for range 3 {
		d, err := store.Receive(t.Context(), ofCase, domaintest.ID[domain.PersonID]("p"), strings.NewReader("%PDF-1.7"))
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Keep(t.Context()); err != nil {
			t.Fatal(err)
		}
		d.Discard()
		named = append(named, d.Address)
	}
	verify := func() (string, error) {
		var out bytes.Buffer
		err := verifyPapers(t.Context(), &out, files, func(yield func(eventstore.RawEvent, error) bool) {
			for i, at := range named {
				yield(eventstore.RawEvent{
					Stream: ofCase.Stream(), Revision: uint64(i), Type: "PaperFiled",
					Data: fmt.Appendf(nil, `{"case_id": %q, "stored": %q}`, at.Case, at.Hash),
				}, nil)
			}
		})
		return out.String(), err
	}
	if said, err := verify(); err != nil || said != "3 files of papers compared: 0 missing or damaged\n" {
		t.Errorf("%s: %v", said, err)
	}
	if backup, err := backedUpPapers(t.Context(), data); err != nil || len(backup) != 3 ||
		!belongsToBackup(&tar.Header{Typeflag: tar.TypeReg, Name: backup[0].Name}) {
		t.Errorf("the backup has %v: %v", backup, err)
	}
	if belongsToBackup(&tar.Header{Typeflag: tar.TypeReg, Name: "papers/../../" + named[0].Path()}) {
		t.Error("a backup may write anywhere")
	}
	path := func(i int) string { return filepath.Join(papersDir(data), filepath.FromSlash(named[i].Path())) }
	if err := os.Remove(path(0)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path(1), []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	said, err := verify()
	want := fmt.Sprintf("%[1]s@0: the file %[2]s is missing\n%[1]s@1: the file %[3]s is not what was handed in\n"+
		"3 files of papers compared: 2 missing or damaged\n", ofCase.Stream(), named[0].Hash, named[1].Hash)
	if err == nil || said != want {
		t.Errorf("it says\n%swant\n%s", said, want)
	}
}

func TestFlagsOfPapersThatCannotBeMeantAreRefused(t *testing.T) {
	for _, f := range []paperFlags{
		{Largest: 0, PerCase: 1}, {Largest: 1, PerCase: 0},
		{Largest: 1, PerCase: 1, bucketFlag: bucketFlag{Bucket: "host/bucket"}},
		{Largest: 1, PerCase: 1, bucketFlag: bucketFlag{Bucket: "https://host"}},
		{Largest: 1, PerCase: 1, bucketFlag: bucketFlag{Bucket: "https://id:secret@host/bucket"}},
	} {
		if f.check() == nil {
			t.Errorf("%+v is taken", f)
		}
	}
	if err := (paperFlags{Largest: 10, PerCase: 50, bucketFlag: bucketFlag{Bucket: "https://host/bucket/a/b"}}).check(); err != nil {
		t.Error(err)
	}
}
