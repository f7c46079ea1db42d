package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tizilim/domain"
	"tizilim/eventstore/command/importer"
)

// oldRegister writes a register of about so many lines, of which the share is bad by itself, and returns
// which, as type,key. Of its lines 40 % are persons, 20 % dwellings with their owner, 30 % registrations and the
// others entries on two lists.
func oldRegister(t *testing.T, name string, lines int, share float64) (bad []string) {
	t.Helper()
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	out := json.NewEncoder(file)
	random := rand.New(rand.NewPCG(1, 2)) // the same bad lines each time
	write := func(kind importer.Type, key string, values map[string]string, column, spoilt string) {
		if column != "" && random.Float64() < share {
			values[column], bad = spoilt, append(bad, string(kind)+","+key)
		}
		if err := out.Encode(importer.NewRow(kind, key, values)); err != nil {
			t.Fatal(err)
		}
	}
	persons, dwellings, registrations, entries := lines*4/10, lines/10, lines*3/10, lines/10
	for i := range persons {
		born := domain.NewDate(1950+i%50, time.Month(1+i/50%12), 1+i/600%28)
		values := map[string]string{"name": "Адам " + letters(i), "birth_date": born.String(), "class": "citizen"}
		values["iin"] = validIIN(born, i/16800)
		write(importer.Person, fmt.Sprint("p", i), values, "birth_date", "1990-13-01")
	}
	for i := range dwellings {
		key := fmt.Sprint("d", i)
		write(importer.Dwelling, key, map[string]string{
			"rka": fmt.Sprintf("02013%011d", i), "address": fmt.Sprintf("Астана, Көше, %d", i), "owners_since": "2001-01-01",
		}, "kato", "x")
		write(importer.Owner, key+"/owner", map[string]string{"dwelling": key, "person": fmt.Sprint("p", i), "share": "1/1"}, "share", "3/2")
	}
	for i := range registrations {
		write(importer.Registration, fmt.Sprint("r", i), map[string]string{
			"person": fmt.Sprint("p", i), "dwelling": fmt.Sprint("d", i%dwellings), "kind": "permanent",
			"from": domain.NewDate(2010+i%10, 1, 1).String(),
		}, "reason", "because")
	}
	for i := range 2 {
		write(importer.List, fmt.Sprint("l", i), map[string]string{
			"body": fmt.Sprint("Body ", i), "settlement": "Астана", "title": "List",
		}, "", "")
	}
	began := domain.NewDate(2010, 1, 1)
	for i := range entries {
		day := began.AddDays(i / 2 * 5000 / entries).String()
		write(importer.Entry, fmt.Sprint("e", i), map[string]string{
			"list": fmt.Sprint("l", i%2), "person": fmt.Sprint("p", i), "number": fmt.Sprint(i/2 + 1), "seniority_at": day,
			"registered_on": day, "certificate_number": fmt.Sprint(1000 + i),
		}, "registered_on", "2001-01-01")
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return bad
}

// letters are the digits of n as letters.
func letters(n int) string {
	return strings.NewReplacer("0", "а", "1", "б", "2", "в", "3", "г", "4", "д", "5", "е", "6", "ж", "7", "з", "8", "и", "9", "к").
		Replace(fmt.Sprint(n))
}

// validIIN returns the n-th IIN of a man who was born on the day in the 20th century.
func validIIN(born domain.Date, n int) string {
	year, month, day := born.Start().In(domain.Zone).Date()
	for serial := range 10000 {
		for control := range 10 {
			iin := fmt.Sprintf("%02d%02d%02d3%04d%d", year%100, month, day, serial, control)
			if _, err := domain.ParseIIN(iin); err != nil {
				continue
			}
			if n--; n < 0 {
				return iin
			}
		}
	}
	panic("there are no more")
}

// reads asks the server in a role.
func (s *server) reads(role domain.Role, path string, answer any) {
	s.t.Helper()
	if err := storytellerFor(s.t, s).get(testContext(s.t), as(role), path, answer); err != nil {
		s.t.Fatal(err)
	}
}

var importLines = flag.Int("import-lines", 2000, "how many lines TestAnOperatorMovesARegistry imports; see make import")

// TestAnOperatorMovesARegistry is the day of an operator who takes over a register: a look without effect,
// an import that is killed in the middle and goes on, the report of the bad lines, and the numbers of the
// old list.
func TestAnOperatorMovesARegistry(t *testing.T) {
	old, report := filepath.Join(t.TempDir(), "old.ndjson"), filepath.Join(t.TempDir(), "bad.csv")
	bad := oldRegister(t, old, *importLines, 0.01)
	s := serve(t, dataDir(t), "127.0.0.1:0")
	e, err := readEndpoints(s.data)
	if err != nil {
		t.Fatal(err)
	}
	log, err := e.openEventStore(credentials{})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	head := func() domain.Position {
		at, err := log.Head(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	args := []string{"import", "--data", s.data, "--source", "old register", "--by", "operator-1", "--report", report}

	before := head()
	look := launch(t, append(args, "--dry-run", old)...)
	<-look.ended // however many lines there are
	look.exits(3)
	refused := launch(t, append(args, "--all-or-nothing", old)...)
	<-refused.ended
	refused.exits(3)
	if at := head(); at != before {
		t.Fatalf("an import that appends nothing moved the head of the log from %d to %d", before, at)
	}

	cut := launch(t, append(args, old)...)
	await(t, "the import does not begin", func() error {
		if head() < before+100_000 {
			return errors.New("nothing is imported yet")
		}
		return nil
	})
	cut.kill()
	done := launch(t, append(args, old)...)
	<-done.ended
	done.exits(3) // lines are bad
	t.Log(done.stdout.String())
	var fresh, known int
	for _, m := range regexp.MustCompile(`(\d+) new +(\d+) known`).FindAllStringSubmatch(done.stdout.String(), -1) {
		n, _ := strconv.Atoi(m[1])
		k, _ := strconv.Atoi(m[2])
		fresh, known = fresh+n, known+k
	}
	if fresh == 0 || known == 0 {
		t.Fatalf("the import was not killed in the middle:\n%s", done.stdout.String())
	}
	text, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	table, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var reported []string
	for _, line := range table[1:] {
		if name := line[2] + "," + line[3]; line[4] != "depends_on_bad_line" || slices.Contains(bad, name) {
			reported = append(reported, name)
		}
	}
	if slices.Sort(bad); len(bad) < 10 || !slices.Equal(bad, slices.Sorted(slices.Values(reported))) {
		t.Errorf("bad by themselves are %v, and reported are %v", bad, reported)
	}
	for _, private := range []string{"Адам", "1990-13-01", "19500101"} {
		if strings.Contains(string(text)+done.stdout.String()+done.stderr.String(), private) {
			t.Errorf("the report shows %q", private)
		}
	}

	after := head()
	again := launch(t, append(args, old)...)
	<-again.ended
	again.exits(3)
	if at := head(); at != after {
		t.Errorf("a further import moved the head of the log from %d to %d", after, at)
	}
	await(t, "notices are owed", s.hasSentItsNotices)
	if sent, err := os.ReadFile(outboxFile(s.data)); err == nil && len(sent) > 0 {
		t.Errorf("imported facts were told:\n%s", sent)
	}
	var lists struct {
		Lists []struct {
			ID string `json:"list_id"`
			Of int    `json:"of"`
		} `json:"lists"`
	}
	s.reads(domain.RoleCommission, "/v1/queues", &lists)
	for _, list := range lists.Lists {
		var page struct {
			Entries []struct {
				Number    int `json:"number"`
				Certified int `json:"certified_number"`
			} `json:"entries"`
		}
		s.reads(domain.RoleCommission, "/v1/queues/"+list.ID+"/entries?limit=200", &page)
		if len(page.Entries) != min(list.Of, 200) || list.Of < 80 {
			t.Errorf("the list has %d entries and shows %d", list.Of, len(page.Entries))
		}
		for i, e := range page.Entries {
			if e.Number != i+1 || i > 0 && e.Certified <= page.Entries[i-1].Certified {
				t.Errorf("the entry %d of the list has the certified number %d, after %d", e.Number, e.Certified, page.Entries[i-1].Certified)
			}
		}
	}
	s.verifies()
}

// TestWhatIsExportedIsImportedWithTheSameAnswers: the registry of the demonstration moves to an empty one.
func TestWhatIsExportedIsImportedWithTheSameAnswers(t *testing.T) {
	first := serve(t, dataDir(t), "127.0.0.1:0")
	use(t, "demo", "--url", first.url, "--data", first.data)
	before := filepath.Join(t.TempDir(), "before.ndjson")
	said := use(t, "export", "--data", first.data, before)
	if info, err := os.Stat(before); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the export is open to others: %v, %v", info.Mode(), err)
	}
	if !strings.Contains(said, "not exported: ") {
		t.Errorf("the export does not say what it leaves out:\n%s", said)
	}
	second := serve(t, dataDir(t), "127.0.0.1:0")
	use(t, "import", "--data", second.data, "--source", "demonstration", "--by", "operator-1", before)
	second.verifies()
	after := filepath.Join(t.TempDir(), "after.ndjson")
	use(t, "export", "--data", second.data, after)

	of, in := exported(t, before), exported(t, after)
	if diff := cmp.Diff(of.facts, in.facts); diff != "" {
		t.Errorf("(-before +after)\n%s", diff)
	}
	for kind, least := range map[importer.Type]int{
		importer.Person: 20, importer.Dwelling: 5, importer.Owner: 5, importer.Registration: 10, importer.List: 1, importer.Entry: 2,
	} {
		if of.count[kind] < least {
			t.Errorf("only %d lines of the type %s were compared", of.count[kind], kind)
		}
	}
	asked := 0
	for name, key := range of.key {
		kind, rest, _ := strings.Cut(name, " ")
		path := map[importer.Type]string{
			importer.Person: "/v1/persons/%s/residence", importer.Dwelling: "/v1/dwellings/%s/residents",
			importer.List: "/v1/queues/%s/entries?limit=200",
		}[importer.Type(kind)]
		if path == "" {
			continue
		}
		role := domain.RoleAuditor
		if importer.Type(kind) == importer.List {
			role = domain.RoleCommission
		}
		await(t, path+" of "+rest, func() error { // what follows from a death the registry does by itself
			var was, is any
			first.reads(role, fmt.Sprintf(path, key), &was)
			second.reads(role, fmt.Sprintf(path, in.key[name]), &is)
			if diff := cmp.Diff(of.named(was), in.named(is)); diff != "" {
				return fmt.Errorf("(-before +after)\n%s", diff)
			}
			return nil
		})
		asked++
	}
	if asked < 20 {
		t.Errorf("only %d answers were compared", asked)
	}

	// The figures are of what a registry did itself.
	log := use(t, "eventstore", "read", "$all", "--data", filepath.Join(first.data, "eventstore"))
	period := []string{"report", "--from", "2000-01-01", "--to", "2100-01-01", "--format", "csv", "--data"}
	own, taken := use(t, append(period, first.data)...), use(t, append(period, second.data)...)
	for figure, event := range map[string]string{
		"S000,received": "HousingApplicationReceived", "S001,decided": "DeregistrationDecided", "lists,placed": "EntryPlaced",
		"complaints,filed": "ComplaintFiled",
	} {
		n := strings.Count(log, `"type":"`+event+`"`)
		if line := fmt.Sprintf("2000-01-01,2100-01-01,%s,,%d\n", figure, n); n == 0 || !strings.Contains(own, line) {
			t.Errorf("the report has no line %s:\n%s", line, own)
		}
		if line := fmt.Sprintf("2000-01-01,2100-01-01,%s,,0\n", figure); !strings.Contains(taken, line) {
			t.Errorf("the report of the imported registry has no line %s:\n%s", line, taken)
		}
	}
}

// register is an exported one: by the names that its things have in every registry.
type register struct {
	facts []string
	count map[importer.Type]int
	key   map[string]string // by the name
	names map[string]string // by the key
}

// exported reads an exported register. The name of a thing is by what it is known without its id.
func exported(t *testing.T, file string) register {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	r := register{count: map[importer.Type]int{}, key: map[string]string{}, names: map[string]string{}}
	var lines []map[string]string
	for line := range strings.Lines(string(text)) {
		values := map[string]string{}
		if err := json.Unmarshal([]byte(line), &values); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, values)
	}
	in := func(v map[string]string, columns ...string) (name string) {
		for _, c := range columns {
			value := v[c]
			if known, ok := r.names[value]; ok {
				value = known
			}
			name += " " + value
		}
		return name
	}
	for _, kind := range importer.Types {
		for _, v := range lines {
			if v["type"] != string(kind) {
				continue
			}
			name := string(kind) + in(v, map[importer.Type][]string{
				importer.Person: {"iin", "name", "birth_date"}, importer.Dwelling: {"rka", "cadastral_number"},
				importer.Registration: {"person", "dwelling", "kind", "from"}, importer.List: {"body", "settlement", "title"},
				importer.Entry: {"list", "number"},
			}[kind]...)
			if v["key"] != "" && kind != importer.Death {
				r.key[name], r.names[v["key"]] = v["key"], name
			}
			r.count[kind]++
			r.facts = append(r.facts, name+in(v, slices.DeleteFunc(slices.Clone(importer.Columns[kind]), func(c string) bool {
				return c == "priority_basis" // the other registry's own
			})...))
		}
	}
	slices.Sort(r.facts)
	return r
}

// named returns an answer with names in the place of ids, and without what differs between two logs.
func (r register) named(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for _, own := range []string{"as_of_position", "case_id", "revision", "known_at", "stock"} { // the stock stays behind
			delete(v, own)
		}
		for name, member := range v {
			v[name] = r.named(member)
		}
	case []any:
		for i, element := range v {
			v[i] = r.named(element)
		}
		slices.SortFunc(v, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	case string:
		if name, known := r.names[v]; known {
			return name
		}
	}
	return v
}
