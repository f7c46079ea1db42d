package table

import (
	"bytes"
	"encoding/csv"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"tizilim/domain"
)

type inner struct {
	What string    `json:"what"`
	By   time.Time `json:"by"`
}

type row struct {
	Number int             `json:"number"`
	ID     domain.PersonID `json:"id"`
	_      int
	Name   string      `json:"name"`
	Area   float64     `json:"area,omitempty"`
	Day    domain.Date `json:"day,omitzero"`
	At     *time.Time  `json:"at,omitempty"`
	Late   bool        `json:"late,omitempty"`
	Role   domain.Role `json:"role"`
	Due    []inner     `json:"due"`
	Of     []string    `json:"of"`
	Data   any         `json:"data"`
	Next   *inner      `json:"next,omitempty"`
	Hidden string      `json:"-"`
}

type answer struct {
	Rows []row `json:"rows"`
}

var at = time.Date(2026, 3, 15, 23, 30, 5, 1000, domain.Zone)

func given() answer {
	at := at.UTC() // as the API has it
	day, _ := domain.ParseDate("2026-03-15")
	return answer{[]row{
		{
			Number: 7, ID: domain.PersonID{UUID: [16]byte{1}}, Name: `=HYPERLINK("http://evil.example")`, Area: 54.3, Day: day, At: &at,
			Late: true, Role: domain.RoleAuditor, Due: []inner{{"decision", at}, {"+remedy", at}}, Of: []string{"a", "b"},
			Data: map[string]int{"n": 1}, Next: &inner{What: "Қ, \"quoted\"\nline"}, Hidden: "hidden",
		},
		{Number: -3, Name: "ә", Due: []inner{}},
	}}
}

var rows = Of[row]("rows")

func TestARowInCSV(t *testing.T) {
	text, err := rows.Write(CSV, given(), "")
	if err != nil {
		t.Fatal(err)
	}
	content, marked := strings.CutPrefix(string(text), "\ufeff")
	lines, err := csv.NewReader(strings.NewReader(content)).ReadAll()
	if err != nil || !marked {
		t.Fatal(err, marked)
	}
	want := [][]string{
		{"number", "id", "name", "area", "day", "at", "late", "role", "due.what", "due.by", "of", "data", "next.what", "next.by"},
		{
			"7", "01000000-0000-0000-0000-000000000000", `'=HYPERLINK("http://evil.example")`, "54.3", "2026-03-15",
			"2026-03-15T23:30:05.000001+05:00", "true", "auditor", "decision; +remedy", "2026-03-15T23:30:05.000001+05:00; 2026-03-15T23:30:05.000001+05:00",
			"a; b", `{"n":1}`, "Қ, \"quoted\"\nline", "",
		},
		{"-3", "00000000-0000-0000-0000-000000000000", "ә", "", "", "", "false", "", "", "", "", "", "", ""},
	}
	if !reflect.DeepEqual(lines, want) {
		t.Errorf("%q", lines)
	}
}

func TestAnInstantForAPersonIsInTheTimeOfKazakhstan(t *testing.T) {
	text, err := rows.Write(CSV, given(), domain.Russian)
	if err != nil || !strings.Contains(string(text), ",2026-03-15T23:30:05+05:00,") || strings.Contains(string(text), "18:30") {
		t.Errorf("%s, %v", text, err)
	}
}

func TestNoTextIsAFormulaInCSV(t *testing.T) {
	for _, first := range "=+-@\t\r" {
		if s := string(first) + "1"; Safe(s) != "'"+s {
			t.Errorf("%q is written as %q", s, Safe(s))
		}
	}
	for _, s := range []string{"", "a=1", "Ә", "'=1", "1-2"} {
		if Safe(s) != s {
			t.Errorf("%q is written as %q", s, Safe(s))
		}
	}
}

func TestARowInXLSX(t *testing.T) {
	file, err := rows.Write(XLSX, given(), domain.Kazakh)
	if err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if names := f.GetSheetList(); !slices.Equal(names, []string{"rows"}) {
		t.Errorf("sheets: %v", names)
	}
	for cell, want := range map[string]struct {
		kind  excelize.CellType
		value string
	}{
		"A1": {excelize.CellTypeInlineString, "Нөмірі"}, // in the language
		"A2": {excelize.CellTypeUnset, "7"}, "A3": {excelize.CellTypeUnset, "-3"},
		"C2": {excelize.CellTypeInlineString, `=HYPERLINK("http://evil.example")`},
		"D2": {excelize.CellTypeUnset, "54.3"}, "D3": {excelize.CellTypeUnset, ""},
		"E2": {excelize.CellTypeUnset, "2026-03-15"}, "F2": {excelize.CellTypeUnset, "2026-03-15 23:30:05"},
		"G2": {excelize.CellTypeBool, "TRUE"}, "H2": {excelize.CellTypeInlineString, "аудитор"},
		"I2": {excelize.CellTypeInlineString, "decision; +remedy"}, "M2": {excelize.CellTypeInlineString, "Қ, \"quoted\"\nline"},
	} {
		kind, _ := f.GetCellType("rows", cell)
		value, _ := f.GetCellValue("rows", cell)
		formula, _ := f.GetCellFormula("rows", cell)
		if kind != want.kind || value != want.value || formula != "" {
			t.Errorf("%s is %v %q (formula %q), want %v %q", cell, kind, value, formula, want.kind, want.value)
		}
	}
	raw, _ := f.GetCellValue("rows", "E2", excelize.Options{RawCellValue: true})
	if raw != "46096" { // days since 1899-12-30: a spreadsheet counts with it
		t.Errorf("the day is %q", raw)
	}
	if again, err := rows.Write(XLSX, given(), domain.Kazakh); err != nil || !bytes.Equal(again, file) {
		t.Error("the same rows make another file", err)
	}
}

func TestAnInstantOfACellIsInTheTimeOfKazakhstanForProgramsToo(t *testing.T) {
	file, err := rows.Write(XLSX, given(), "")
	if err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := f.GetCellValue("rows", "F2"); got != "2026-03-15 23:30:05" {
		t.Errorf("the instant is %q", got)
	}
}

func TestALongTextIsCutWhereACellEnds(t *testing.T) {
	long := answer{[]row{{Name: strings.Repeat("Қ", math.MaxUint16)}}}
	file, err := rows.Write(XLSX, long, "")
	if err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := f.GetCellValue("rows", "C2"); len([]rune(got)) != longestCell || !strings.HasSuffix(got, "…") {
		t.Errorf("%d letters, which end with %q", len([]rune(got)), got[len(got)-6:])
	}
}

func TestATableOfAnAnswerThatHasNone(t *testing.T) {
	for _, r := range []Rows{Of[row]("other"), Of[inner]("rows")} {
		if _, err := r.Write(CSV, given(), ""); err == nil {
			t.Errorf("%s: written", r.Member)
		}
	}
}
