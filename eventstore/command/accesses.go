package command

import (
	"context"
	"strings"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/domain/housing"
)

// accesses returns the entries of the access logs that belong to the events: one for
// each person who was looked up in other systems, as the events say (C20, C21).
func (c streamCommand[S]) accesses(events []domain.Event) []accesslog.PersonalDataRead {
	var entries []accesslog.PersonalDataRead
	for _, event := range events {
		for _, e := range housing.Accesses(event) {
			e.Reader, e.Role, e.ReadAt = c.cmd.Actor, c.cmd.Role, c.cmd.Now
			entries = append(entries, e)
		}
	}
	return entries
}

// recordAccesses appends the entries, before the events that they belong to: no event
// that rests on a look-up is recorded without them. Their ids are derived from the
// command and from what they say, so that a repetition adds nothing and a command
// that is decided again omits nothing. After a crash before the events are appended
// the entries remain: the look-ups were made.
func (h *Handler) recordAccesses(ctx context.Context, meta domain.Meta, entries []accesslog.PersonalDataRead) error {
	for _, e := range entries {
		about := []string{e.PersonID.String(), string(e.Purpose), e.CaseID.String()}
		name := strings.Join(append(about, e.Scope...), " ")
		if err := h.log.RecordAccess(ctx, domain.DeriveID(meta.Causation.UUID, name), e, meta); err != nil {
			return err
		}
	}
	return nil
}
