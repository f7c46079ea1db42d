package httpapi_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/domain/certificates"
	"tizilim/domain/rules"
	"tizilim/eventstore"
	"tizilim/eventstore/command"
	paperstore "tizilim/eventstore/papers"
)

// scan is a file that looks as a PDF, of some bytes.
func scan(size int) []byte {
	return append([]byte("%PDF-1.7\n"), bytes.Repeat([]byte{0, 7}, size/2)...)
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return fmt.Sprintf("%x", sum)
}

// upload sends a form. fields are names and values in turn.
func (s *subtest) upload(path, token, name string, content []byte, key string, fields ...string) *answer {
	s.t.Helper()
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	for i := 0; i < len(fields); i += 2 {
		must(s.t, w.WriteField(fields[i], fields[i+1]))
	}
	if name != "" {
		part, err := w.CreateFormFile("file", name)
		must(s.t, err)
		_, err = part.Write(content)
		must(s.t, err)
	}
	must(s.t, w.Close())
	return s.send(http.MethodPost, path, token, io.Reader(&form),
		header{"Content-Type", w.FormDataContentType()}, header{"Idempotency-Key", key})
}

// stored are the files that are kept.
func (r *registry) stored() (all []paperstore.Kept) {
	for f, err := range r.files.All(r.ctx()) {
		must(r.t, err)
		all = append(all, f)
	}
	return all
}

// underway are the files that are on their way in.
func (r *registry) underway() int {
	left, err := filepath.Glob(filepath.Join(string(r.files), "*.receiving"))
	must(r.t, err)
	return len(left)
}

func TestC30_APaperIsHandedInShownAndNeverChanged(t *testing.T) {
	r := start(t)
	s := r.at(t)
	person, stranger := s.citizen(), s.citizen()
	caseID := s.applied(person, s.list())
	path := "/v1/cases/" + caseID + "/papers"
	content := scan(20_000)

	filed := s.upload(path, s.as(person), "паспорт Алихана.pdf", content, "one", "document_type", "passport").is(http.StatusCreated)
	if filed.at("sha256") != digest(content) || filed.at("media_type") != "application/pdf" || filed.at("size") != float64(len(content)) {
		t.Errorf("the answer: %s", filed.text)
	}
	again := s.upload(path, s.as(person), "паспорт Алихана.pdf", content, "one", "document_type", "passport").is(http.StatusCreated)
	if again.text != filed.text || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("first %s, then %s", filed.text, again.text)
	}
	s.upload(path, s.as(person), "паспорт Алихана.pdf", scan(10), "one", "document_type", "passport").
		refused(http.StatusUnprocessableEntity, domain.CodeKeyReused, "")
	if n := len(r.stored()); n != 1 || r.underway() != 0 {
		t.Errorf("%d files are kept and %d are on their way, want the one that an event names", n, r.underway())
	}

	file := s.seen("/v1/cases/"+caseID+"/file", s.token(domain.RoleCommission), filed).is(http.StatusOK)
	if file.at("files", 0, "name") != "паспорт Алихана.pdf" || file.at("files", 0, "sha256") != digest(content) {
		t.Errorf("the file of the case: %v", file.at("files"))
	}
	at := file.at("files", 0, "path").(string)
	for _, reader := range []string{
		s.as(person), s.token(domain.RoleCommission), s.token(domain.RoleOperator), s.token(domain.RoleAuditor),
	} {
		a := s.get(at, reader).is(http.StatusOK)
		if a.text != string(content) || a.header.Get("Content-Type") != "application/pdf" ||
			a.header.Get("X-Content-Type-Options") != "nosniff" || a.header.Get("Etag") != `"`+digest(content)+`"` ||
			!strings.HasPrefix(a.header.Get("Content-Disposition"), "attachment; filename*=utf-8''%D0%BF") {
			t.Errorf("%d bytes with %v", len(a.text), a.header)
		}
	}
	s.get(at, s.as(person), header{"If-None-Match", `"` + digest(content) + `"`}).is(http.StatusNotModified)
	s.get(at, s.as(person), header{"Accept", "image/*, application/pdf;q=0.1"}).is(http.StatusOK)
	s.get(at, s.token(domain.RoleAuditor), header{"Accept", "image/png"}).refused(http.StatusNotAcceptable, domain.CodeNotAcceptable, "header.Accept")
	s.get(at, s.as(stranger)).refused(http.StatusNotFound, domain.CodeNotFound, "")
	s.get(path+"/"+caseID, s.as(person)).refused(http.StatusNotFound, domain.CodeNotFound, "")
	s.get(path+"/"+caseID, s.token(domain.RoleAuditor)).refused(http.StatusNotFound, domain.CodePaperUnknown, "")
	s.upload(path, s.as(stranger), "a.pdf", content, "two", "document_type", "passport").
		refused(http.StatusNotFound, domain.CodeNotFound, "")
	looks := 0
	for _, rec := range s.stream(accesslog.Stream(parse[domain.PersonID](person))) {
		if rec.Event.(accesslog.PersonalDataRead).Operation == "get-paper" {
			looks++
		}
	}
	if looks != 3 {
		t.Errorf("%d looks of officials are in the access log, want 3", looks)
	}
}

func TestC30_WhatAFileIsItsContentSays(t *testing.T) {
	r := start(t)
	s := r.at(t)
	person, stranger := s.citizen(), s.citizen()
	path := "/v1/cases/" + s.applied(person, s.list()) + "/papers"
	desk := s.token(domain.RoleOperator)
	for name, content := range map[string][]byte{
		"page.pdf": []byte("<html><script>alert(1)</script>"), "empty.pdf": nil, "program.png": []byte("MZ\x90\x00"),
	} {
		s.upload(path, desk, name, content, name, "document_type", "passport").
			refused(http.StatusUnprocessableEntity, domain.CodePaperType, "file")
	}
	s.upload(path, desk, "large.pdf", scan(64<<10), "large", "document_type", "passport").
		refused(http.StatusRequestEntityTooLarge, domain.CodePaperTooLarge, "file")
	s.upload(path, desk, "a.pdf", scan(9), "no type").refused(http.StatusUnprocessableEntity, domain.CodeValueUnknown, "document_type")
	s.upload(path, desk, "", nil, "no file", "document_type", "passport").refused(http.StatusUnprocessableEntity, domain.CodeRequired, "file")
	s.upload(path, desk, "a.pdf", scan(9), "more", "document_type", "passport", "type", "passport").
		refused(http.StatusUnprocessableEntity, domain.CodeUnknownField, "")
	s.upload(path, desk, "a.pdf", scan(9), "whose", "document_type", "passport", "person_id", stranger).
		refused(http.StatusUnprocessableEntity, domain.CodeMemberNotAllowed, "person_id")
	s.upload(path, desk, "a\u202epdf.exe", scan(9), "hidden", "document_type", "passport").
		refused(http.StatusUnprocessableEntity, domain.CodeMalformed, "file")
	s.command(path, desk, body{"document_type": "passport"}).refused(http.StatusUnsupportedMediaType, domain.CodeMediaType, "header.Content-Type")
	if n := len(r.stored()); n != 0 || r.underway() != 0 {
		t.Errorf("of refused files %d are kept and %d are on their way", n, r.underway())
	}
	png := append([]byte("\x89PNG\r\n\x1a\n"), scan(100)...)
	filed := s.upload(path, desk, "../../passport.exe", png, "png", "document_type", "passport").is(http.StatusCreated)
	if a := s.get(path+"/"+filed.id("paper_id"), desk); a.header.Get("Content-Disposition") != "attachment; filename=passport.exe.png" ||
		a.header.Get("Content-Type") != "image/png" {
		t.Errorf("%v", a.header)
	}
}

func TestC30_ACaseTakesALimitedNumberOfFiles(t *testing.T) {
	r := start(t)
	r.config.PapersPerCase = 2
	r.restarted(func(l command.Log) command.Log { return l })
	s := r.at(t)
	person := s.citizen()
	path := "/v1/cases/" + s.applied(person, s.list()) + "/papers"
	for i := range 2 {
		s.upload(path, s.as(person), "a.pdf", scan(9+i), fmt.Sprint(i), "document_type", "other").is(http.StatusCreated)
	}
	s.upload(path, s.as(person), "a.pdf", scan(100), "third", "document_type", "other").
		refused(http.StatusConflict, domain.CodePapersFull, "")
	s.upload(path, s.as(person), "a.pdf", scan(9), "0", "document_type", "other").is(http.StatusCreated)
	if n := len(r.stored()); n != 2 {
		t.Errorf("%d files are kept, want 2", n)
	}
}

// dyingAtPaper is a log whose process dies before it has a paper.
type dyingAtPaper struct{ command.Log }

func (dyingAtPaper) Append(context.Context, string, eventstore.Expected, []eventstore.NewEvent) (domain.Position, error) {
	return 0, errors.New("killed")
}

// TestC30_ACrashBetweenFileAndEventLosesNothing: the file is there without an event. The same
// request, sent again, hands the paper in, and only the file that no event names goes after a day.
func TestC30_ACrashBetweenFileAndEventLosesNothing(t *testing.T) {
	r := start(t)
	s := r.at(t)
	person := s.citizen()
	caseID := s.applied(person, s.list())
	path, content := "/v1/cases/"+caseID+"/papers", scan(5000)
	r.restarted(func(l command.Log) command.Log { return dyingAtPaper{l} })
	if a := s.upload(path, s.as(person), "a.pdf", content, "one", "document_type", "other"); a.status < 500 {
		t.Fatalf("it did not die: %s", a.text)
	}
	if n := len(r.stored()); n != 1 {
		t.Fatalf("%d files are kept, want the one without an event", n)
	}
	r.restarted(func(l command.Log) command.Log { return l })
	filed := s.upload(path, s.as(person), "a.pdf", content, "one", "document_type", "other").is(http.StatusCreated)
	if n := len(r.stored()); n != 2 {
		t.Fatalf("%d files are kept, want the lonely one and that of the event", n)
	}
	h := r.handler(r.store, readModel{r.model, r.watch}, rules.Book{})
	now := time.Now()
	sweeper := paperstore.NewSweeper(r.files, h.NamesPaper, func() time.Time { return now }, r.log)
	if n, err := sweeper.Once(r.ctx()); n != 0 || err != nil {
		t.Fatalf("it removed %d files of today: %v", n, err)
	}
	now = now.Add(25 * time.Hour)
	if n, err := sweeper.Once(r.ctx()); n != 1 || err != nil {
		t.Fatalf("it removed %d files, want the lonely one: %v", n, err)
	}
	if a := s.get(path+"/"+filed.id("paper_id"), s.as(person)).is(http.StatusOK); a.text != string(content) {
		t.Error("the file of the event is not what was handed in")
	}
}

// TestC30_NobodyReadsTheFilesOfAnErasedPerson: also not from a copy of the directory.
func TestC30_NobodyReadsTheFilesOfAnErasedPerson(t *testing.T) {
	r := start(t)
	s := r.at(t)
	person := s.citizen()
	path, content := "/v1/cases/"+s.applied(person, s.list())+"/papers", scan(5000)
	filed := s.upload(path, s.as(person), "a.pdf", content, "one", "document_type", "other").is(http.StatusCreated)
	kept := r.stored()[0]
	stored, err := os.ReadFile(filepath.Join(string(r.files), kept.Case.String()[:2], kept.Case.String(), kept.Hash))
	must(t, err)
	if bytes.Contains(stored, content[:100]) {
		t.Error("the file is stored in clear")
	}
	must(t, r.store.DestroyKeys(r.ctx(), parse[domain.PersonID](person).UUID, 0))
	if _, err := r.config.Papers.Open(r.ctx(), kept.Address); !errors.Is(err, paperstore.ErrErased) {
		t.Errorf("opened: %v", err)
	}
	r.restarted(func(l command.Log) command.Log { return l })
	s.get(path+"/"+filed.id("paper_id"), s.token(domain.RoleAuditor)).refused(http.StatusNotFound, domain.CodePaperErased, "")
}

// TestC30_ADamagedFileIsNeverGivenAsWhole.
func TestC30_ADamagedFileIsNeverGivenAsWhole(t *testing.T) {
	r := start(t)
	s := r.at(t)
	person := s.citizen()
	path := "/v1/cases/" + s.applied(person, s.list()) + "/papers"
	filed := s.upload(path, s.as(person), "a.pdf", scan(5000), "one", "document_type", "other").is(http.StatusCreated)
	kept := r.stored()[0]
	file := filepath.Join(string(r.files), kept.Case.String()[:2], kept.Case.String(), kept.Hash)
	stored, err := os.ReadFile(file)
	must(t, err)
	stored[len(stored)-1]++
	must(t, os.WriteFile(file, stored, 0o600))
	if a, err := s.try(http.MethodGet, path+"/"+filed.id("paper_id"), s.as(person), nil); err == nil {
		t.Errorf("a damaged file was given with %d", a.status)
	}
	if err := paperstore.Check(r.ctx(), r.files, kept.Address); !errors.Is(err, paperstore.ErrDamaged) {
		t.Errorf("checked: %v", err)
	}
	must(t, os.Remove(file))
	s.get(path+"/"+filed.id("paper_id"), s.as(person)).refused(http.StatusServiceUnavailable, domain.CodePapersAway, "")
}

// finds is a scanner that finds a virus in what has the word.
type finds string

func (f finds) Scan(_ context.Context, content io.Reader) (string, error) {
	all, err := io.ReadAll(content)
	if err == nil && bytes.Contains(all, []byte(f)) {
		return "Test", nil
	}
	return "", err
}

func TestC30_AFileWithAVirusIsRefused(t *testing.T) {
	r := start(t, func(set *settings) { set.scanner = finds("virus") })
	s := r.at(t)
	person := s.citizen()
	path := "/v1/cases/" + s.applied(person, s.list()) + "/papers"
	s.upload(path, s.as(person), "a.pdf", append(scan(40_000), "virus"...), "one", "document_type", "other").
		refused(http.StatusUnprocessableEntity, domain.CodePaperInfected, "file")
	s.upload(path, s.as(person), "a.pdf", scan(40_000), "one", "document_type", "other").is(http.StatusCreated)
	if n := len(r.stored()); n != 1 || r.underway() != 0 {
		t.Errorf("%d files are kept, %d are on their way", n, r.underway())
	}
}

func TestC30_TheTalonListsWhatWasHandedInInItsThreeLanguages(t *testing.T) {
	r := start(t)
	s := r.at(t)
	person := s.citizen()
	caseID := s.applied(person, s.list())
	talon := "/v1/certificates/" + certificates.TalonOf(parse[domain.CaseID](caseID)).String()
	labels := map[string]string{"kk": "Тапсырылған құжаттар", "ru": "Принятые документы", "en": "Papers handed in"}
	said := func(language string) (value any) {
		for _, l := range s.get(talon+"?language="+language, s.as(person)).is(http.StatusOK).at("lines").([]any) {
			if line := l.(map[string]any); line["label"] == labels[language] {
				value = line["value"]
			}
		}
		return value
	}
	if got := said("en"); got != nil {
		t.Errorf("before anything was handed in: %v", got)
	}
	content := scan(9)
	first, second := digest(content)[:16], digest(scan(100))[:16]
	s.upload("/v1/cases/"+caseID+"/papers", s.as(person), "a.pdf", content, "one", "document_type", "passport").is(http.StatusCreated)
	s.upload("/v1/cases/"+caseID+"/papers", s.as(person), "b.pdf", scan(100), "two", "document_type", "marriage_certificate").is(http.StatusCreated)
	for language, want := range map[string]string{
		"kk": "1) төлқұжат (SHA-256: " + first + "); 2) неке қию туралы куәлік (SHA-256: " + second + ")",
		"ru": "1) паспорт (SHA-256: " + first + "); 2) свидетельство о заключении брака (SHA-256: " + second + ")",
		"en": "1) passport (SHA-256: " + first + "); 2) certificate of marriage (SHA-256: " + second + ")",
	} {
		if got := said(language); got != want {
			t.Errorf("%s: %v, want %s", language, got, want)
		}
	}
	page := s.get(talon, s.as(person), header{"Accept", "application/pdf"}).is(http.StatusOK)
	if !strings.HasPrefix(page.text, "%PDF") {
		t.Error("the talon is not printed")
	}
}
