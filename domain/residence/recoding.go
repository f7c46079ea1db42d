package residence

import (
	"log/slog"
	"slices"
	"time"

	"tizilim/domain"
)

// DwellingRecoded says that the dwelling is known by other codes, or in another territory, from
// the day On (R35). The codes that it no longer has are free for other dwellings from this event
// on.
type DwellingRecoded struct {
	DwellingID domain.DwellingID `json:"dwelling_id"`
	Was        Identity          `json:"was"`
	Now        Identity          `json:"now"`
	On         domain.Date       `json:"effective_on"`
	Basis      domain.Basis      `json:"basis"`
	Told       []domain.PersonID `json:"told,omitempty"` // who owns it, or speaks for an owner
	RecodedAt  time.Time         `json:"recoded_at"`
}

func (DwellingRecoded) EventType() string { return "DwellingRecoded" }

func (e DwellingRecoded) EffectiveAt() time.Time   { return e.On.Start() }
func (e DwellingRecoded) Concerns() domain.Concern { return atDwelling(e.DwellingID, e.Told...) }
func (e DwellingRecoded) LogValue() slog.Value     { return domain.Masked(e) }

// Taken are the codes that the dwelling did not have before.
func (e DwellingRecoded) Taken() []DwellingCode { return e.Now.without(e.Was) }

// without returns the codes of i that o has not, in the order in which they are claimed.
func (i Identity) without(o Identity) []DwellingCode {
	return slices.DeleteFunc(i.Codes(), func(c DwellingCode) bool { return slices.Contains(o.Codes(), c) })
}

// heldCode is a code of a dwelling with the claim by which the dwelling took it.
type heldCode struct {
	code  DwellingCode
	claim domain.CommandID
}

// identified folds an identity, which a command gave to the dwelling. The claim to a code that
// the dwelling gives up is spent: it is void for ever.
func (d *Dwelling) identified(on domain.Date, now Identity, by domain.CommandID) {
	var held []heldCode
	for _, h := range d.held {
		if slices.Contains(now.Codes(), h.code) {
			held = append(held, h)
		} else {
			d.voided = append(slices.Clip(d.voided), h.claim)
		}
	}
	for _, code := range now.without(d.Identity) {
		held = append(held, heldCode{code, by})
	}
	d.held, d.Identity, d.identities = held, now, d.identities.then(on, now)
}

// IdentityOn returns the codes and the territory of the dwelling on the day.
func (d *Dwelling) IdentityOn(day domain.Date) Identity { return d.identities.on(day) }

// HadOn reports whether the dwelling was known by the code on the day.
func (d *Dwelling) HadOn(code DwellingCode, day domain.Date) bool {
	if g, gone := d.Gone(); gone && !day.Before(g.On) {
		return false
	}
	return d.Known() && slices.Contains(d.IdentityOn(day).Codes(), code)
}

// RecodedFrom returns the first day from which the dwelling has not been known by the code any
// more; no day where it is, or never was.
func (d *Dwelling) RecodedFrom(code DwellingCode) (from domain.Date) {
	had := false
	for _, s := range d.identities {
		has := slices.Contains(s.value.Codes(), code)
		switch {
		case has:
			from = domain.Date{}
		case had:
			from = s.from
		}
		had = has
	}
	return from
}

// EverHad reports whether the dwelling is known by the code, or ever was.
func (d *Dwelling) EverHad(code DwellingCode) bool {
	return slices.Contains(d.Codes(), code) || !d.RecodedFrom(code).IsZero()
}

// Recode is the command that gives a dwelling other codes, or a code that it had not.
type Recode struct {
	Identity // what is empty stays as it is
	On       domain.Date
	Basis    domain.Basis
	Claimed  []DwellingCode // by this command; nil while it is only planned
}

// Recode decides [Recode]. The codes that the dwelling takes must have been claimed by the
// command; where the dwelling changed meanwhile so that others are taken, nothing is done
// ([domain.CodeLostRace]). Registrations, leases, owners and entries stay as they are.
func (d *Dwelling) Recode(cmd domain.Command, c Recode) ([]domain.Event, error) {
	if !d.Known() {
		return nil, UnknownDwelling()
	}
	if err := d.CheckStands(""); err != nil {
		return nil, err
	}
	if err := d.claimsStand(cmd); err != nil {
		return nil, err
	}
	now, err := c.Identity.over(d.Identity).Written()
	if err != nil {
		return nil, err
	}
	if now == d.Identity {
		return nil, domain.Refuse(domain.Conflict, domain.CodeNothingChanges,
			"the dwelling has these codes already; give rka, cadastral_number or kato that is another")
	}
	on, err := d.identities.recordedFrom(cmd, c.On)
	if err != nil {
		return nil, err
	}
	if err := c.Basis.Demand(true, cmd.Role, cmd.Today(), "basis"); err != nil {
		return nil, err
	}
	e := DwellingRecoded{
		DwellingID: d.ID, Was: d.Identity, Now: now, On: on, Basis: c.Basis, Told: d.Speakers(), RecodedAt: cmd.Now,
	}
	unclaimed := func(code DwellingCode) bool { return !slices.Contains(c.Claimed, code) }
	if c.Claimed != nil && slices.ContainsFunc(e.Taken(), unclaimed) {
		return nil, domain.Refuse(domain.Conflict, domain.CodeLostRace,
			"the codes of this dwelling were changed at the same moment; send the request again")
	}
	return []domain.Event{e}, nil
}

// over returns i, with what is empty taken from o.
func (i Identity) over(o Identity) Identity {
	if i.RKA == "" {
		i.RKA = o.RKA
	}
	if i.CadastralNumber == "" {
		i.CadastralNumber = o.CadastralNumber
	}
	if i.KATO == "" {
		i.KATO = o.KATO
	}
	return i
}
