package operation

import (
	"context"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"tizilim/domain"
	"tizilim/httpapi/problem"
)

// AtLeast is part of the input of a read that can wait for the read model.
type AtLeast struct {
	Position string `header:"Tizilim-Position" maxLength:"20" pattern:"^[0-9]*$" patternDescription:"a position as this API gave it" doc:"Wait until the answer covers this position of the log"`
}

// Await waits until the model covers the position that the client has sent, for a
// bounded time. It returns at once where the client has sent none.
func (b AtLeast) Await(ctx context.Context, model interface {
	Await(context.Context, domain.Position) error
}) error {
	if b.Position == "" {
		return nil
	}
	position, err := strconv.ParseUint(b.Position, 10, 64)
	if err != nil {
		return domain.Refuse(domain.Invalid, domain.CodeMalformed,
			"send the position as this API gave it").At("header.Tizilim-Position")
	}
	return model.Await(ctx, domain.Position(position))
}

// Found is the answer to a read of one record.
type Found[B any] struct {
	ETag     string `header:"ETag" doc:"The revision of the record"`
	Position string `header:"Tizilim-Position" doc:"The position of the log up to which the answer holds"`
	Body     B
}

// Listed is the answer to a read over several records, which has no ETag.
type Listed[B any] struct {
	Position string `header:"Tizilim-Position" doc:"The position of the log up to which the answer holds"`
	Body     B
}

// Answer makes the answer to a read of one record. upTo is the position of the log up
// to which the answer holds. With 0 the answer has no header Tizilim-Position.
func Answer[B any](body B, revision uint64, upTo domain.Position) *Found[B] {
	f := &Found[B]{ETag: ETag(revision), Body: body}
	if upTo > 0 {
		f.Position = Position(upTo)
	}
	return f
}

// Read declares an operation that changes nothing of the log but the access log. run may run
// twice (see [RetryNotFound]), unless the declaration says FromLog.
func Read[I, O any](d Declaration, run func(context.Context, *I) (*O, error)) Operation {
	_, searches := any(new(I)).(states)
	return Operation{Declaration: d, kind: reads, searches: searches, register: func(a *API, op Operation) {
		described := a.describe(op)
		if op.hasBody() {
			described.Errors = append(described.Errors, bodyRefusals...)
		}
		huma.Register(a.huma, described, func(ctx context.Context, in *I) (*O, error) {
			leave, err := a.slots.enter(ctx, callerOf(ctx).class)
			if err != nil {
				return nil, a.refusal(ctx, err)
			}
			defer leave()
			if why, ok := any(in).(states); ok {
				var refused *problem.Problem
				if ctx, refused = because(ctx, why.stated()); refused != nil {
					return nil, a.refusal(ctx, refused)
				}
			}
			look := func(ctx context.Context) (*O, error) { return run(ctx, in) }
			var out *O
			if op.FromLog {
				out, err = look(ctx)
			} else {
				out, err = RetryNotFound(ctx, a.config.Model, look)
			}
			if err == nil {
				err = a.reading(op.ID, op.Shows).Show(ctx, out)
			}
			if err != nil {
				return nil, a.refusal(ctx, err)
			}
			return out, nil
		})
	}}
}

// RunStream answers a read that writes its answer itself. It must call
// [Reading.Show] before it gives any part of the answer.
type RunStream[I any] func(ctx context.Context, in *I, reading *Reading) (*huma.StreamResponse, error)

// Responses describes the answers of a stream; schema gives the schema of a type.
type Responses func(schema func(reflect.Type) *huma.Schema) map[string]*huma.Response

// Stream declares a read whose answer is not one JSON object: it has several media
// types, or is long, or goes on.
func Stream[I any](d Declaration, responses Responses, run RunStream[I]) Operation {
	return Operation{Declaration: d, kind: reads, streams: true, register: func(a *API, op Operation) {
		described := a.describe(op)
		described.Responses = responses(func(t reflect.Type) *huma.Schema {
			schema := huma.SchemaFromType(a.huma.OpenAPI().Components.Schemas, t)
			openFields(schema, t)
			return schema
		})
		huma.Register(a.huma, described, func(ctx context.Context, in *I) (*huma.StreamResponse, error) {
			leave, err := a.slots.enter(ctx, callerOf(ctx).class)
			if err != nil {
				return nil, a.refusal(ctx, err)
			}
			defer leave()
			out, err := run(ctx, in, a.reading(op.ID, op.Shows))
			if err != nil {
				return nil, a.refusal(ctx, a.config.Model.Confirm(ctx, err))
			}
			return out, nil
		})
	}}
}

// Model is what reads need of the read model.
type Model interface {
	// CatchUp waits until the model has all that the log held when it was called.
	CatchUp(context.Context) error
	// Doubt is why nothing may be read or changed now, because the log may not be the one
	// that this process knows; nil where there is no doubt.
	Doubt() error
	// Confirm asks the log whether what a read has not found, after CatchUp, does not
	// exist. It returns the error that is then true.
	Confirm(ctx context.Context, err error) error
}

// RetryNotFound runs a look at the read model that may find nothing. The model is
// a moment behind the log, so what it does not have may only be late. The look then
// waits until the model has all that the log holds now, which is later than the
// request came, and runs once more: a second "not found" is true, unless the model has
// lost the record, which the log is asked about. Where the model does not catch up in
// time, that error is the answer.
//
// look may run twice, so it must leave no trace: the access log is written after it.
func RetryNotFound[O any](ctx context.Context, model Model, look func(context.Context) (O, error)) (O, error) {
	out, err := look(ctx)
	if domain.IsKind(err, domain.NotFound) {
		if err := model.CatchUp(ctx); err != nil {
			return out, err
		}
		out, err = look(ctx)
	}
	if err != nil {
		err = model.Confirm(ctx, err)
	}
	return out, err
}
