package papers_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/eventstore/papers"
)

var (
	ofCase = domaintest.ID[domain.CaseID]("case")
	person = domaintest.ID[domain.PersonID]("person")
)

// clear seals nothing, but binds.
type clear struct{ erased bool }

func (c *clear) SealSecret(_ context.Context, owner uuid.UUID, secret, binding []byte) (string, error) {
	return string(secret) + "|" + owner.String() + "|" + string(binding), nil
}

func (c *clear) OpenSecret(_ context.Context, sealed string, binding []byte) ([]byte, error) {
	secret, bound, _ := strings.Cut(sealed, "|")
	if c.erased {
		return nil, nil
	}
	if bound != person.String()+"|"+string(binding) {
		return nil, errors.New("another binding")
	}
	return []byte(secret), nil
}

// bucket is a bucket of an S3 server in the process.
func bucket(t *testing.T) papers.Bucket {
	backend := s3mem.New()
	if err := backend.CreateBucket("registry"); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gofakes3.New(backend).Server())
	t.Cleanup(server.Close)
	at, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	client, err := minio.New(at.Host, &minio.Options{
		Creds: credentials.NewStaticV4("id", "secret", ""), Region: "us-east-1",
	})
	if err != nil {
		t.Fatal(err)
	}
	return papers.Bucket{Client: client, Name: "registry", Prefix: "papers"}
}

// everywhere runs a test with each kind of store.
func everywhere(t *testing.T, test func(t *testing.T, files papers.Files, s *papers.Store, keys *clear)) {
	t.Run("a directory", func(t *testing.T) {
		dir, keys := papers.Dir(filepath.Join(t.TempDir(), "papers")), &clear{}
		test(t, dir, store(t, dir, keys, string(dir)), keys)
	})
	t.Run("a bucket", func(t *testing.T) {
		files, keys := bucket(t), &clear{}
		test(t, files, store(t, files, keys, t.TempDir()), keys)
	})
}

const largest = 1 << 20

func store(t *testing.T, files papers.Files, keys papers.Keys, spool string) *papers.Store {
	s, err := papers.New(files, keys, nil, spool, largest)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func pdf(size int) []byte { return append([]byte("%PDF-1.7\n"), bytes.Repeat([]byte{0}, size)...) }

// kept receives a file and keeps it.
func kept(t *testing.T, s *papers.Store, content []byte) *papers.Draft {
	t.Helper()
	d, err := s.Receive(t.Context(), ofCase, person, bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Discard()
	if err := d.Keep(t.Context()); err != nil {
		t.Fatal(err)
	}
	return d
}

func all(t *testing.T, files papers.Files) (list []papers.Kept) {
	for f, err := range files.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, f)
	}
	return list
}

func TestWhatWasKeptIsReadAsItWas(t *testing.T) {
	everywhere(t, func(t *testing.T, files papers.Files, s *papers.Store, keys *clear) {
		if found := all(t, files); len(found) != 0 {
			t.Errorf("an empty store has %v", found)
		}
		content := pdf(300_000)
		d := kept(t, s, content)
		if list := all(t, files); len(list) != 1 || list[0].Address != d.Address || time.Since(list[0].At) > time.Hour {
			t.Errorf("the store has %v", list)
		}
		again := kept(t, s, content)
		if again.Address == d.Address || again.SHA256 != d.SHA256 {
			t.Error("two files have one key, or one content two hashes")
		}
		f, err := s.Open(t.Context(), d.Address)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if read, err := io.ReadAll(f); err != nil || !bytes.Equal(read, content) {
			t.Errorf("%d bytes: %v", len(read), err)
		}
		if err := papers.Check(t.Context(), files, d.Address); err != nil {
			t.Error(err)
		}
		other := papers.Address{Case: domaintest.ID[domain.CaseID]("other"), Hash: d.Hash}
		if _, err := s.Open(t.Context(), other); !errors.Is(err, papers.ErrMissing) {
			t.Errorf("of another case: %v", err)
		}
		if err := papers.Check(t.Context(), files, other); !errors.Is(err, papers.ErrMissing) {
			t.Errorf("of another case: %v", err)
		}
		keys.erased = true
		if _, err := s.Open(t.Context(), d.Address); !errors.Is(err, papers.ErrErased) {
			t.Errorf("after the erasure: %v", err)
		}
	})
}

func TestOnlyWhatNoEventNamesIsSweptAndOnlyAfterADay(t *testing.T) {
	everywhere(t, func(t *testing.T, files papers.Files, s *papers.Store, _ *clear) {
		named, lonely := kept(t, s, pdf(1)), kept(t, s, pdf(2))
		now, asked := time.Now(), 0
		var away error
		sweeper := papers.NewSweeper(files, func(_ context.Context, at papers.Address) (bool, error) {
			asked++
			return at == named.Address, away
		}, func() time.Time { return now }, slog.New(slog.DiscardHandler))
		sweep := func(want int) {
			t.Helper()
			if n, err := sweeper.Once(t.Context()); n != want || !errors.Is(err, away) {
				t.Errorf("%d were removed, want %d: %v", n, want, err)
			}
		}
		sweep(0)
		now = now.Add(25 * time.Hour)
		away = errors.New("the log does not answer")
		sweep(0) // what is not known is not removed
		away, asked = nil, 0
		sweep(1)
		if list := all(t, files); len(list) != 1 || list[0].Address != named.Address || asked != 2 {
			t.Errorf("%v is left of %v and %v, after %d questions", list, named.Address, lonely.Address, asked)
		}
		sweep(0)
		if asked != 2 {
			t.Error("a file was looked at twice")
		}
	})
}

func TestAFileIsReceivedInLittleMemoryAndBounded(t *testing.T) {
	dir := papers.Dir(t.TempDir())
	s := store(t, dir, &clear{}, string(dir))
	refused := func(content io.Reader, code domain.Code) {
		t.Helper()
		if _, err := s.Receive(t.Context(), ofCase, person, content); domain.CodeOf(err) != code {
			t.Errorf("got %v, want %s", err, code)
		}
	}
	refused(strings.NewReader("GIF89a"), domain.CodePaperType)
	refused(strings.NewReader(""), domain.CodePaperType)
	refused(bytes.NewReader(pdf(largest)), domain.CodePaperTooLarge)
	broken := errors.New("the client went away")
	half := io.MultiReader(bytes.NewReader(pdf(5000)), failing{broken})
	if _, err := s.Receive(t.Context(), ofCase, person, half); !errors.Is(err, broken) {
		t.Errorf("half a file: %v", err)
	}
	if d, err := s.Receive(t.Context(), ofCase, person, bytes.NewReader(pdf(largest-len(pdf(0))))); err != nil {
		t.Error(err)
	} else {
		d.Discard()
	}
	left, err := os.ReadDir(string(dir))
	if err != nil || len(left) > 0 {
		t.Errorf("%v is left: %v", left, err)
	}
	content := pdf(largest - 100)
	each := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			d, err := s.Receive(context.Background(), ofCase, person, bytes.NewReader(content))
			if err != nil {
				b.Fatal(err)
			}
			d.Discard()
		}
	}).AllocedBytesPerOp()
	if each > largest/4 {
		t.Errorf("a file of %d bytes took %d bytes of memory", len(content), each)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestFilesAreOfTheUserAlone(t *testing.T) {
	dir := papers.Dir(filepath.Join(t.TempDir(), "papers"))
	kept(t, store(t, dir, &clear{}, string(dir)), pdf(1))
	err := filepath.WalkDir(string(dir), func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has the mode %s", e.Name(), info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// clamd is a server that speaks INSTREAM and finds the word virus.
func clamd(t *testing.T, answer func(content []byte) string) papers.Clamd {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			func() {
				defer conn.Close()
				command := make([]byte, len("zINSTREAM\x00"))
				if _, err := io.ReadFull(conn, command); err != nil || string(command) != "zINSTREAM\x00" {
					return
				}
				var content []byte
				for {
					var size uint32
					if binary.Read(conn, binary.BigEndian, &size) != nil {
						return
					}
					if size == 0 {
						break
					}
					chunk := make([]byte, size)
					if _, err := io.ReadFull(conn, chunk); err != nil {
						return
					}
					content = append(content, chunk...)
				}
				io.WriteString(conn, answer(content))
			}()
		}
	}()
	return papers.Clamd{Network: "tcp", Address: l.Addr().String(), Patience: 10 * time.Second}
}

func TestAVirusScannerSeesTheWholeFile(t *testing.T) {
	scanner := clamd(t, func(content []byte) string {
		if bytes.HasSuffix(content, []byte("virus")) {
			return "stream: Win.Test.EICAR_HDB-1 FOUND\x00"
		}
		return "stream: OK\x00"
	})
	dir := papers.Dir(t.TempDir())
	receive := func(scanner papers.Scanner, content []byte) error {
		s, err := papers.New(dir, &clear{}, scanner, string(dir), largest)
		if err != nil {
			t.Fatal(err)
		}
		d, err := s.Receive(t.Context(), ofCase, person, bytes.NewReader(content))
		if err == nil {
			d.Discard()
		}
		return err
	}
	if err := receive(scanner, pdf(200_000)); err != nil {
		t.Error(err)
	}
	if err := receive(scanner, append(pdf(200_000), "virus"...)); domain.CodeOf(err) != domain.CodePaperInfected {
		t.Errorf("a virus: %v", err)
	}
	full := clamd(t, func([]byte) string { return "INSTREAM size limit exceeded. ERROR\x00" })
	if err := receive(full, pdf(200_000)); domain.CodeOf(err) != domain.CodeScannerAway {
		t.Errorf("a file that it did not look at: %v", err)
	}
	away := papers.Clamd{Network: "unix", Address: filepath.Join(t.TempDir(), "none"), Patience: time.Second}
	if err := receive(away, pdf(200_000)); domain.CodeOf(err) != domain.CodeScannerAway {
		t.Errorf("without a scanner: %v", err)
	}
	if left, err := os.ReadDir(string(dir)); err != nil || len(left) > 0 {
		t.Errorf("%v is left: %v", left, err)
	}
}
