package operation

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"tizilim/domain"
	"tizilim/httpapi/problem"
	"tizilim/httpapi/table"
)

// JSON is the media type of most answers.
const JSON = "application/json"

// PDF is the media type of a page that is printed.
const PDF = "application/pdf"

// Printed is an answer that can be given as a [PDF].
type Printed interface {
	// Print writes the answer for people who read the language that it returns.
	Print(w io.Writer) (domain.Language, error)
}

// Forms are the media types that an answer of the operation can have, the usual one first.
func (op Operation) Forms() []string {
	forms := op.Gives
	if len(forms) == 0 {
		forms = []string{JSON}
	}
	if op.Rows != (table.Rows{}) {
		forms = slices.Concat(forms, table.Forms)
	}
	return forms
}

// Accepted returns which of the forms the header Accept prefers (RFC 9110, 12.5.1); "" where it takes
// none. Of those that it likes as well, it is the one that it names more exactly, then the one that it
// names earlier, then the usual one.
func Accepted(accept string, forms []string) (best string) {
	switch accept = strings.TrimSpace(accept); { // what nearly all clients send
	case accept == "" || accept == "*/*":
		return forms[0]
	case slices.Contains(forms, accept):
		return accept
	}
	parts := strings.Split(accept, ",")
	type liking struct {
		quality       float64
		exact, before int
	}
	var most liking
	for _, form := range forms {
		family, _, _ := strings.Cut(form, "/")
		this := liking{exact: -1}
		for i, part := range parts {
			given, parameters, err := mime.ParseMediaType(part)
			exact := slices.Index([]string{"*/*", family + "/*", form}, given)
			if err != nil || exact <= this.exact {
				continue
			}
			this = liking{1, exact, len(parts) - i}
			if q, err := strconv.ParseFloat(parameters["q"], 64); err == nil {
				this.quality = q
			}
		}
		better := cmp.Or(cmp.Compare(this.quality, most.quality), cmp.Compare(this.exact, most.exact), cmp.Compare(this.before, most.before))
		if this.quality > 0 && better > 0 {
			best, most = form, this
		}
	}
	return best
}

// notGiven refuses a request whose Accept takes no form of the answer.
func (op Operation) notGiven(ctx huma.Context) *problem.Problem {
	if Accepted(ctx.Header("Accept"), op.Forms()) != "" {
		return nil
	}
	ctx.AppendHeader("Vary", "Accept")
	return notAcceptable(op.Forms())
}

func notAcceptable(forms []string) *problem.Problem {
	return problem.New(http.StatusNotAcceptable, domain.CodeNotAcceptable,
		"this answer is given as "+strings.Join(forms, ", ")+": name one of them in Accept, or leave Accept out",
		"header.Accept")
}

// Takes refuses an answer of the form where the Accept of the request does not take it. It is for
// operations that find out late which of their forms an answer has.
func Takes(ctx context.Context, form string) error {
	if Accepted(callerOf(ctx).accept, []string{form}) == "" {
		return notAcceptable([]string{form})
	}
	return nil
}

type humaContext huma.Context

// request is a request whose Accept names the one form that its answer will have.
type request struct {
	humaContext
	form string
}

func (r request) Unwrap() huma.Context { return r.humaContext }

func (r request) Header(name string) string {
	if http.CanonicalHeaderKey(name) == "Accept" {
		return r.form
	}
	return r.humaContext.Header(name)
}

// asked decides the form of the answer. The request must have passed [Operation.notGiven].
func (op Operation) asked(ctx huma.Context) huma.Context {
	forms := op.Forms()
	if len(forms) > 1 {
		ctx.AppendHeader("Vary", "Accept")
	}
	return request{ctx, Accepted(ctx.Header("Accept"), forms)}
}

// rowsOf is the name under which a huma operation has [Declaration.Rows].
const rowsOf = "rows"

// made writes what [inForm] has made.
var made = huma.Format{
	Marshal: func(w io.Writer, v any) error {
		_, err := w.Write(v.([]byte))
		return err
	},
	Unmarshal: func([]byte, any) error { return errors.New("no operation takes a body of this type") },
}

// inForm makes of an answer the form that was asked for. A problem stays as it is.
func inForm(ctx huma.Context, _ string, v any) (any, error) {
	form := ctx.Header("Accept")
	if _, refused := v.(*problem.Problem); refused || form == JSON {
		return v, nil
	}
	switch rows, _ := ctx.Operation().Metadata[rowsOf].(table.Rows); {
	case slices.Contains(table.Forms, form):
		return Table(ctx, form, v, rows)
	case form == PDF:
		var out bytes.Buffer
		l, err := v.(Printed).Print(&out)
		if err != nil {
			return nil, fmt.Errorf("print %s: %w", ctx.Operation().OperationID, err)
		}
		inFile(ctx, form, ".pdf", l)
		linkNext(ctx, v)
		return out.Bytes(), nil
	}
	return v, nil
}

// Table makes a table of the rows of an answer, in words where the request asks for a language, and
// says in the headers what it is and where its next page is.
func Table(ctx huma.Context, form string, answer any, rows table.Rows) ([]byte, error) {
	var l domain.Language
	if accept := ctx.Header("Accept-Language"); accept != "" {
		l = problem.LanguageOf(accept)
	}
	file, err := rows.Write(form, answer, l)
	if err != nil {
		return nil, fmt.Errorf("make a table of %s: %w", ctx.Operation().OperationID, err)
	}
	inFile(ctx, table.Header(form), table.Ending(form), l)
	linkNext(ctx, answer)
	return file, nil
}

// linkNext says in the header Link where the page behind the answer is (RFC 8288), if there is one.
func linkNext(ctx huma.Context, answer any) {
	next := reflect.ValueOf(answer).FieldByName("Next")
	if !next.IsValid() || next.String() == "" {
		return
	}
	address := ctx.URL()
	query := address.Query()
	query.Set("cursor", next.String())
	address.RawQuery = query.Encode()
	ctx.AppendHeader("Link", "<"+address.RequestURI()+`>; rel="next"`)
}

// inFile names an answer that people keep as a file.
func inFile(ctx huma.Context, mediaType, ending string, l domain.Language) {
	ctx.SetHeader("Content-Type", mediaType)
	ctx.SetHeader("Content-Disposition", `attachment; filename="`+ctx.Operation().OperationID+ending+`"`)
	ctx.AppendHeader("Vary", "Accept-Language")
	if l != "" {
		ctx.SetHeader("Content-Language", string(l))
	}
}

// describeForms adds to the document that the answer is given as a table, and that another form is not.
func (a *API) describeForms(op Operation) {
	described := a.described(op)
	success := described.Responses[strconv.Itoa(max(op.Status, http.StatusOK))]
	for _, form := range op.Forms() {
		if success.Content[form] == nil {
			success.Content[form] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
		}
	}
	if op.Rows == (table.Rows{}) {
		return
	}
	schema := success.Content[JSON].Schema
	if schema.Ref != "" {
		schema = a.huma.OpenAPI().Components.Schemas.SchemaFromRef(schema.Ref)
	}
	if schema.Properties[op.Rows.Member] == nil {
		panic(fmt.Sprintf("operation %q: its answer has no list %q", op.ID, op.Rows.Member))
	}
	says := "The rows of " + op.Rows.Member + " as a table for spreadsheets. The header Link has the next page"
	success.Content[table.CSV].Schema = &huma.Schema{Type: huma.TypeString, Description: says}
	success.Content[table.XLSX].Schema.Description = says
}
