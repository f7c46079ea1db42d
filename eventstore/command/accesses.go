package command

import (
	"context"
	"strings"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/domain/housing"
)

// accesses are the entries that the events need in the logs of the persons whom
// they say were looked up in other systems (C20, C21).
func (c streamCommand[S]) accesses(events []domain.Event) []accesslog.PersonalDataRead {
	var looked []accesslog.PersonalDataRead
	for _, event := range events {
		for _, e := range housing.Accesses(event) {
			e.Reader, e.Role, e.ReadAt = c.cmd.Actor, c.cmd.Role, c.cmd.Now
			looked = append(looked, e)
		}
	}
	return looked
}

// note appends the entries, before that for which was looked up: it is recorded
// with all of them or not at all. Their ids are derived from the command and
// from what they say, so that a repetition adds nothing and a command that was
// decided anew hides nothing. A crash before the append leaves entries of a
// look-up that came to nothing here: it has been made all the same.
func (h *Handler) note(ctx context.Context, meta domain.Meta, looked []accesslog.PersonalDataRead) error {
	for _, e := range looked {
		name := strings.Join(append([]string{e.PersonID.String(), string(e.Purpose), e.CaseID.String()}, e.Scope...), " ")
		if err := h.log.AppendRead(ctx, domain.DeriveID(meta.Causation.UUID, name), e, meta); err != nil {
			return err
		}
	}
	return nil
}
