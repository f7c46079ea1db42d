package command

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/notice"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
)

// Complain is the command that contests what a notice tells (C28).
type Complain struct {
	Notice  notice.Notice
	Grounds domain.Personal
	WhyLate domain.Personal
	Channel domain.Channel
}

// Complained says where a complaint is.
type Complained struct {
	ComplaintID string
	CaseID      domain.CaseID // of a complaint about a decision or an act
	ListID      domain.ListID // of one about a removal
	EntryID     domain.EntryID
}

// Whose returns who complains by the notice: whom it is about, also where the copy of a legal
// representative is named (R32).
func Whose(n notice.Notice) domain.PersonID {
	if !n.Represented.IsZero() {
		return n.Represented
	}
	return n.PersonID
}

// ComplainUntil returns the last day on which a complaint is in time, of whoever learned of an act on
// the day.
func (h *Handler) ComplainUntil(learned domain.Date) domain.Date {
	return learned.AddMonths(h.terms(learned).ComplaintMonths)
}

// Notice returns the notice; the zero one where there is none.
func (h *Handler) Notice(ctx context.Context, id domain.NoticeID) (notice.Notice, error) {
	return load[notice.Notice](ctx, h, id.Stream())
}

// Complain files a complaint about what a notice tells, in one append to the stream where it
// belongs: the case or the list that decided, or the case that the contested act gets.
func (h *Handler) Complain(
	ctx context.Context, cmd domain.Command, c Complain, opt Options,
) (Receipt, Complained, error) {
	at := Complained{ComplaintID: domain.DeriveID(cmd.ID.UUID, "complaint").String()}
	filing := procedure.Filing{ID: at.ComplaintID, By: Whose(c.Notice), Grounds: c.Grounds, WhyLate: c.WhyLate}
	switch notice.RouteOf(c.Notice.Kind) {
	case notice.ToCase:
		at.CaseID = c.Notice.CaseID
		r, err := h.StepOnCase(ctx, cmd, at.CaseID, func(k *procedure.Case, t procedure.Terms) ([]domain.Event, error) {
			return k.FileComplaint(cmd, filing, t)
		}, opt)
		return r, at, err
	case notice.ToEntry, notice.ToAct:
	case notice.ToCourt:
		return Receipt{}, at, domain.Refuse(domain.Conflict, domain.CodeNoAppeal,
			"this complaint is decided: you can go to court; the body records the act of the court in the case")
	default:
		return Receipt{}, at, domain.Refuse(domain.Conflict, domain.CodeNoAppeal,
			"this notice tells of nothing that can be contested")
	}
	recs, err := h.log.ReadPage(ctx, c.Notice.About.Stream, c.Notice.About.Revision, 1)
	if err != nil {
		return Receipt{}, at, err
	}
	if len(recs) == 0 {
		return Receipt{}, at, domain.Refuse(domain.NotFound, domain.CodeNotFound, "the log has no such act")
	}
	if e, removed := recs[0].Event.(housing.EntryRemoved); removed {
		at.ListID, at.EntryID = e.ListID, e.EntryID
		r, err := h.StepOnEntry(ctx, cmd, e.ListID, e.EntryID, filing.By,
			func(k *procedure.Case, t procedure.Terms) ([]domain.Event, error) {
				return k.FileComplaint(cmd, filing, t)
			}, opt)
		return r, at, err
	}
	act, err := h.contested(ctx, cmd, c, recs[0])
	if err != nil {
		return Receipt{}, at, err
	}
	at.CaseID = act.CaseID
	r, err := onCaseStream(ctx, h, cmd, act.CaseID, opt, func(k *procedure.Case) ([]domain.Event, error) {
		return k.Contest(cmd, act, filing, h.terms(cmd.Today()))
	})
	return r, at, err
}

// contested is the case of the act that the notice tells of, for whom it touches. Its id follows
// from both, so that one person contests one act in one case.
func (h *Handler) contested(
	ctx context.Context, cmd domain.Command, c Complain, rec domain.Recorded,
) (procedure.ActContested, error) {
	who := Whose(c.Notice)
	act := procedure.ActContested{
		CaseID: domain.CaseID{UUID: domain.DeriveID(rec.ID, "contested by "+who.String())},
		Act:    domain.EventRef{Stream: rec.Stream, Revision: rec.Revision}, ActType: rec.Event.EventType(), PersonID: who,
		ActedBy: domain.Account(rec.Meta.Actor), ActedOn: domain.DateOf(rec.Created), ToldAt: c.Notice.QueuedAt,
		Language: c.Notice.Language, Channel: c.Channel, At: cmd.Now,
	}
	if h.bodies != nil {
		var err error
		if act.ActedBody, _, err = h.bodies.BodyOf(ctx, rec.Meta.Actor); err != nil {
			return act, err
		}
	}
	category, id, _ := strings.Cut(rec.Stream, "-")
	of, err := uuid.Parse(id)
	if err != nil {
		return act, err
	}
	switch category {
	case "queue":
		act.ListID = domain.ListID{UUID: of}
	case "dwelling":
		act.DwellingID = domain.DwellingID{UUID: of}
	case "case":
		m, err := h.MatterOf(ctx, domain.CaseID{UUID: of}, true)
		if err != nil {
			return act, err
		}
		act.ListID, act.DwellingID = m.ListID, m.DwellingID
	default:
		if at := rec.Event.Concerns().Dwellings; len(at) > 0 {
			act.DwellingID = at[0]
		}
	}
	return act, nil
}

// amends reports whether the act remedies what the case is about: a contested act, or a person whom
// a deregistration refused and whom the act registers or deregisters after all.
func (h *Handler) amends(ctx context.Context, id domain.CaseID, act domain.Recorded) (bool, error) {
	first, err := h.log.ReadPage(ctx, id.Stream(), 0, 1)
	if err != nil || len(first) == 0 {
		return false, err
	}
	contested, ok := first[0].Event.(procedure.ActContested)
	if !ok {
		return settles(first[0].Event, act.Event), nil
	}
	was, err := h.log.ReadPage(ctx, contested.Act.Stream, contested.Act.Revision, 1)
	if err != nil || len(was) == 0 {
		return false, err
	}
	return notice.Amends(contested, was[0], act), nil
}

// settles reports whether the act registers or deregisters somebody whom the deregistration that
// began the case names, where it was asked for: by a correction on the ground of a court act or of a
// complaint, or by the ending of another case.
func settles(began, act domain.Event) bool {
	applied, ok := began.(residence.DeregistrationApplied)
	if !ok {
		return false
	}
	if c, ok := residence.CorrectionIn(act); ok {
		return slices.Contains(applied.Persons, c.PersonID) && c.DwellingID == applied.DwellingID &&
			(c.Ground == residence.CourtAct || c.Ground == residence.ComplaintUpheld)
	}
	e, ok := act.(residence.RegistrationEnded)
	return ok && slices.Contains(applied.Persons, e.PersonID) && e.DwellingID == applied.DwellingID &&
		!e.CaseID.IsZero() && e.CaseID != applied.CaseID
}
