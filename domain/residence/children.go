package residence

import (
	"slices"

	"tizilim/domain"
	"tizilim/domain/rules"
)

// left warns of the children whom an act on p leaves worse off (R20): registered nowhere,
// without a representative, or under 14 at a home where no representative resides. No act
// forbids it, so a human decides. Whoever was so before the act is not named.
//
// after is p when the act is done. leaves tells who else leaves the dwelling by the same act.
func (h Household) left(
	p, after *Person, by rules.Edition, on domain.Date, leaves func(*Person) bool,
) []Warning {
	var left []Warning
	for _, w := range append([]Ward{{p, h.Representatives}}, h.Wards...) {
		was, now := w.needs(by, on, nobody), w.with(p.ID, after).needs(by, on, leaves)
		for _, code := range now {
			moved := w.Minor == p && p.home(on) != after.home(on) // whoever comes to a home is told apart
			if slices.Contains(was, code) || code == domain.CodeChildLeft && moved {
				continue
			}
			left = append(left, Warning{code, w.Minor.ID})
		}
	}
	return left
}

// after is p with the events of an act.
func (p *Person) after(events ...domain.Event) *Person {
	now := p.Clone()
	for i, e := range events {
		now.Apply(domain.Recorded{Stream: p.ID.Stream(), Revision: p.next + uint64(i), Event: e})
	}
	return &now
}

// with is w where the person is in the given state. Whoever is erased has no id in it.
func (w Ward) with(id domain.PersonID, p *Person) Ward {
	if w.Minor.ID == id {
		w.Minor = p
	}
	w.Representatives = slices.Clone(w.Representatives)
	for i, r := range w.Representatives {
		if r.ID == id {
			w.Representatives[i] = p
		}
	}
	return w
}

// needs are the codes of what a child lacks on the day. Who leaves by the act that is looked
// at has their own turn.
func (w Ward) needs(by rules.Edition, on domain.Date, leaves func(*Person) bool) []domain.Code {
	c := w.Minor
	age := c.BirthDate.YearsOn(on)
	if !c.present() || age >= by.Ages.Capacity {
		return nil
	}
	var needs []domain.Code
	home := c.home(on)
	if home.IsZero() {
		needs = append(needs, domain.CodeChildNowhere)
	}
	here := func(r *Person) bool { return c.RepresentedBy(r.ID) && r.present() && r.home(on) == home && !leaves(r) }
	if !home.IsZero() && age < by.Ages.OwnRegistration && len(c.Representatives) > 0 && !leaves(c) &&
		!slices.ContainsFunc(w.Representatives, here) {
		needs = append(needs, domain.CodeChildLeft)
	}
	if !slices.ContainsFunc(w.Representatives, func(r *Person) bool { return c.RepresentedBy(r.ID) && r.present() }) {
		needs = append(needs, domain.CodeChildAlone)
	}
	return needs
}

// present reports whether the person is recorded, not erased, and alive.
func (p *Person) present() bool {
	_, dead := p.Dead()
	return p.Known() && !dead
}

// warning writes the warnings of an act into the ending of the permanent registration among
// its events; false where there is none.
func warning(events []domain.Event, warnings []Warning) bool {
	for i, event := range events {
		if e, ok := event.(RegistrationEnded); ok && e.Kind == Permanent {
			e.Warnings = warnings
			events[i] = e
			return true
		}
	}
	return false
}
