package httpapi

import (
	"bytes"
	"encoding"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"tizilim/domain"
	"tizilim/httpapi/problem"
)

const (
	csvType  = "text/csv"
	jsonType = "application/json"
	// byteOrderMark tells spreadsheets that the text is UTF-8: without it they break Kazakh letters.
	byteOrderMark = "\ufeff"
)

// table is an operation whose answer is a table too: a page of the rows in one of its members.
type table struct {
	path   string // as the API declares it
	member string // that has the rows
	row    reflect.Type
}

// tables are all of them. Those who are asked for CSV go on with the header Link.
var tables = []table{
	{"/v1/queues/{list_id}/entries", "entries", reflect.TypeFor[entryBody]()},
	{"/v1/queues/{list_id}/public", "waiting", reflect.TypeFor[publicLineBody]()},
	{"/v1/cases", "cases", reflect.TypeFor[workLine]()},
}

// tablesBy are the tables by the path of the router.
var tablesBy = func() map[string]table {
	by := map[string]table{}
	for _, t := range tables {
		by[strings.NewReplacer("{", ":", "}", "").Replace(t.path)] = t
	}
	return by
}()

// asTable answers the reads that are tables in the form that Accept asks for: JSON, or CSV that is made
// of it. What is neither is 406. Refusals stay problems.
func (s *Server) asTable(ctx *gin.Context) {
	t, is := tablesBy[ctx.FullPath()]
	if !is || ctx.Request.Method != http.MethodGet {
		return
	}
	ctx.Header("Vary", "Accept")
	switch accepted(strings.Join(ctx.Request.Header.Values("Accept"), ","), jsonType, csvType) {
	case jsonType:
		return
	case csvType:
	default:
		s.write(ctx, problem.New(http.StatusNotAcceptable, domain.CodeNotAcceptable,
			"this address answers with application/json or text/csv: name one of them in Accept, or leave Accept out", ""))
		ctx.Abort()
		return
	}
	ctx.Request.Header.Set("Accept", jsonType)
	whole := &heldAnswer{ResponseWriter: ctx.Writer, status: http.StatusOK}
	func() {
		ctx.Writer = whole
		defer func() { ctx.Writer = whole.ResponseWriter }() // for what answers after a panic, too
		ctx.Next()
	}()
	text := whole.text.Bytes()
	if whole.status == http.StatusOK {
		page, err := t.page(text)
		if err != nil {
			s.log.Error("an answer is no table", "path", t.path, "error", err)
			s.write(ctx, problem.New(http.StatusInternalServerError, domain.CodeInternal, "this answer is no table", ""))
			return
		}
		text = page.csv
		ctx.Header("Content-Type", csvType+"; charset=utf-8; header=present")
		if page.next != "" {
			ctx.Header("Link", "<"+nextOf(ctx.Request, page.next)+`>; rel="next"`)
		}
	}
	ctx.Header("Content-Length", strconv.Itoa(len(text)))
	ctx.Writer.WriteHeader(whole.status)
	_, _ = ctx.Writer.Write(text) // the client is gone where it fails
}

// accepted returns which of the types the header Accept prefers (RFC 9110, 12.5.1), the first of those it
// likes as well; "" where it takes none.
func accepted(accept string, types ...string) (best string) {
	if strings.TrimSpace(accept) == "" {
		return types[0]
	}
	most := 0.0
	for _, offered := range types {
		quality, exact := 0.0, -1
		for part := range strings.SplitSeq(accept, ",") {
			given, parameters, err := mime.ParseMediaType(part)
			family, _, _ := strings.Cut(offered, "/")
			closeness := slices.Index([]string{"*/*", family + "/*", offered}, given)
			if err != nil || closeness <= exact {
				continue
			}
			quality, exact = 1, closeness
			if q, err := strconv.ParseFloat(parameters["q"], 64); err == nil {
				quality = q
			}
		}
		if quality > most {
			best, most = offered, quality
		}
	}
	return best
}

// nextOf is the address of the next page.
func nextOf(r *http.Request, cursor string) string {
	next := *r.URL
	query := next.Query()
	query.Set("cursor", cursor)
	next.RawQuery = query.Encode()
	return next.RequestURI()
}

// heldAnswer keeps an answer back. A page is bounded, and so is what it holds.
type heldAnswer struct {
	gin.ResponseWriter
	text   bytes.Buffer
	status int
}

func (h *heldAnswer) WriteHeader(status int)               { h.status = status }
func (h *heldAnswer) WriteHeaderNow()                      {}
func (h *heldAnswer) Status() int                          { return h.status }
func (h *heldAnswer) Write(b []byte) (int, error)          { return h.text.Write(b) }
func (h *heldAnswer) WriteString(text string) (int, error) { return h.text.WriteString(text) }

// tablePage is a page of a table as CSV.
type tablePage struct {
	csv  []byte
	next string // cursor of the next page; "" on the last one
}

// page makes a table of an answer in JSON.
func (t table) page(text []byte) (p tablePage, err error) {
	var answer map[string]any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&answer); err != nil {
		return p, err
	}
	rows, ok := answer[t.member].([]any)
	if !ok {
		return p, fmt.Errorf("it has no list %q", t.member)
	}
	p.next, _ = answer["next"].(string)
	out := bytes.NewBufferString(byteOrderMark)
	lines := csv.NewWriter(out)
	columns := columnsOf(t.row)
	_ = lines.Write(columns) // to memory
	for _, row := range rows {
		line := make([]string, len(columns))
		for i, column := range columns {
			line[i] = cellOf(row, strings.Split(column, "."))
		}
		_ = lines.Write(line)
	}
	lines.Flush()
	p.csv = out.Bytes()
	return p, lines.Error()
}

// columnsOf are the members of a row in the order in which they are declared; those of an object within it
// stand behind its name and a dot.
func columnsOf(row reflect.Type) (columns []string) {
	for i := range row.NumField() {
		field := row.Field(i)
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		of := field.Type
		for of.Kind() == reflect.Slice || of.Kind() == reflect.Pointer {
			of = of.Elem()
		}
		object := of.Kind() == reflect.Struct && !reflect.PointerTo(of).Implements(reflect.TypeFor[encoding.TextMarshaler]())
		switch {
		case name == "-":
		case field.Anonymous && name == "" && object:
			columns = append(columns, columnsOf(of)...)
		case object:
			for _, inner := range columnsOf(of) {
				columns = append(columns, name+"."+inner)
			}
		default:
			columns = append(columns, name)
		}
	}
	return columns
}

// cellOf is the value at the path; those of a list stand behind each other.
func cellOf(value any, path []string) string {
	switch v := value.(type) {
	case []any:
		var all []string
		for _, element := range v {
			all = append(all, cellOf(element, path))
		}
		return strings.Join(all, "; ")
	case map[string]any:
		if len(path) > 0 {
			return cellOf(v[path[0]], path[1:])
		}
	case string:
		return safeCell(v)
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return ""
}

// safeCell returns a text so that no spreadsheet takes it for a formula.
func safeCell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}

// describeTables adds to the OpenAPI document that tables are given as CSV.
func describeTables(document *huma.OpenAPI) {
	for _, t := range tables {
		responses := document.Paths[t.path].Get.Responses
		responses[strconv.Itoa(http.StatusOK)].Content[csvType] = &huma.MediaType{Schema: &huma.Schema{
			Type: huma.TypeString, Description: "The rows of " + t.member + ": " + strings.Join(columnsOf(t.row), ", ") +
				". The header Link has the next page",
		}}
		responses[strconv.Itoa(http.StatusNotAcceptable)] = responses[strconv.Itoa(http.StatusBadRequest)]
	}
}
