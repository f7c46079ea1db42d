package httpapi_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"tizilim/domain"
)

// rowsOf reads an answer in CSV: the columns, and the lines by column.
func (a *answer) rowsOf() (columns []string, rows []map[string]string) {
	a.t.Helper()
	text, marked := strings.CutPrefix(a.text, "\ufeff")
	all, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(all) == 0 || !marked || a.header.Get("Content-Type") != "text/csv; charset=utf-8; header=present" {
		a.t.Fatalf("no CSV for spreadsheets: %v, %v\n%s", err, a.header, a.text)
	}
	for _, line := range all[1:] {
		row := map[string]string{}
		for i, value := range line {
			row[all[0][i]] = value
		}
		rows = append(rows, row)
	}
	return all[0], rows
}

var inCSV = header{"Accept", "text/csv"}

func TestListsAndTheWorkListAreTablesToo(t *testing.T) {
	s := start(t).at(t)
	commission, list := s.token(domain.RoleCommission), s.list()
	_, first, _ := s.entry(list)
	_, second, last := s.entry(list)
	waits := s.applied(s.citizen(), list)
	s.seen(entryPath(list, second), commission, last)

	whole := s.get("/v1/queues/"+list+"/entries", commission).is(http.StatusOK)
	columns, rows := s.get("/v1/queues/"+list+"/entries?limit=1", commission, inCSV).is(http.StatusOK).rowsOf()
	want := []string{
		"number", "entry_id", "person_id", "name", "iin", "case_id", "seniority_at", "registered_on", "certified_number",
		"status", "inventory_due_on",
	}
	if !slices.Equal(columns, want) || len(rows) != 1 {
		t.Fatalf("%v, %d rows", columns, len(rows))
	}
	for _, column := range columns {
		if got, want := rows[0][column], fmt.Sprint(whole.at("entries", 0, column)); got != want {
			t.Errorf("%s is %q in CSV and %q in JSON", column, got, want)
		}
	}
	next, found := strings.CutSuffix(s.get("/v1/queues/"+list+"/entries?limit=1", commission, inCSV).header.Get("Link"), `>; rel="next"`)
	if !found {
		t.Fatal("there is no next page")
	}
	after := s.get(strings.TrimPrefix(next, "<"), commission, inCSV).is(http.StatusOK)
	if _, rows := after.rowsOf(); len(rows) != 1 || rows[0]["entry_id"] != second || first == second {
		t.Errorf("the next page has %v", rows)
	}
	if link := after.header.Get("Link"); link != "" {
		t.Errorf("the last page names another: %s", link)
	}
	if _, rows := s.get("/v1/queues/"+list+"/public", s.token(domain.RoleOperator), inCSV).is(http.StatusOK).rowsOf(); len(rows) != 2 ||
		rows[1]["number"] != "2" || rows[1]["persons"] != "1" {
		t.Errorf("the public list has %v", rows)
	}
	columns, rows = s.get("/v1/cases?list_id="+list, commission, inCSV).is(http.StatusOK).rowsOf()
	i := slices.IndexFunc(rows, func(row map[string]string) bool { return row["case_id"] == waits })
	if i < 0 || rows[i]["applicant.name"] == "" || rows[i]["due.what"] != "decision" || !slices.Contains(columns, "due.by") {
		t.Errorf("the work list has %v", rows)
	}
}

func TestWhatIsAskedForIsGivenOrNotAcceptable(t *testing.T) {
	s := start(t).at(t)
	commission, list := s.token(domain.RoleCommission), s.list()
	for accept, want := range map[string]string{
		"":                                 "application/json",
		"*/*":                              "application/json",
		"text/html, */*;q=0.1":             "application/json",
		"application/json, text/csv;q=0.5": "application/json",
		"text/csv, application/json;q=0.5": "text/csv; charset=utf-8; header=present",
		"application/xml":                  "",
		"text/csv;q=0":                     "",
		"text/*":                           "text/csv; charset=utf-8; header=present",
		"text/*, text/csv;q=0, */*;q=0.2":  "application/json",
	} {
		for _, path := range []string{"/v1/queues/" + list + "/entries", "/v1/queues/" + list + "/public", "/v1/cases"} {
			a := s.get(path, commission, header{"Accept", accept})
			if want == "" {
				a.refused(http.StatusNotAcceptable, domain.CodeNotAcceptable, "")
			} else if got := a.is(http.StatusOK).header.Get("Content-Type"); got != want {
				t.Errorf("%s is answered to %q as %s, want %s", path, accept, got, want)
			}
		}
	}
	s.get("/v1/queues/"+list+"/entries?limit=0", commission, inCSV).problem()
	s.get("/v1/queues/"+list+"/entries", "nobody", inCSV).is(http.StatusUnauthorized).problem()
}

func TestNoCellOfATableIsAFormula(t *testing.T) {
	r := start(t)
	s := r.at(t)
	commission, list := s.token(domain.RoleCommission), s.list()
	person := s.command("/v1/persons", s.token(domain.RoleOperator), body{
		"iin": s.iin(), "name": "=HYPERLINK(\"http://evil.example\")", "birth_date": "1990-05-17", "class": "citizen",
	}).is(http.StatusCreated).id("person_id")
	placed := s.placed(s.applied(person, list))
	s.seen("/v1/queues/"+list+"/entries", commission, placed)
	_, rows := s.get("/v1/queues/"+list+"/entries", commission, inCSV).is(http.StatusOK).rowsOf()
	if len(rows) != 1 || rows[0]["name"] != "'=HYPERLINK(\"http://evil.example\")" {
		t.Errorf("%v", rows)
	}
}
