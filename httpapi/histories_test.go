package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/trail"
)

// line is an event of a history, as far as a test compares it.
type line struct {
	Stream    string
	Revision  int
	Type      string
	Actor     string
	CreatedAt time.Time `json:"created_at"`
}

// pagesOf walks through all pages of a history.
func (s *subtest) pagesOf(path, token string) (all []line) {
	s.t.Helper()
	for cursor := ""; ; {
		a := s.get(path+cursor, token).is(http.StatusOK)
		var page struct {
			Events []line
			Next   string
		}
		must(s.t, json.Unmarshal([]byte(a.text), &page))
		all = append(all, page.Events...)
		if page.Next == "" {
			return all
		}
		cursor = "&cursor=" + page.Next
	}
}

// linesOf reads a whole history as NDJSON.
func (s *subtest) linesOf(path, token string) (all []line) {
	s.t.Helper()
	for text := range strings.Lines(s.get(path, token, ndjson).is(http.StatusOK).text) {
		var l line
		must(s.t, json.Unmarshal([]byte(text), &l))
		all = append(all, l)
	}
	return all
}

// historiesOf makes a history of every kind, and returns their addresses by the words for them.
func historiesOf(s *subtest) map[string]string {
	list := s.list()
	office, _ := s.commission("office-of-histories")
	person, entry, _ := s.entry(list)
	s.clock.pass(24 * time.Hour)
	home := s.dwelling(person)
	s.registered(person, home, "2026-03-01", "")
	s.entry(list)
	s.clock.pass(24 * time.Hour)
	s.joins(office, "another-of-histories", s.iin())
	review := s.reviewed(list, entry).at("events", 0, "data", "case_id").(string)
	s.clock.pass(24 * time.Hour)
	s.command(entryPath(list, entry)+"/removal", s.token(domain.RoleCommission), removing).is(http.StatusOK)
	last := s.registered(person, s.dwelling(person), "2026-03-10", "")
	s.seen("/v1/persons/"+person+"/residence", s.token(domain.RoleOperator), last)
	must(s.t, s.watch.CatchUp(s.ctx())) // with that look
	return map[string]string{
		"a person":   "/v1/persons/" + person + "/history?",
		"a dwelling": "/v1/dwellings/" + home + "/history?",
		"a case":     "/v1/cases/" + s.stream("queue-" + list)[1].Meta.Correlation.String() + "/history?",
		"a review":   "/v1/cases/" + review + "/history?",
		"a list":     "/v1/queues/" + list + "/history?",
		"a body":     "/v1/bodies/" + office + "/history?",
		"acts":       "/v1/acts?account=commission-1&",
		"reads":      "/v1/accesses?account=operator-1&",
	}
}

// TestAHistoryIsTheSameInEveryForm: in pages of any size, newest or oldest first, as lines and as a table.
func TestAHistoryIsTheSameInEveryForm(t *testing.T) {
	s := start(t).at(t)
	auditor := s.token(domain.RoleAuditor)
	for what, path := range historiesOf(s) {
		whole := s.linesOf(path, auditor)
		if len(whole) == 0 {
			t.Fatalf("%s has no history", what)
		}
		backwards := slices.Clone(whole)
		slices.Reverse(backwards)
		for _, limit := range []string{"1", "2", "1000"} {
			if got := s.pagesOf(path+"limit="+limit, auditor); !slices.Equal(got, whole) {
				t.Errorf("%s in pages of %s:\n%v\nwant\n%v", what, limit, got, whole)
			}
			if got := s.pagesOf(path+"order=newest&limit="+limit, auditor); !slices.Equal(got, backwards) {
				t.Errorf("%s newest first in pages of %s:\n%v\nwant\n%v", what, limit, got, backwards)
			}
		}
		if got := s.linesOf(path+"order=newest", auditor); !slices.Equal(got, backwards) {
			t.Errorf("%s newest first as lines:\n%v\nwant\n%v", what, got, backwards)
		}
		columns, rows := s.get(path+"limit=1000", auditor, inCSV).is(http.StatusOK).rowsOf()
		if len(rows) != len(whole) || columns[0] != "stream" {
			t.Errorf("%s as a table has %d rows of %v, want %d", what, len(rows), columns, len(whole))
		}
		for i, row := range rows {
			if row["stream"] != whole[i].Stream || row["type"] != whole[i].Type || !json.Valid([]byte(row["data"])) {
				t.Errorf("%s as a table: row %d is %v, want %v", what, i, row, whole[i])
			}
		}
		s.get(path, auditor, header{"Accept", "application/xml"}).refused(http.StatusNotAcceptable, domain.CodeNotAcceptable, "header.Accept")
	}
}

// TestTheLogAloneHasTheSameHistories as the read model points to.
func TestTheLogAloneHasTheSameHistories(t *testing.T) {
	s := start(t).at(t)
	auditor := s.token(domain.RoleAuditor)
	paths := historiesOf(s)
	id := func(what string) string { return strings.Split(paths[what], "/")[3] }
	for what, choose := range map[string]trail.Choice{
		"a person": trail.Person(parse[domain.PersonID](id("a person"))), "a dwelling": trail.Dwelling(parse[domain.DwellingID](id("a dwelling"))),
		"a case": trail.Case(parse[domain.CaseID](id("a case"))), "a review": trail.Case(parse[domain.CaseID](id("a review"))),
		"a list": trail.Stream("queue-" + id("a list")), "acts": trail.Acts("commission-1"), "reads": trail.ReadsBy("operator-1"),
	} {
		var got []line
		all := s.since(0)
		whole := s.linesOf(paths[what], auditor)
		for _, rec := range all {
			if choose(rec) {
				got = append(got, line{rec.Stream, int(rec.Revision), rec.Event.EventType(), rec.Meta.Actor, rec.Created})
			}
		}
		same := func(a, b line) bool {
			return a.CreatedAt.Equal(b.CreatedAt) && a.Stream == b.Stream && a.Revision == b.Revision && a.Type == b.Type
		}
		if !slices.EqualFunc(got, whole, same) {
			t.Errorf("%s by the log:\n%v\nwant\n%v", what, got, whole)
		}
	}
}

// TestAPartOfAHistoryIsWhatIsAskedFor by period, type and actor, in both orders.
func TestAPartOfAHistoryIsWhatIsAskedFor(t *testing.T) {
	s := start(t).at(t)
	auditor := s.token(domain.RoleAuditor)
	for what, path := range historiesOf(s) {
		whole := s.linesOf(path, auditor)
		check := func(query string, wants func(line) bool) {
			t.Helper()
			want := slices.DeleteFunc(slices.Clone(whole), func(l line) bool { return !wants(l) })
			for _, limit := range []string{"&limit=1", "&limit=1000"} {
				if got := s.pagesOf(path+query+limit, auditor); !slices.Equal(got, want) {
					t.Errorf("%s, %s:\n%v\nwant\n%v", what, query, got, want)
				}
			}
			slices.Reverse(want)
			if got := s.pagesOf(path+query+"&order=newest&limit=2", auditor); !slices.Equal(got, want) {
				t.Errorf("%s, %s, newest first:\n%v\nwant\n%v", what, query, got, want)
			}
			if got := s.linesOf(path+query+"&order=newest", auditor); !slices.Equal(got, want) {
				t.Errorf("%s, %s, newest first as lines:\n%v\nwant\n%v", what, query, got, want)
			}
		}
		for _, l := range []line{whole[0], whole[len(whole)/2], whole[len(whole)-1]} {
			at := l.CreatedAt
			check("recorded_from="+queryOf(at), func(l line) bool { return !l.CreatedAt.Before(at) })
			check("recorded_to="+queryOf(at), func(l line) bool { return !l.CreatedAt.After(at) })
			check("recorded_from="+queryOf(at)+"&recorded_to="+queryOf(at), func(l line) bool { return l.CreatedAt.Equal(at) })
			day := domain.DateOf(at)
			check(fmt.Sprintf("recorded_from=%s&recorded_to=%[1]s", day), func(l line) bool { return domain.DateOf(l.CreatedAt) == day })
			check("kind="+l.Type+",EntryLeft", func(other line) bool { return other.Type == l.Type })
			check("actor="+l.Actor, func(other line) bool { return other.Actor == l.Actor })
		}
		check("actor=nobody", func(line) bool { return false })
		check("recorded_from=2027-01-01", func(line) bool { return false })
		check("recorded_to=2020-01-01", func(line) bool { return false })
		s.get(path+"kind=Nothing", auditor).refused(http.StatusUnprocessableEntity, domain.CodeValueUnknown, "query.kind")
		for _, parameter := range []string{"recorded_from", "recorded_to"} {
			s.get(path+parameter+"=x", auditor).
				refused(http.StatusUnprocessableEntity, domain.CodeDateFormat, "query."+parameter)
		}
		s.get(path+"cursor=99999999999999999999", auditor).
			refused(http.StatusUnprocessableEntity, domain.CodeMalformed, "query.cursor")
	}
}

// TestAHistoryIsOfItsSubjectAlone: a list has what is in its stream, an account what it did and what it was
// shown, and nothing of another's.
func TestAHistoryIsOfItsSubjectAlone(t *testing.T) {
	s := start(t).at(t)
	auditor := s.token(domain.RoleAuditor)
	paths := historiesOf(s)
	for what, wants := range map[string]func(line) bool{
		"a review": func(l line) bool { return strings.HasPrefix(l.Stream, "queue-") },
		"acts":     func(l line) bool { return l.Actor == "commission-1" && !strings.HasPrefix(l.Stream, "access-") },
		"reads":    func(l line) bool { return l.Actor == "operator-1" && strings.HasPrefix(l.Stream, "access-") },
		"a list":   func(l line) bool { return strings.HasPrefix(l.Stream, "queue-") },
		"a body":   func(l line) bool { return strings.HasPrefix(l.Stream, "body-") },
	} {
		for _, l := range s.linesOf(paths[what], auditor) {
			if !wants(l) {
				t.Errorf("%s has %v", what, l)
			}
		}
	}
	types := func(what string) (all []string) {
		for _, l := range s.linesOf(paths[what], auditor) {
			all = append(all, l.Type)
		}
		return all
	}
	if got := types("a review"); !slices.Equal(got, []string{"ReviewOpened", "HearingDispensed", "EntryRemoved"}) {
		t.Errorf("the review has %v", got)
	}
	if got := types("a list"); len(got) != 6 || got[0] != "ListOpened" || got[5] != "EntryRemoved" {
		t.Errorf("the list has %v", got)
	}
	if got := types("reads"); !slices.Contains(got, "PersonalDataRead") {
		t.Errorf("the reads are %v", got)
	}
	none := "00000000-0000-4000-8000-000000000000"
	for path, code := range map[string]domain.Code{
		"/v1/cases/": domain.CodeCaseUnknown, "/v1/queues/": domain.CodeListUnknown, "/v1/bodies/": domain.CodeBodyUnknown,
	} {
		s.get(path+none+"/history", auditor).refused(http.StatusNotFound, code, "")
	}
	if a := s.get("/v1/acts?account=nobody", auditor).is(http.StatusOK); len(a.at("events").([]any)) != 0 {
		t.Errorf("an account that never acted: %s", a.text)
	}
	s.get("/v1/acts?account=a+b", auditor).refused(http.StatusUnprocessableEntity, domain.CodeMalformed, "query.account")
	s.get("/v1/acts", auditor).refused(http.StatusUnprocessableEntity, domain.CodeRequired, "query.account")
}

// TestAnAuditOfficeReadsAboutItsTerritory; beyond it, it says why.
func TestAnAuditOfficeReadsAboutItsTerritory(t *testing.T) {
	s := start(t).at(t)
	desk := func(account, kato string) string {
		id, _ := s.office(account, body{"kind": "desk", "names": bodyNames, "territory": []string{kato}})
		return id
	}
	near, far := desk("desk-here", astanaKATO), desk("desk-there", almatyKATO)
	_, auditor := s.office("audit-here", body{"kind": "audit", "names": bodyNames, "territory": []string{astanaKATO}})
	for _, path := range []string{"/v1/bodies/" + near + "/history", "/v1/acts?account=desk-here", "/v1/accesses?account=desk-here"} {
		s.get(path, auditor).is(http.StatusOK)
	}
	for _, path := range []string{"/v1/bodies/" + far + "/history", "/v1/acts?account=desk-there", "/v1/accesses?account=desk-there"} {
		s.get(path, auditor).refused(http.StatusForbidden, domain.CodeNotYourTerritory, "")
		s.get(path, auditor, header{"Tizilim-Purpose", "audit"}, header{"Tizilim-Reference", "order 7"}).is(http.StatusOK)
	}
}
