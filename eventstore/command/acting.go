package command

import (
	"context"
	"slices"
	"strings"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
)

// ActorsOf is who acts for the person today (R32).
func (h *Handler) ActorsOf(ctx context.Context, id domain.PersonID) (residence.Actors, error) {
	p, err := look[residence.Person](ctx, h, id.Stream())
	if err != nil {
		return residence.Actors{}, err
	}
	today := domain.DateOf(h.now())
	return p.ActorsOn(today, h.rules.On(today).Ages), nil
}

// ActsFor are the persons in whose place the person acts today (R32): nobody's where the
// person does not act alone. former are those whom the person was recorded to represent, and
// in whose place they do not act today.
func (h *Handler) ActsFor(ctx context.Context, id domain.PersonID) (represented, former []domain.PersonID, err error) {
	p, err := look[residence.Person](ctx, h, id.Stream())
	if err != nil {
		return nil, nil, err
	}
	today := domain.DateOf(h.now())
	alone := p.ActorsOn(today, h.rules.On(today).Ages).Self
	for _, ward := range p.Wards {
		actors, err := h.ActorsOf(ctx, ward)
		if err != nil {
			return nil, nil, err
		}
		if alone && slices.Contains(actors.Representatives, id) {
			represented = append(represented, ward)
		} else {
			former = append(former, ward)
		}
	}
	return represented, former, nil
}

// Carried reports whether the stream of a case, a list or a person has the events of the
// command. Another stream has none that a citizen causes.
func (h *Handler) Carried(ctx context.Context, stream string, id domain.CommandID) (bool, error) {
	switch category, _, _ := strings.Cut(stream, "-"); category {
	case "case":
		return carried[procedure.Case](ctx, h, stream, id)
	case "queue":
		return carried[housing.List](ctx, h, stream, id)
	case "residence":
		return carried[residence.Person](ctx, h, stream, id)
	}
	return false, nil
}

func carried[S any, P state[S]](ctx context.Context, h *Handler, stream string, id domain.CommandID) (bool, error) {
	v, err := streamOf[S, P](h, stream).read(ctx)
	if err != nil {
		return false, err
	}
	_, done := v.eventsOf(id)
	return done, nil
}

// RepresentativeAwaited is the day until which another representative of the person is asked for;
// zero where none is.
func (h *Handler) RepresentativeAwaited(p *residence.Person) domain.Date {
	today := domain.DateOf(h.now())
	return p.RepresentativeAwaited(today, h.rules.On(today).Ages)
}

// CameOfAge reports whether the person came of age since a day, by what this process knows.
func (h *Handler) CameOfAge(ctx context.Context, id domain.PersonID, since domain.Date) (bool, error) {
	p, err := h.KnownPerson(ctx, id, false)
	if err != nil {
		return false, err
	}
	today := domain.DateOf(h.now())
	age := h.rules.On(today).Ages.Capacity
	return p.BirthDate.YearsOn(since) < age && p.BirthDate.YearsOn(today) >= age, nil
}
