package residence

import (
	"math"
	"slices"

	"tizilim/domain"
	"tizilim/domain/rules"
)

// mostRooms bounds the rooms of a dwelling: a dormitory is recorded room by room.
const mostRooms = 999

// Description is what is known of a dwelling beyond its codes and its address. What is not
// known is zero.
type Description struct {
	Place Place
	Area  Area // useful area
	Rooms int
}

// DescribeDwelling is the command that says what the dwelling is from a day on (R35).
type DescribeDwelling struct {
	Description
	Address string       // empty where it stays as it is
	On      domain.Date  // zero for today
	Basis   domain.Basis // demanded by the edition where something recorded becomes another
	Rules   rules.Book
}

// Describe decides [DescribeDwelling]: it replaces the description from the day on. Where a
// recorded value becomes another one, the owners are told.
func (d *Dwelling) Describe(cmd domain.Command, c DescribeDwelling) ([]domain.Event, error) {
	if !d.Known() {
		return nil, UnknownDwelling()
	}
	if err := d.CheckStands(""); err != nil {
		return nil, err
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	on, err := d.descriptions.recordedFrom(cmd, c.On)
	if err != nil {
		return nil, err
	}
	e := DwellingDescribed{
		DwellingID: d.ID, Place: c.Place, UsefulArea: c.Area, Rooms: c.Rooms, On: on, Basis: c.Basis, DescribedAt: cmd.Now,
	}
	if c.Address != "" {
		address, err := domain.Line(c.Address, "address")
		if err != nil {
			return nil, err
		}
		if address != d.Address {
			if _, err := d.addresses.recordedFrom(cmd, on); err != nil {
				return nil, err
			}
			e.Address = address
		}
	}
	if c.Description == d.Description && e.Address == "" {
		return nil, domain.Refuse(domain.Conflict, domain.CodeNothingChanges, "the registry holds this already")
	}
	if c.Description == (Description{}) && c.Address == "" {
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired,
			"say what the dwelling is: its kind of place, its area, its rooms or its address").At("place")
	}
	another := e.Address != "" || c.Description.contradicts(d.Description)
	if another {
		e.Told = d.Speakers()
	}
	if another || !c.Basis.IsZero() {
		err = c.Rules.On(cmd.Today()).CheckBasis(rules.ChangeDwelling, cmd.Role, c.Basis, cmd.Today(), "basis")
	}
	if err != nil {
		return nil, err
	}
	return []domain.Event{e}, nil
}

// contradicts reports whether something that was known is not so any more.
func (c Description) contradicts(was Description) bool {
	return was.Place != "" && c.Place != was.Place || was.Area != 0 && c.Area != was.Area ||
		was.Rooms != 0 && c.Rooms != was.Rooms
}

// of is the description with which a dwelling is recorded.
func (c Description) of(id domain.DwellingID, cmd domain.Command) DwellingDescribed {
	return DwellingDescribed{DwellingID: id, Place: c.Place, UsefulArea: c.Area, Rooms: c.Rooms, DescribedAt: cmd.Now}
}

func (c Description) check() error {
	switch {
	case c.Place != "" && !slices.Contains(Places, c.Place):
		return domain.Refuse(domain.Invalid, domain.CodeValueUnknown, "a place is one of %v", Places).At("place")
	case c.Area < 0 || c.Area > largestArea || c.Area != 0 && c.Area.hundredths() == 0 || math.IsNaN(float64(c.Area)):
		return domain.Refuse(domain.Invalid, domain.CodeAreaFormat,
			"give the useful area in square metres, more than 0 and at most %v, or leave it out where it is not "+
				"known", largestArea).At("useful_area")
	case c.Rooms < 0 || c.Rooms > mostRooms:
		return domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
			"give the number of rooms, 1 to %d, or leave it out where it is not known", mostRooms).At("rooms")
	}
	return nil
}

// described folds a description.
func (d *Dwelling) described(e DwellingDescribed) {
	on := e.On
	if on.IsZero() && len(d.descriptions) > 0 {
		on = domain.DateOf(e.DescribedAt)
	}
	d.Description = Description{e.Place, e.UsefulArea, e.Rooms}
	d.descriptions = d.descriptions.then(on, d.Description)
	if e.Address != "" {
		d.addressed(on, e.Address)
	}
}

// addressed folds an address.
func (d *Dwelling) addressed(on domain.Date, address string) {
	d.Address = address
	d.addresses = d.addresses.then(on, address)
}

// AddressOn returns the address of the dwelling on the day.
func (d *Dwelling) AddressOn(day domain.Date) string { return d.addresses.on(day) }

// DescriptionOn returns what the dwelling was on the day.
func (d *Dwelling) DescriptionOn(day domain.Date) Description { return d.descriptions.on(day) }
