package projections

import (
	"context"
	"errors"

	"tizilim/domain"
)

// absentError says that the model has no record of a stream. It is told as the error in it.
type absentError struct {
	refusal *domain.Error
	stream  string
	field   string // that the record has from its first event on
}

func (e *absentError) Error() string { return e.refusal.Error() }
func (e *absentError) Unwrap() error { return e.refusal }

// absent says that the record of the stream, which has the field from its first event on,
// does not exist.
func absent(stream, field string, refusal error) error {
	var e *domain.Error
	if !errors.As(refusal, &e) {
		return refusal
	}
	return &absentError{e, stream, field}
}

// FirstEvents reads the beginning of a stream. A [LogHead] may implement it; then a record
// that the model has lost is noticed before it is said not to exist.
type FirstEvents interface {
	// ReadPage returns at most limit events of the stream from the revision on.
	ReadPage(ctx context.Context, stream string, from uint64, limit int) ([]domain.Recorded, error)
}

var hasFieldQuery = query(`return {redis.call('HEXISTS', g .. ARGV[5], ARGV[6])}`)

// Confirm takes the error of a read that has found nothing, after the model had all that
// the log holds (see [Watch.CatchUp]). Where it says that a record does not exist, Confirm
// asks the log for the first event of its stream, once. The error is then true and
// returned as it is; or the model has lost the record, is filled anew, and the error is
// [domain.CodeModelNotReady]. The same where a value of the model cannot be read. Other errors, and nil, are returned as they are.
func (w *Watch) Confirm(ctx context.Context, err error) error {
	var wrong *corruptError
	if errors.As(err, &wrong) {
		return w.damaged(ctx, wrong.what)
	}
	var gone *absentError
	log, ok := w.log.(FirstEvents)
	if !ok || !errors.As(err, &gone) {
		return err
	}
	first, failed := log.ReadPage(ctx, gone.stream, 0, 1)
	if failed != nil {
		return failed
	}
	// Asked even where the log has no such stream: the time must not tell whether it has.
	data, at, failed := w.model.read(ctx, hasFieldQuery, gone.stream, gone.stream, gone.field)
	switch {
	case failed != nil:
		return failed
	case len(first) == 0 || !begins(first[0], gone):
		return err
	case at < first[0].Position || asInt(data[0]) == 1: // it has come only now
		return err
	}
	return w.damaged(ctx, gone.stream)
}

// damaged withdraws the generation that serves.
func (w *Watch) damaged(ctx context.Context, what string) error {
	status, err := w.model.Status(ctx)
	if err != nil {
		return err
	}
	return w.model.damaged(ctx, formatGeneration(status.Serving), what)
}

// begins reports whether the event gives the record of its stream the field.
func begins(first domain.Recorded, gone *absentError) bool {
	ops, _ := safely(project, first) // none of an event that is in quarantine, or was released
	for _, o := range ops {
		if o.verb != opSet || o.key != gone.stream {
			continue
		}
		for i := 0; i < len(o.args); i += 2 {
			if o.args[i] == gone.field {
				return true
			}
		}
	}
	return false
}
