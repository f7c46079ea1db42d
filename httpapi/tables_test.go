package httpapi_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"tizilim/domain"
	"tizilim/httpapi"
	"tizilim/httpapi/documents"
	"tizilim/httpapi/operation"
	"tizilim/httpapi/table"
	"tizilim/httpapi/words"
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
				a.refused(http.StatusNotAcceptable, domain.CodeNotAcceptable, "header.Accept")
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

var inXLSX = header{"Accept", table.XLSX}

// sheetOf reads an answer in XLSX: the name of its sheet and the rows, the titles first.
func (a *answer) sheetOf() (name string, rows [][]string) {
	a.t.Helper()
	if got := a.header.Get("Content-Type"); got != table.XLSX {
		a.t.Fatalf("an XLSX of type %q: %s", got, a.text)
	}
	f, err := excelize.OpenReader(bytes.NewReader([]byte(a.text)))
	must(a.t, err)
	name = f.GetSheetList()[0]
	rows, err = f.GetRows(name)
	must(a.t, err)
	return name, rows
}

// Every list of people's work is a table in both forms, in the words of its reader.
func TestEveryTableIsForSpreadsheetsAndInWords(t *testing.T) {
	r := start(t)
	s := r.at(t)
	commission, auditor, list := s.token(domain.RoleCommission), s.token(domain.RoleAuditor), s.list()
	person, _, _ := s.entry(list)
	waits := s.applied(s.citizen(), list)
	office, desk := s.office("desk-2", body{"kind": "desk", "names": bodyNames, "territory": []string{astanaKATO}})
	seat := s.command("/v1/persons", desk, body{"iin": s.iin(), "name": "Ерлан", "birth_date": "1990-05-17", "class": "citizen"}).is(201)
	s.get("/v1/persons/"+seat.id("person_id")+"/residence", desk).is(http.StatusOK)
	flat := s.dwelling(person)
	s.registered(person, flat, domain.DateOf(r.clock.Now()).String(), "")
	s.service()
	keeper := fmt.Sprint(s.get("/v1/queues/"+list, commission).is(http.StatusOK).at("kept_by"))
	dead := s.citizen()
	orphaned := s.dwelling(dead)
	last := s.followed(dead, s.died(dead))
	s.seen("/v1/dwellings/"+orphaned+"/residents", auditor, last)
	s.get("/v1/persons/"+person+"/residence", auditor).is(http.StatusOK)

	paths := map[string]struct{ path, token string }{
		"list-queues":            {"/v1/queues", auditor},
		"list-entries":           {"/v1/queues/" + list + "/entries", commission},
		"get-public-list":        {"/v1/queues/" + list + "/public", auditor},
		"list-cases":             {"/v1/cases", commission},
		"list-duties":            {"/v1/duties", auditor},
		"get-dwelling-residents": {"/v1/dwellings/" + flat + "/residents", auditor},
		"get-person-residence":   {"/v1/persons/" + person + "/residence", auditor},
		"list-stock":             {"/v1/bodies/" + keeper + "/stock", commission},
		"list-bodies":            {"/v1/bodies", auditor},
		"get-my-accesses":        {"/v1/me/accesses", s.as(person)},
		"get-person-history":     {"/v1/persons/" + person + "/history", auditor},
		"get-dwelling-history":   {"/v1/dwellings/" + flat + "/history", auditor},
		"get-case-history":       {"/v1/cases/" + waits + "/history", auditor},
		"get-queue-history":      {"/v1/queues/" + list + "/history", auditor},
		"get-body-history":       {"/v1/bodies/" + office + "/history", auditor},
		"get-queue-diff":         {"/v1/queues/" + list + "/diff?from=2026-03-01&to=2026-12-31", auditor},
		"get-person-accesses":    {"/v1/persons/" + person + "/accesses?limit=5", auditor}, // each look is one more
		"list-acts":              {"/v1/acts?account=desk-2", auditor},
		"list-accesses":          {"/v1/accesses?account=desk-2", auditor},
	}
	for _, op := range s.operations() {
		if op.Rows == (table.Rows{}) {
			continue
		}
		at, known := paths[op.ID]
		if !known {
			t.Errorf("%s is not tried", op.ID)
			continue
		}
		inJSON := s.get(at.path, at.token).is(http.StatusOK)
		want := len(inJSON.at(op.Rows.Member).([]any))
		if want == 0 && op.ID != "list-bodies" {
			t.Errorf("%s has no rows to try", op.ID)
		}
		if op.ID == "get-my-accesses" { // each look at the residence is one more
			want = min(want, 100)
		}
		columns, rows := s.get(at.path, at.token, inCSV).is(http.StatusOK).rowsOf()
		if !slices.Equal(columns, op.Rows.Columns()) || len(rows) != want {
			t.Errorf("%s has %d rows in JSON, and %d of %v in CSV", op.ID, want, len(rows), columns)
		}
		for _, l := range domain.Languages {
			words := wordsIn(t, l)
			a := s.get(at.path, at.token, inXLSX, header{"Accept-Language", string(l)}).is(http.StatusOK)
			name, rows := a.sheetOf()
			var titles []string
			for _, c := range op.Rows.Columns() {
				titles = append(titles, words.Columns[c])
			}
			if name != words.Sheets[op.Rows.Member] || !slices.Equal(rows[0], titles) || len(rows) != want+1 {
				t.Errorf("%s in %s: sheet %q, %d rows, titles %v", op.ID, l, name, len(rows)-1, rows[0])
			}
			if a.header.Get("Content-Language") != string(l) ||
				!slices.Equal(a.header.Values("Vary"), []string{"Accept", "Accept-Language"}) ||
				a.header.Get("Content-Disposition") != `attachment; filename="`+op.ID+`.xlsx"` {
				t.Errorf("%s in %s: %v", op.ID, l, a.header)
			}
		}
	}
	_, rows := s.get("/v1/queues/"+list+"/entries", commission, inXLSX, header{"Accept-Language", "kk"}).is(http.StatusOK).sheetOf()
	if i := slices.Index(rows[0], "Күйі"); i < 0 || rows[1][i] != "кезекте тұр" {
		t.Errorf("the states of entries in Kazakh: %v", rows)
	}
}

// tableWords are what tables say in a language, as its file has it.
type tableWords struct {
	Sheets, Columns map[string]string
}

func wordsIn(t *testing.T, l domain.Language) (of tableWords) {
	data, err := os.ReadFile("table/texts/" + string(l) + ".json")
	must(t, err)
	must(t, json.Unmarshal(data, &of))
	return of
}

// Each title of a column, each sheet and each value that a table can have has its words, and no words are
// of anything else.
func TestTablesHaveWordsForAllThatTheySay(t *testing.T) {
	sheets, columns := map[string]bool{}, map[string]bool{}
	enumerated := map[reflect.Type]bool{reflect.TypeFor[domain.Role](): true}
	for _, e := range httpapi.Enumerations() {
		enumerated[e.Type] = true
	}
	for _, op := range httpapi.Operations(start(t).server) {
		if op.Rows == (table.Rows{}) {
			continue
		}
		sheets[op.Rows.Member] = true
		for _, c := range op.Rows.Columns() {
			columns[c] = true
		}
		for _, of := range op.Rows.Types() {
			if !enumerated[of] {
				continue
			}
			if !words.Worded(of) { // which has them in all languages
				t.Errorf("%s: the values of %s have no words", op.ID, of)
			}
		}
	}
	for _, l := range domain.Languages {
		words := wordsIn(t, l)
		if got, want := slices.Sorted(maps.Keys(words.Sheets)), slices.Sorted(maps.Keys(sheets)); !slices.Equal(got, want) {
			t.Errorf("%s has sheets %v, want %v", l, got, want)
		}
		for name, said := range words.Sheets {
			if len([]rune(said)) > 31 || strings.ContainsAny(said, `[]:*?/\'`) {
				t.Errorf("%s: %s cannot be the name of a sheet: %q", l, name, said)
			}
		}
		if got, want := slices.Sorted(maps.Keys(words.Columns)), slices.Sorted(maps.Keys(columns)); !slices.Equal(got, want) {
			t.Errorf("%s has columns %v, want %v", l, got, want)
		}
	}
	for _, op := range httpapi.Operations(start(t).server) { // two columns of one table are told apart
		if op.Rows == (table.Rows{}) {
			continue
		}
		for _, l := range domain.Languages {
			of := map[string]string{}
			for _, c := range op.Rows.Columns() {
				title := wordsIn(t, l).Columns[c]
				if of[title] != "" {
					t.Errorf("%s in %s: %s and %s are both called %q", op.ID, l, c, of[title], title)
				}
				of[title] = c
			}
		}
	}
}

// Who asks any operation for a form that it does not give is told so, before anything is done.
func TestNoOperationGivesAnotherFormThanIsAskedFor(t *testing.T) {
	s := start(t).at(t)
	tokens := map[domain.Role]string{operation.Anyone: "", domain.RoleCitizen: s.as(s.citizen())}
	before := s.head()
	tried := 0
	for _, op := range s.operations() {
		roles := slices.DeleteFunc(slices.Clone(op.Roles), func(r domain.Role) bool {
			return r == domain.RoleCitizen && op.Of.Recorded() // there is no such record
		})
		if len(roles) == 0 {
			continue
		}
		token, known := tokens[roles[0]]
		if !known {
			token = s.token(roles[0])
			tokens[roles[0]] = token
		}
		for _, form := range []string{
			"text/html", "image/webp, application/problem+json", "*/*;q=0", operation.JSON, operation.PDF, table.CSV, table.XLSX,
			"application/x-ndjson", "text/event-stream", "text/plain",
		} {
			if slices.Contains(op.Forms(), form) {
				continue
			}
			var sent any
			if op.Method == http.MethodPost {
				sent = "{}"
			}
			a := s.send(op.Method, op.address(), token, sent, header{"Accept", form}, header{"Idempotency-Key", "key"}).
				refused(http.StatusNotAcceptable, domain.CodeNotAcceptable, "header.Accept")
			if !slices.Equal(a.header.Values("Vary"), []string{"Accept", "Accept-Language"}) {
				t.Errorf("%s: %v", op.ID, a.header)
			}
			tried++
		}
	}
	if tried < 500 {
		t.Errorf("%d requests were tried", tried)
	}
	if after := s.head(); after != before {
		t.Errorf("refused requests moved the log from %d to %d", before, after)
	}
}

// What stands before the API, as CORS does, has said by what the answer varies: that stays.
func TestAnAnswerKeepsWhatWasSaidOfItBefore(t *testing.T) {
	r := start(t)
	s := r.at(t)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Add("Vary", "Origin")
		r.server.ServeHTTP(w, req)
	}))
	defer front.Close()
	person := s.citizen()
	list := s.list()
	talon := s.issued(s.placed(s.applied(person, list)), "talon")
	for path, want := range map[string][]string{
		"/v1/certificates/" + talon:  {"Origin", "Accept"},
		"/v1/me/queue":               {"Origin", "Accept"},
		"/v1/certificates/" + nobody: {"Origin", "Accept-Language"},
	} {
		req, err := http.NewRequest(http.MethodGet, front.URL+path, nil)
		must(t, err)
		req.Header.Set("Authorization", "Bearer "+s.as(person))
		res, err := front.Client().Do(req)
		must(t, err)
		must(t, res.Body.Close())
		if got := res.Header.Values("Vary"); !slices.Equal(got, want) {
			t.Errorf("%s varies by %v, want %v", path, got, want)
		}
	}
}

func TestQ21_ThePublicListIsGivenForPrintInTheLanguageOfItsReader(t *testing.T) {
	s := start(t).at(t)
	list := s.list()
	s.entry(list)
	s.entry(list)
	path, reader, pdf := "/v1/queues/"+list+"/public", s.token(domain.RoleOperator), header{"Accept", "application/pdf"}
	for _, c := range []struct{ query, reads, want string }{
		{"", "", "kk"}, {"", "ru-KZ, en;q=0.5", "ru"}, {"", "en", "en"}, {"language=kk", "ru", "kk"}, {"language=en", "", "en"},
	} {
		headers := []header{pdf}
		if c.reads != "" {
			headers = append(headers, header{"Accept-Language", c.reads})
		}
		a := s.get(path+"?"+c.query, reader, headers...).is(http.StatusOK)
		if a.header.Get("Content-Type") != "application/pdf" || a.header.Get("Content-Language") != c.want ||
			!strings.HasPrefix(a.text, "%PDF-") || !strings.Contains(a.text, "/Lang ("+c.want+")") || a.header.Get("Link") != "" {
			t.Errorf("%v: %v", c, a.header)
		}
		ground := s.get(path+"?"+c.query, reader, headers[1:]...).is(http.StatusOK).at("ground")
		if want := documents.PublicGround(domain.Language(c.want)); ground != want {
			t.Errorf("%v: the ground is %q, want %q", c, ground, want)
		}
	}
	first := s.get(path+"?limit=1", reader, pdf).is(http.StatusOK)
	if got := first.header.Get("Link"); got != "<"+path+`?cursor=1&limit=1>; rel="next"` {
		t.Errorf("the next page is at %s", got)
	}
	if next := s.get(path+"?limit=1", reader).is(http.StatusOK).at("next"); next != "1" {
		t.Errorf("the next page is %v", next)
	}
	if last := s.get(path+"?limit=1&cursor=1", reader).is(http.StatusOK); last.body["next"] != nil || len(last.at("waiting").([]any)) != 1 {
		t.Errorf("the last page is %s", last.text)
	}
	s.get(path+"?cursor=x", reader).refused(http.StatusUnprocessableEntity, domain.CodeMalformed, "query.cursor")
}
