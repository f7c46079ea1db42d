package importer

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"tizilim/domain"
)

// Type of a line.
type Type string

const (
	Person       Type = "person"
	Dwelling     Type = "dwelling"
	Owner        Type = "owner" // a part of the line of its dwelling
	Registration Type = "registration"
	List         Type = "list"
	Entry        Type = "entry"
	Member       Type = "member" // of a family: a part of the line of its entry
	Death        Type = "death"
)

// Types lists them all, in the order in which they are imported.
var Types = []Type{Person, Dwelling, Owner, Registration, List, Entry, Member, Death}

// Columns of the lines of each type, beside type and key. A CSV file names them in its first line; a line
// of an NDJSON file has them as members. What has no value is empty or left out.
var Columns = map[Type][]string{
	Person: {"iin", "name", "birth_date", "birth_known", "class", "accept"},
	Dwelling: {
		"rka", "cadastral_number", "kato", "address", "place", "useful_area", "rooms", "owners_since",
	},
	Owner: {
		"dwelling", "person", "share", "kind", "bin", "name", "agent", "deceased",
		"authority_type", "authority_number", "authority_issued_on", "authority_issuer", "authority_sha256",
	},
	Registration: {"person", "dwelling", "kind", "from", "until", "ended_on", "reason"},
	List:         {"commission", "body", "settlement", "title", "priority", "priority_basis"},
	Entry: {
		"list", "person", "number", "seniority_at", "registered_on", "certificate_number", "inventory_due_on", "priority",
		"consent", "consent_purpose", "consent_scope", "consent_until",
	},
	Member: {"entry", "person", "relation"},
	Death:  {"person", "died_on", "basis_type", "basis_number", "basis_issued_on", "basis_issuer", "basis_sha256"},
}

// Row is a line of a file.
type Row struct {
	File   string
	Line   int // from 1 on
	Type   Type
	Key    string
	values []string // by the columns of the type
	err    *domain.Error
}

// The refusals of lines that no command makes.
const (
	CodeLineMalformed domain.Code = "line_malformed"      // no line of CSV or JSON, or a column that the type has not
	CodeTypeUnknown   domain.Code = "type_unknown"        // not one of [Types]
	CodeKeyTwice      domain.Code = "key_twice"           // another line of the type has the key
	CodeNoSuchLine    domain.Code = "reference_unknown"   // no line has the key that is named
	CodeLineDepends   domain.Code = "depends_on_bad_line" // the line that is named is bad
	longestLine                   = 1 << 20               // in bytes
)

// get returns the value of a column; "" where it has none.
func (r Row) get(column string) string {
	if i := slices.Index(Columns[r.Type], column); i >= 0 && i < len(r.values) {
		return r.values[i]
	}
	return ""
}

// NewRow returns a line of the type with the values by column.
func NewRow(kind Type, key string, values map[string]string) Row {
	r := Row{Type: kind, Key: key, values: make([]string, len(Columns[kind]))}
	for i, column := range Columns[kind] {
		r.values[i] = values[column]
	}
	return r
}

// MarshalJSON writes the line as one of an NDJSON file, with what it has.
func (r Row) MarshalJSON() ([]byte, error) {
	out := bytes.NewBufferString("{")
	put := func(name, value string) error {
		if value == "" {
			return nil
		}
		text, err := json.Marshal(value)
		if out.Len() > 1 {
			out.WriteByte(',')
		}
		fmt.Fprintf(out, "%q:%s", name, text)
		return err
	}
	err := errors.Join(put("type", string(r.Type)), put("key", r.Key))
	for i, column := range Columns[r.Type] {
		err = errors.Join(err, put(column, r.values[i]))
	}
	out.WriteByte('}')
	return out.Bytes(), err
}

// Read calls each for every line of a file, in its order. Where the name ends with .csv the file is CSV,
// with commas or semicolons, else NDJSON. kind is the type of lines that name none. A line that cannot be
// read is a line with a refusal; an error is one of the file.
func Read(name string, from io.Reader, kind Type, each func(Row)) error {
	in := bufio.NewReaderSize(from, 64<<10)
	if mark, err := in.Peek(3); err == nil && string(mark) == "\ufeff" {
		_, _ = in.Discard(3) // it is there
	}
	if strings.HasSuffix(strings.ToLower(name), ".csv") {
		return readCSV(name, in, kind, each)
	}
	return readNDJSON(name, in, kind, each)
}

func readCSV(name string, in *bufio.Reader, kind Type, each func(Row)) error {
	table := csv.NewReader(in)
	table.FieldsPerRecord = -1
	head, err := in.Peek(min(in.Size(), 4096))
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return err
	}
	first, _, _ := bytes.Cut(head, []byte("\n"))
	if bytes.Count(first, []byte(";")) > bytes.Count(first, []byte(",")) {
		table.Comma = ';'
	}
	columns, err := table.Read()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: the first line names no columns: %w", name, err)
	}
	for i := range columns {
		columns[i] = strings.TrimSpace(columns[i])
	}
	for {
		record, err := table.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		line, _ := table.FieldPos(0)
		var wrong *csv.ParseError
		if errors.As(err, &wrong) {
			each(Row{File: name, Line: wrong.StartLine, err: malformed("this is no line of CSV: %v", wrong.Err)})
			continue
		}
		if err != nil {
			return err
		}
		if len(record) > len(columns) {
			each(Row{File: name, Line: line, err: malformed("the line has %d values and the first line %d columns",
				len(record), len(columns))})
			continue
		}
		members := map[string]string{}
		for i, value := range record {
			if value != "" {
				members[columns[i]] = value
			}
		}
		each(rowOf(name, line, kind, members))
	}
}

func readNDJSON(name string, in *bufio.Reader, kind Type, each func(Row)) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, 64<<10), longestLine)
	line := 0
	for lines.Scan() {
		line++
		text := bytes.TrimSpace(lines.Bytes())
		if len(text) == 0 {
			continue
		}
		members, err := members(text)
		if err != nil {
			each(Row{File: name, Line: line, err: err})
			continue
		}
		each(rowOf(name, line, kind, members))
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s, after line %d: %w", name, line, err)
	}
	return nil
}

// members reads an object of texts, numbers and truths.
func members(text []byte) (map[string]string, *domain.Error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var object map[string]any
	if err := decoder.Decode(&object); err != nil || object == nil || decoder.More() {
		return nil, malformed("this is no JSON object in one line")
	}
	found := map[string]string{}
	for name, value := range object {
		switch value := value.(type) {
		case nil:
		case string:
			found[name] = value
		case json.Number:
			found[name] = value.String()
		case bool:
			found[name] = strconv.FormatBool(value)
		default:
			return nil, malformed("a member is a text or a number: write owners and members as lines of their own").At(name)
		}
	}
	return found, nil
}

func rowOf(name string, line int, kind Type, members map[string]string) Row {
	if given := members["type"]; given != "" {
		kind = Type(given)
	}
	r := Row{File: name, Line: line, Type: kind, Key: strings.TrimSpace(members["key"])}
	columns, known := Columns[kind]
	if !known {
		r.err = domain.Refuse(domain.Invalid, CodeTypeUnknown, "the type of a line is one of %v", Types).At("type")
		return r
	}
	r.values = make([]string, len(columns))
	for i, column := range columns {
		r.values[i] = strings.TrimSpace(members[column])
	}
	for _, member := range slices.Sorted(maps.Keys(members)) {
		if member != "type" && member != "key" && !slices.Contains(columns, member) {
			r.err = malformed("a line of this type has no such column: it has %v", columns).At(member)
			return r
		}
	}
	if r.Key == "" && (kind == Owner || kind == Member || kind == Death) { // what they are parts of, and who, names them
		r.Key = strings.Trim(r.get("dwelling")+r.get("entry")+"/"+cmp.Or(r.get("person"), r.get("deceased"), r.get("kind")), "/")
	}
	var err error
	if r.Key, err = domain.ImportKey(r.Key, "key"); err != nil {
		errors.As(err, &r.err)
	}
	return r
}

func malformed(format string, args ...any) *domain.Error {
	return domain.Refuse(domain.Invalid, CodeLineMalformed, format, args...)
}

// fields reads the values of a row. err is the first that cannot be read.
type fields struct {
	row Row
	err error
}

func (f *fields) text(column string) string { return f.row.get(column) }

func (f *fields) fail(column string, code domain.Code, format string, args ...any) {
	if f.err == nil {
		f.err = domain.Refuse(domain.Invalid, code, format, args...).At(column)
	}
}

func (f *fields) date(column string) (day domain.Date) {
	text := f.text(column)
	if text == "" {
		return day
	}
	day, err := domain.ParseDate(text)
	if err != nil {
		f.fail(column, domain.CodeDateFormat, "write a day as 2026-01-31")
	}
	return day
}

// instant is a day, at whose beginning it is, or an instant of RFC 3339.
func (f *fields) instant(column string) time.Time {
	text := f.text(column)
	if text == "" {
		return time.Time{}
	}
	if day, err := domain.ParseDate(text); err == nil {
		return day.Start().UTC()
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		f.fail(column, domain.CodeDateFormat, "write a day as 2026-01-31, or an instant as 2026-01-31T15:04:05+05:00")
	}
	return at.UTC()
}

func (f *fields) whole(column string) int {
	text := f.text(column)
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		f.fail(column, domain.CodeNumberFormat, "write a whole number")
	}
	return n
}

func (f *fields) number(column string) float64 {
	text := f.text(column)
	if text == "" {
		return 0
	}
	n, err := strconv.ParseFloat(strings.ReplaceAll(text, ",", "."), 64)
	if err != nil {
		f.fail(column, domain.CodeAreaFormat, "write a number")
	}
	return n
}

func words[S ~string](f *fields, column string) (list []S) {
	for _, word := range strings.Fields(f.text(column)) {
		list = append(list, S(word))
	}
	return list
}

func (f *fields) basis(prefix string) domain.Basis {
	return domain.Basis{
		Type: domain.DocumentType(f.text(prefix + "_type")), Number: domain.Personal(f.text(prefix + "_number")),
		IssuedOn: f.date(prefix + "_issued_on"), Issuer: domain.Personal(f.text(prefix + "_issuer")),
		SHA256: domain.Personal(f.text(prefix + "_sha256")),
	}
}
