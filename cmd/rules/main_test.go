package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestEveryRuleIsListedOnce(t *testing.T) {
	var want []string
	for _, group := range []struct {
		letter string
		last   int
	}{{"C", 21}, {"R", 23}, {"Q", 23}} {
		for n := 1; n <= group.last; n++ {
			if group.letter == "Q" && n == 15 {
				want = append(want, "Q15a")
			}
			want = append(want, fmt.Sprint(group.letter, n))
		}
	}
	var got []string
	for _, r := range all {
		got = append(got, r.id)
		if r.says == "" {
			t.Errorf("%s says nothing", r.id)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("rules %v\nwant %v", got, want)
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
		"TestC99_NoSuchRule":         "",
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
		"Q3 S000-6 no consent":   "Q3",
		"Q15a: large family":     "Q15a",
		"C4":                     "", // a value
		"R2D2 says so":           "",
		"the rule Q6 is not it":  "",
		"C17 with another C18":   "C17",
		"R1 with a %s at once":   "R1",
		"Q24 is no rule, Q1 too": "",
	} {
		if got := strings.Join(idsOfCase(name), " "); got != want {
			t.Errorf("%q claims %q, want %q", name, got, want)
		}
	}
}

func TestTheTableNamesTestsAndWhatHasNone(t *testing.T) {
	proofs, err := scan(fstest.MapFS{
		"domain/a_test.go": {Data: []byte(`package domain
var table = []struct{ name string }{{name: "Q2 outside of a function"}}
func TestQ1_One(t *T) { run("Q1 Q2 a case") }
func helper() { run("Q1 by a helper"); t.Errorf("Q3 is %d, want %d", 1, 2) }`)},
		"cmd/rules/d_test.go":       {Data: []byte(`not Go`)},
		"domain/a.go":               {Data: []byte(`package domain; const s = "Q3 not in a test"`)},
		"domain/testdata/b_test.go": {Data: []byte(`not Go`)},
		".git/c_test.go":            {Data: []byte(`not Go`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	bare := report(&out, proofs, 2)
	if len(bare) != len(all)-2 || slices.Contains(bare, "Q1") || slices.Contains(bare, "Q2") || !slices.Contains(bare, "Q3") {
		t.Errorf("without a test: %v", bare)
	}
	for _, line := range []string{
		"Q1    exactly one result: placement certificate or refusal certificate\n      domain.TestQ1_One\n      domain.TestQ1_One / Q1 Q2 a case\n      and 1 more\n",
		"      domain.TestQ1_One / Q1 Q2 a case\n      domain/a_test.go / Q2 outside of a function\nQ3 ",
		"three grounds of refusal and no other\n      NO TEST\n",
		"\n2 of 68 rules have a test.\nWithout one: C1, C2,",
	} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("the table lacks %q:\n%s", line, out.String())
		}
	}
	if _, err := scan(fstest.MapFS{}); err == nil {
		t.Error("a directory without tests gives a table of rules without tests")
	}
	if _, err := scan(fstest.MapFS{"a_test.go": {Data: []byte("not Go")}}); err == nil {
		t.Error("a file that is no Go gives no error")
	}
}

// TestTheProjectsOwnTestsAreFound keeps the scan honest on the real tree.
func TestTheProjectsOwnTestsAreFound(t *testing.T) {
	proofs, err := scan(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []proof{
		{"domain/rules.TestQ11_LessThanHalfADwellingDoesNotCount", []string{"Q11"}},
		{"domain/rules.TestQ12_AlienationIsHeldAgainstAnApplicationForFiveYears", []string{"Q12"}},
	} {
		if !slices.ContainsFunc(proofs, func(p proof) bool { return p.test == want.test && slices.Equal(p.rules, want.rules) }) {
			t.Errorf("%v is not found", want)
		}
	}
}
