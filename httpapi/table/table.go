// Package table writes the rows of an answer as a table for spreadsheets: CSV (RFC 4180) or XLSX
// (ISO/IEC 29500). No cell of a table is a formula.
//
// To a program, which asks for no language, a table has the names of the members of the API and
// their values. To a person it has the words of their language, of the files in texts.
package table

import (
	"bytes"
	"encoding"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"tizilim/domain"
)

// Media types of tables.
const (
	CSV  = "text/csv"
	XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
)

// Forms are the media types of a table.
var Forms = []string{CSV, XLSX}

// Header is the Content-Type of a table of the form.
func Header(form string) string {
	if form == CSV {
		return CSV + "; charset=utf-8; header=present"
	}
	return form
}

// Ending is that of the name of a file of the form.
func Ending(form string) string {
	if form == CSV {
		return ".csv"
	}
	return ".xlsx"
}

// column is a member of the rows.
type column struct {
	name string // its path, with dots
	path []int  // fields of the structs on the way
	of   reflect.Type
	omit bool // where it is zero, the answer leaves it out
}

var text = reflect.TypeFor[encoding.TextMarshaler]()

// columnsOf are the members of a row in the order in which they are declared; those of an object within
// it stand behind its name and a dot.
func columnsOf(row reflect.Type) (columns []column) {
	for i := range row.NumField() {
		field := row.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		of := field.Type
		for of.Kind() == reflect.Slice || of.Kind() == reflect.Pointer {
			of = of.Elem()
		}
		if object := of.Kind() == reflect.Struct && !of.Implements(text); !object {
			if name != "-" && field.IsExported() {
				columns = append(columns, column{name, []int{i}, of, strings.HasPrefix(options, "omit")})
			}
			continue
		}
		if name != "" {
			name += "."
		}
		for _, inner := range columnsOf(of) {
			columns = append(columns, column{name + inner.name, append([]int{i}, inner.path...), inner.of, inner.omit})
		}
	}
	return columns
}

// Rows says where an answer has the rows of a table. The zero Rows is none.
type Rows struct {
	Member string // of the answer, as the API names it
	of     reflect.Type
}

// Of are rows of the type R.
func Of[R any](member string) Rows { return Rows{member, reflect.TypeFor[R]()} }

// Columns are the names of the columns.
func (r Rows) Columns() (names []string) {
	for _, c := range columnsOf(r.of) {
		names = append(names, c.name)
	}
	return names
}

// Types are the types of the values in the columns.
func (r Rows) Types() (types []reflect.Type) {
	for _, c := range columnsOf(r.of) {
		types = append(types, c.of)
	}
	return types
}

// in returns the rows of an answer.
func (r Rows) in(answer any) (reflect.Value, error) {
	v := reflect.ValueOf(answer)
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if name == r.Member && v.Field(i).Type() == reflect.SliceOf(r.of) {
			return v.Field(i), nil
		}
	}
	return v, fmt.Errorf("the answer %T has no list %q of %v", answer, r.Member, r.of)
}

// Write writes the rows of an answer as a table of the form: to a person in the language, to a program
// where it is "".
func (r Rows) Write(form string, answer any, l domain.Language) ([]byte, error) {
	rows, err := r.in(answer)
	if err != nil {
		return nil, err
	}
	columns := columnsOf(r.of)
	titles := make([]string, len(columns))
	for i, c := range columns {
		titles[i] = title(c.name, l)
	}
	if form == CSV {
		return inCSV(titles, columns, rows, l)
	}
	return inXLSX(sheet(r.Member, l), titles, columns, rows, l)
}

// byteOrderMark tells spreadsheets that the text is UTF-8: without it they break Kazakh letters.
const byteOrderMark = "\ufeff"

func inCSV(titles []string, columns []column, rows reflect.Value, l domain.Language) ([]byte, error) {
	out := bytes.NewBufferString(byteOrderMark)
	lines := csv.NewWriter(out)
	_ = lines.Write(titles) // to memory
	line := make([]string, len(columns))
	for i := range rows.Len() {
		for j, c := range columns {
			value := c.cell(rows.Index(i), c.path, l)
			if line[j] = written(value); isText(value) {
				line[j] = Safe(line[j])
			}
		}
		_ = lines.Write(line)
	}
	lines.Flush()
	return out.Bytes(), lines.Error()
}

func isText(value any) bool { _, is := value.(string); return is }

// Safe returns a text so that no spreadsheet takes it for a formula.
func Safe(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

// Widths of columns, in letters.
const (
	narrowest = 8
	widest    = 60
)

// longestCell is what a spreadsheet takes in one cell, in letters (ECMA-376, 18.3.1.4; Excel).
const longestCell = 32_767

func inXLSX(name string, titles []string, columns []column, rows reflect.Value, l domain.Language) ([]byte, error) {
	f := excelize.NewFile()
	defer f.Close()
	if err := f.SetSheetName("Sheet1", name); err != nil {
		return nil, err
	}
	styled, err := stylesOf(f)
	if err != nil {
		return nil, err
	}
	lines, err := f.NewStreamWriter(name)
	if err != nil {
		return nil, err
	}
	cells, widths := styled.cells(columns, rows, l)
	for j, width := range widths {
		if err := lines.SetColWidth(j+1, j+1, float64(width)); err != nil {
			return nil, err
		}
	}
	panes := excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"} // the titles stay
	if err := lines.SetPanes(&panes); err != nil {
		return nil, err
	}
	head := make([]any, len(titles))
	for j, t := range titles {
		head[j] = excelize.Cell{StyleID: styled.title, Value: t}
	}
	for i, line := range slices.Concat([][]any{head}, cells) {
		if err := lines.SetRow("A"+strconv.Itoa(i+1), line); err != nil {
			return nil, err
		}
	}
	if err := lines.Flush(); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = f.Write(&out)
	return out.Bytes(), err
}

// styles are those of a sheet, by their ids.
type styles struct{ title, day, instant int }

func stylesOf(f *excelize.File) (s styles, err error) {
	for _, style := range []struct {
		id *int
		excelize.Style
	}{
		{&s.title, excelize.Style{Font: &excelize.Font{Bold: true}, Alignment: &excelize.Alignment{WrapText: true}}},
		{&s.day, excelize.Style{CustomNumFmt: new("yyyy-mm-dd")}},
		{&s.instant, excelize.Style{CustomNumFmt: new("yyyy-mm-dd hh:mm:ss")}},
	} {
		if *style.id, err = f.NewStyle(&style.Style); err != nil {
			return s, err
		}
	}
	return s, nil
}

// cells are the rows as a sheet takes them, and the widths of its columns.
func (s styles) cells(columns []column, rows reflect.Value, l domain.Language) (cells [][]any, widths []int) {
	widths = slices.Repeat([]int{narrowest}, len(columns))
	cells = make([][]any, rows.Len())
	for i := range cells {
		cells[i] = make([]any, len(columns))
		for j, c := range columns {
			value := c.cell(rows.Index(i), c.path, l)
			widths[j] = min(max(widths[j], len([]rune(written(value)))+2), widest)
			switch v := value.(type) {
			case domain.Date:
				value = excelize.Cell{StyleID: s.day, Value: v.Start()}
			case time.Time:
				value = excelize.Cell{StyleID: s.instant, Value: v.In(domain.Zone)} // a cell has no zone
			case string:
				value = cut(v)
			}
			cells[i][j] = value
		}
	}
	return cells, widths
}

// cut ends a text where a cell ends, and shows that it did.
func cut(s string) string {
	if letters := []rune(s); len(letters) > longestCell {
		return string(letters[:longestCell-1]) + "…"
	}
	return s
}

// cell is the value at the rest of the path: a text, a number, a bool, a [domain.Date] or a [time.Time],
// or nil where there is none. Several stand behind each other in one text.
func (c column) cell(v reflect.Value, rest []int, l domain.Language) any {
	switch {
	case (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) && v.IsNil():
		return nil
	case v.Kind() == reflect.Pointer:
		return c.cell(v.Elem(), rest, l)
	case v.Kind() == reflect.Slice:
		all := make([]string, v.Len())
		for i := range all {
			all[i] = written(c.cell(v.Index(i), rest, l))
		}
		return strings.Join(all, "; ")
	case len(rest) > 0:
		return c.cell(v.Field(rest[0]), rest[1:], l)
	case c.omit && v.IsZero() && v.Kind() != reflect.Bool:
		return nil
	}
	switch value := v.Interface().(type) {
	case domain.Date:
		if v.IsZero() {
			return nil
		}
		return value
	case time.Time:
		if v.IsZero() {
			return nil
		}
		if value = value.In(domain.Zone); l != "" { // people read the clock on their wall
			value = value.Truncate(time.Second)
		}
		return value
	case encoding.TextMarshaler:
		s, _ := value.MarshalText() // of an id or a reference, which has one
		return string(s)
	}
	switch {
	case v.Kind() == reflect.String:
		return word(v.Type(), v.String(), l)
	case v.CanInt():
		return v.Int()
	case v.CanUint():
		return v.Uint()
	case v.CanFloat():
		return v.Float()
	case v.Kind() == reflect.Bool:
		return v.Bool()
	}
	s, err := json.Marshal(v.Interface())
	if err != nil {
		return err.Error()
	}
	return string(s)
}

// written is a value as a text.
func written(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case domain.Date:
		return v.String()
	case time.Time:
		return v.Format(time.RFC3339Nano)
	}
	return fmt.Sprint(value)
}
