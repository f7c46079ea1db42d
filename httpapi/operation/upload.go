package operation

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"tizilim/domain"
	"tizilim/eventstore/command"
)

const (
	// maxField bounds a field of a form that is no file, in bytes.
	maxField = 1 << 10
	// uploadTime bounds how long a file may take to come.
	uploadTime = 5 * time.Minute
)

// Uploaded is the input of a command that takes a file: headers, ?dry_run and a form of fields
// with the file at its end.
type Uploaded struct {
	IdempotencyKey string `header:"Idempotency-Key" required:"true" minLength:"1" maxLength:"200" doc:"The name of this command, in printable ASCII; send the same one when you repeat the request" example:"5f0c0b1e-7f0e-4f57-9d4e-0a6f4f1f8a10"`
	IfMatch        string `header:"If-Match" maxLength:"40" doc:"The ETag of the record that your decision rests on; the answer is 412 if the record has changed since"`
	DryRun         bool   `query:"dry_run" doc:"true changes nothing: the answer shows the events that would be appended"`
	line           string
	form           *multipart.Reader
}

// Resolve finds the form.
func (u *Uploaded) Resolve(ctx huma.Context) []error {
	at := ctx.URL()
	u.line = ctx.Method() + " " + at.Path
	// A file on a slow line takes longer than a body of JSON. Where the connection cannot be
	// told, the time of the server holds.
	_ = ctx.SetReadDeadline(time.Now().Add(uploadTime))
	if w, ok := ctx.BodyWriter().(http.ResponseWriter); ok {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(uploadTime + commandTimeout))
	}
	if _, params, err := mime.ParseMediaType(ctx.Header("Content-Type")); err == nil && params["boundary"] != "" {
		u.form = multipart.NewReader(ctx.BodyReader(), params["boundary"])
	}
	return nil
}

func (u *Uploaded) uploaded() *Uploaded { return u }

// File is the file of a form, which can be read once.
type File struct {
	io.Reader
	Name   string            // as the client has it, without folders
	Fields map[string]string // that came before it
}

// next returns the file of the form. The fields must come before it.
func (u *Uploaded) next(fields []string) (File, error) {
	f := File{Fields: map[string]string{}}
	if u.form == nil {
		return f, domain.Refuse(domain.Invalid, domain.CodeMalformed,
			"the form has no boundary: let the HTTP client write the Content-Type").At("header.Content-Type")
	}
	for {
		part, err := u.form.NextRawPart()
		if errors.Is(err, io.EOF) {
			return f, domain.Refuse(domain.Invalid, domain.CodeRequired, "the form has no file: send one").At("file")
		}
		if err != nil {
			return f, domain.Refuse(domain.Invalid, domain.CodeMalformed, "the body is no whole form of type multipart/form-data")
		}
		name := part.FormName()
		if name == "file" {
			f.Reader, f.Name = cut{part}, part.FileName()
			return f, nil
		}
		_, twice := f.Fields[name]
		if !slices.Contains(fields, name) || twice {
			return f, domain.Refuse(domain.Invalid, domain.CodeUnknownField,
				"the form has a field that is unknown or came twice: send %s, and then file", strings.Join(fields, ", "))
		}
		value, err := io.ReadAll(io.LimitReader(part, maxField+1))
		if err != nil || len(value) > maxField {
			return f, domain.Refuse(domain.Invalid, domain.CodeTooLong, "this field is too long: make it shorter").At(name)
		}
		f.Fields[name] = string(value)
	}
}

// cut tells a form that ended too early from a whole file.
type cut struct{ r io.Reader }

func (c cut) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = errors.Join(domain.Refuse(domain.Invalid, domain.CodeMalformed,
			"the form ended before its file: send it again").At("file"), err)
	}
	return n, err
}

// uploadInput is an input that embeds [Uploaded].
type uploadInput[I any] interface {
	*I
	uploaded() *Uploaded
}

// formType is the media type of a request with a file.
const formType = "multipart/form-data"

// Receiver takes the file of a request. What it returns as stated is part of the command: a request
// under the same key must state the same. It has ended what it received where it returns an error;
// otherwise the command is followed by done, whatever became of it.
type Receiver[I, F any] func(ctx context.Context, in *I, f File) (received F, stated any, done func(), err error)

// Upload declares an operation that takes a file and appends events. form describes the form: its
// property file is the file, which the client sends last.
func Upload[I, F, R any, P uploadInput[I]](
	d Declaration, form *huma.Schema, receive Receiver[I, F],
	run func(ctx context.Context, call Call, in *I, received F) (command.Receipt, R, error),
) Operation {
	d.Method = http.MethodPost
	var fields []string
	for name := range form.Properties {
		if name != "file" {
			fields = append(fields, name)
		}
	}
	slices.Sort(fields)
	return Operation{Declaration: d, kind: changes, media: formType, register: func(a *API, op Operation) {
		described := a.describe(op)
		described.Errors = append(described.Errors, http.StatusConflict, http.StatusPreconditionFailed)
		described.Errors = append(described.Errors, bodyRefusals...)
		huma.Register(a.huma, described, func(ctx context.Context, in *I) (*Done[R], error) {
			u := P(in).uploaded()
			out, err := func() (*Done[R], error) {
				f, err := u.next(fields)
				if err != nil {
					return nil, err
				}
				received, stated, done, err := receive(ctx, in, f)
				if err != nil {
					return nil, err
				}
				defer done()
				return carryOut(ctx, a, op, posted{
					key: u.IdempotencyKey, ifMatch: u.IfMatch, line: u.line, dryRun: u.DryRun, body: stated,
				}, func(ctx context.Context, call Call) (command.Receipt, R, error) { return run(ctx, call, in, received) })
			}()
			if err != nil {
				return nil, a.refusal(ctx, err)
			}
			return out, nil
		})
		// huma would read a body that it knows of, whole.
		a.huma.OpenAPI().Paths[op.Path].Post.RequestBody = &huma.RequestBody{
			Required: true, Content: map[string]*huma.MediaType{formType: {Schema: form}},
		}
	}}
}
