package httpapi_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"tizilim/domain"
)

// TestTheReadsOfAPersonAreListedInBothOrders, those of single looks and those of pages, by who read, with what and
// when.
func TestTheReadsOfAPersonAreListedInBothOrders(t *testing.T) {
	r := start(t)
	s := r.at(t)
	list, auditor := s.list(), s.token(domain.RoleAuditor)
	person, _, _ := s.entry(list)
	s.crowd(list, 20)
	var want []string
	look := func(by domain.Role, operation, path string) {
		r.clock.pass(time.Hour)
		s.get(path, s.token(by), header{"Tizilim-Purpose", "court_request"}, header{"Tizilim-Reference", "2-17"}).is(http.StatusOK)
		want = append(want, fmt.Sprint(s.clock.Now().UTC().Format(time.RFC3339), " ", by, "-1 ", operation, " 2-17"))
	}
	for range 3 {
		look(domain.RoleOperator, "get-person-residence", "/v1/persons/"+person+"/residence")
		look(domain.RoleCommission, "list-entries", "/v1/queues/"+list+"/entries")
	}
	path := "/v1/persons/" + person + "/accesses?"
	walk := func(query string) (got []string) {
		t.Helper()
		for cursor := ""; ; {
			a := s.get(path+query+"&read_to="+queryOf(r.clock.Now().Add(-time.Second))+cursor, auditor).is(http.StatusOK)
			for _, e := range a.at("accesses").([]any) {
				e := e.(map[string]any)
				at, err := time.Parse(time.RFC3339Nano, e["read_at"].(string))
				must(t, err)
				if e["person_id"] != person || e["event"] == nil {
					t.Errorf("an access of another: %v", e)
				}
				got = append(got, fmt.Sprint(at.UTC().Format(time.RFC3339), " ", e["reader"], " ", e["operation"], " ", e["reference"]))
			}
			next, more := a.body["next"].(string)
			if !more {
				return got
			}
			cursor = "&cursor=" + next
		}
	}
	r.clock.pass(time.Hour) // what this test reads is not asked for
	backwards := slices.Clone(want)
	slices.Reverse(backwards)
	only := func(all []string, i int) []string { return []string{all[i], all[i+2], all[i+4]} }
	for _, limit := range []string{"1", "2", "500"} {
		for query, want := range map[string][]string{
			"order=oldest": want, "order=newest": backwards, "": backwards,
			"order=oldest&reader=operator-1": only(want, 0), "operation=list-entries": only(backwards, 0),
			"reader=nobody": nil,
		} {
			if got := walk(query + "&limit=" + limit); !slices.Equal(got, want) {
				t.Errorf("%q in pages of %s:\n%v\nwant\n%v", query, limit, got, want)
			}
		}
	}
	columns, rows := s.get(path+"order=oldest&limit=2", auditor, inCSV).is(http.StatusOK).rowsOf()
	if len(rows) != 2 || rows[0]["operation"] != "get-person-residence" || !slices.Contains(columns, "reference") {
		t.Errorf("as a table: %v", rows)
	}
	s.get(path+"read_from=x", auditor).refused(http.StatusUnprocessableEntity, domain.CodeDateFormat, "query.read_from")
	s.get("/v1/persons/00000000-0000-4000-8000-000000000000/accesses", auditor).
		refused(http.StatusNotFound, domain.CodePersonUnknown, "")
}
