package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// TestTheCatalogueIsWhole goes through the documents of the project: the ids have
// no gap, each rule says something and has a source, and each clause and open
// question names the rules that carry it out.
func TestTheCatalogueIsWhole(t *testing.T) {
	c, err := readCatalogue(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	notInUse := []string{"Q30", "Q31", "R47", "R48"}
	var want []string
	for _, group := range []struct {
		letter string
		last   int
	}{{"C", 31}, {"R", 56}, {"Q", 43}, {"F", 15}} {
		for n := 1; n <= group.last; n++ {
			if slices.Contains(notInUse, fmt.Sprint(group.letter, n)) {
				continue
			}
			if group.letter == "Q" && n == 15 {
				want = append(want, "Q15a")
			}
			want = append(want, fmt.Sprint(group.letter, n))
		}
	}
	var got []string
	clauses := map[string]bool{}
	for _, r := range c.rules {
		if strings.HasPrefix(r.id, "S") {
			clause, _, _ := strings.Cut(r.id, ".")
			clauses[clause] = true
		} else {
			got = append(got, r.id)
		}
		if !r.proved() && !anyID.MatchString(r.source) {
			t.Errorf("%s names no rule that carries it out", r.id)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("rules %v\nwant %v", got, want)
	}
	for service, last := range map[string]int{"S000": 13, "S001": 12} {
		for n := 1; n <= last; n++ {
			if clause := fmt.Sprintf("%s-%d", service, n); !clauses[clause] {
				t.Errorf("%s is not listed", clause)
			}
		}
	}
}

// TestEachReadingSaysHowAndWhy: a heading alone answers no question.
func TestEachReadingSaysHowAndWhy(t *testing.T) {
	text, err := os.ReadFile("../../" + readingsFile)
	if err != nil {
		t.Fatal(err)
	}
	form := regexp.MustCompile(`(?s)^[^\n]+\?\n\*\*Reading\.\*\* [^\n]+\n\*\*Why\.\*\* [^\n]+\n`)
	parts := strings.Split(string(text), "\n### ")[1:]
	if len(parts) == 0 {
		t.Fatal("there is no reading")
	}
	for _, part := range parts {
		if !form.MatchString(part) {
			t.Errorf("not a question, a reading and a reason:\n%s", part)
		}
	}
}

func TestADocumentOrATestThatNamesNoRuleIsAnError(t *testing.T) {
	const rules = "| C1 | one | S000-1 |\n| S000-1 | two | C1 |\n| S000-2.1 | three | C1 |\n"
	const readings = "### C1, S000-1: Which?\n"
	const tests = "package domain\nfunc TestC1_One(t *T) {}\n"
	for name, test := range map[string]struct{ rules, readings, tests, says string }{
		"all is well":                      {rules, readings, tests, ""},
		"a rule is listed twice":           {rules + "| C1 | again | S000-1 |\n", readings, tests, "C1 twice"},
		"no rule is listed":                {"# Rules\n", readings, tests, "lists no rule"},
		"a clause names another rule":      {rules + "| S000-3 | x | R9 |\n", readings, tests, "domain/RULES.md names R9"},
		"a rule names another clause":      {rules + "| C2 | x | S000-4 |\n", readings, tests, "names S000-4"},
		"a rule names a clause with parts": {rules + "| C2 | x | S000-2 |\n", readings, tests, ""},
		"a reading names another rule":     {rules, readings + "### C1, C2: Which?\n", tests, "domain/READINGS.md names C2"},
		"a reading names none":             {rules, readings + "### Which?\n", tests, "is not of the form"},
		"a test names another rule":        {rules, readings, tests + "func TestC1_C7_Two(t *T) {}\n", "_Two claims C7"},
		"a case names another rule":        {rules, readings, tests + `var names = []string{"C1 C8 a case"}`, "claims C8"},
		"a case names another clause":      {rules, readings, tests + `var names = []string{"S001-4 a"}`, "claims S001-4"},
	} {
		_, err := run(&strings.Builder{}, fstest.MapFS{
			rulesFile: {Data: []byte(test.rules)}, readingsFile: {Data: []byte(test.readings)},
			"domain/a_test.go": {Data: []byte(test.tests)},
		}, 1)
		if (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want %q", name, err, test.says)
		}
	}
	if _, err := run(&strings.Builder{}, fstest.MapFS{}, 1); err == nil {
		t.Error("a directory without the documents gives a table")
	}
}

func TestNamesClaimRules(t *testing.T) {
	for name, want := range map[string]string{
		"TestR17_OneSheet":           "R17",
		"TestQ10_C7_Grounds":         "Q10 C7",
		"TestQ15a_Protected":         "Q15a",
		"FuzzQ6_Order":               "Q6",
		"TestOrder_Q6_Q7":            "Q6 Q7",
		"TestC4_What":                "C4",
		"TestF13_BothInstants":       "F13",
		"TestC99_NoSuchRule":         "C99",
		"TestS000_4_EveryDocument":   "S000-4",
		"TestS000_2_5_TheHistory":    "S000-2.5",
		"TestReceiveApplication":     "",
		"TestRebuild":                "",
		"TestQ4th":                   "",
		"TestResidence_QUERY":        "",
		"TestR1_TheMatrix_S001_R2":   "R1 R2",
		"TestBC4_IsAnotherWord":      "",
		"TestR11_R12_R13_InOneTable": "R11 R12 R13",
	} {
		if got := strings.Join(idsOfFunction(name), " "); got != want {
			t.Errorf("%s claims %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]string{
		"Q6 Q7 in order":         "Q6 Q7",
		"R11-R13 a move":         "R11 R12 R13",
		"R11–R13 a move":         "R11 R12 R13",
		"Q3, C7 no ground":       "Q3 C7",
		"Q3 S000-6 no consent":   "Q3 S000-6",
		"S000-4 Q1 a placement":  "S000-4 Q1",
		"S000-3.4 the telephone": "S000-3.4",
		"S000-5, -6, -7 grounds": "S000-5",
		"S001-2026-0001 a case":  "",
		"Q15a: large family":     "Q15a",
		"C4":                     "", // a value
		"R2D2 says so":           "",
		"the rule Q6 is not it":  "",
		"C17 with another C18":   "C17",
		"R1 with a %s at once":   "R1",
		"Q24 is no rule, Q1 too": "Q24",
	} {
		if got := strings.Join(idsOfCase(name), " "); got != want {
			t.Errorf("%q claims %q, want %q", name, got, want)
		}
	}
}

func TestTheTableLinksRulesReadingsAndTests(t *testing.T) {
	tree := fstest.MapFS{
		rulesFile: {Data: []byte(`| id | rule | source |
|---|---|---|
| S000-4 | One result. | Q1, Q2 |
| Q1 | One of two certificates. | S000-4 |
| Q2 | A day and a number. | S000-4 |
| Q3 | Three grounds. | policy |
`)},
		readingsFile: {Data: []byte("# Readings\n\n### Q2, Q3: Which day?\n### Q2: Which number?\n")},
		"domain/a_test.go": {Data: []byte(`package domain
var table = []struct{ name string }{{name: "Q2 outside of a function"}}
func TestQ1_One(t *T) { run("Q1 Q2 a case") }
func helper() { run("Q1 by a helper"); t.Errorf("Q3 is %d, want %d", 1, 2) }`)},
		"cmd/rules/d_test.go":       {Data: []byte(`not Go`)},
		"domain/a.go":               {Data: []byte(`package domain; const s = "Q3 not in a test"`)},
		"domain/testdata/b_test.go": {Data: []byte(`not Go`)},
		".git/c_test.go":            {Data: []byte(`not Go`)},
	}
	var out strings.Builder
	bare, err := run(&out, tree, 2)
	if err != nil || !slices.Equal(bare, []string{"Q3"}) {
		t.Errorf("without a test: %v, %v", bare, err)
	}
	const want = `S000-4    One result.
          see Q1, Q2
Q1        One of two certificates.
          source: S000-4
          domain.TestQ1_One
          domain.TestQ1_One / Q1 Q2 a case
          and 1 more
Q2        A day and a number.
          source: S000-4
          reading: Which day?
          reading: Which number?
          domain.TestQ1_One / Q1 Q2 a case
          domain/a_test.go / Q2 outside of a function
Q3        Three grounds.
          source: policy
          reading: Which day?
          NO TEST

2 of 3 rules have a test; 2 readings.
Without a test: Q3
`
	if out.String() != want {
		t.Errorf("the table is\n%s\nwant\n%s", out.String(), want)
	}
	if _, err := scan(fstest.MapFS{}); err == nil {
		t.Error("a directory without tests gives a table of rules without tests")
	}
	if _, err := scan(fstest.MapFS{"a_test.go": {Data: []byte("not Go")}}); err == nil {
		t.Error("a file that is no Go gives no error")
	}
}

// TestTheProjectNamesNoUnknownRule runs the program on the project itself: its
// documents and tests name only rules that are listed.
func TestTheProjectNamesNoUnknownRule(t *testing.T) {
	var out strings.Builder
	bare, err := run(&out, os.DirFS("../.."), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if len(bare) > 0 {
		t.Errorf("without a test: %v", bare)
	}
	for _, want := range []string{
		"domain/rules.TestQ11_LessThanHalfADwellingDoesNotCount\n",
		"domain/rules.TestQ12_AlienationIsHeldAgainstAnApplicationForFiveYears\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%s is not found", want)
		}
	}
}
