package residence

import (
	"log/slog"
	"math"
	"slices"
	"time"

	"tizilim/domain"
	"tizilim/domain/rules"
)

// DwellingRecorded begins the record of a dwelling. RKA and cadastral number are in the
// written form of a [DwellingCode]; KATO is the code of the territory.
type DwellingRecorded struct {
	DwellingID      domain.DwellingID `json:"dwelling_id"`
	RKA             string            `json:"rka,omitempty"`
	CadastralNumber string            `json:"cadastral_number,omitempty"`
	KATO            string            `json:"kato,omitempty"`
	Address         string            `json:"address"`
	RecordedAt      time.Time         `json:"recorded_at"`

	MadeFrom []domain.DwellingID `json:"made_from,omitempty"` // what was split or merged into it
	OwnersBy domain.Date         `json:"owners_by,omitzero"`  // until which owners are asked for, where none are named (R50)
}

// Identity is by what the dwelling is known when it is recorded.
func (e DwellingRecorded) Identity() Identity { return Identity{e.RKA, e.CadastralNumber, e.KATO} }

// OwnersChanged names all owners from the day On.
type OwnersChanged struct {
	DwellingID domain.DwellingID `json:"dwelling_id"`
	Owners     []Owner           `json:"owners"`
	On         domain.Date       `json:"effective_on"`
	Former     []Owner           `json:"former,omitempty"`     // the owners until that day
	Basis      domain.Basis      `json:"basis,omitzero"`       // on which an official records it
	ProposalID ProposalID        `json:"proposal_id,omitzero"` // that a second official has confirmed
}

// DwellingDescribed says what the dwelling is from the day On, as far as it is known. A later
// one replaces it; the earlier one stays true of the days before.
type DwellingDescribed struct {
	DwellingID  domain.DwellingID `json:"dwelling_id"`
	Place       Place             `json:"place,omitempty"`
	UsefulArea  Area              `json:"useful_area,omitempty"`
	Rooms       int               `json:"rooms,omitempty"`
	Address     string            `json:"address,omitempty"`     // empty where it stays as it was
	On          domain.Date       `json:"effective_on,omitzero"` // zero: the day of DescribedAt
	Basis       domain.Basis      `json:"basis,omitzero"`
	Told        []domain.PersonID `json:"told,omitempty"` // who owns it, or speaks for an owner, where it was another before
	DescribedAt time.Time         `json:"described_at"`
}

func (DwellingRecorded) EventType() string  { return "DwellingRecorded" }
func (OwnersChanged) EventType() string     { return "OwnersChanged" }
func (DwellingDescribed) EventType() string { return "DwellingDescribed" }

func (e DwellingRecorded) EffectiveAt() time.Time { return e.RecordedAt }
func (e OwnersChanged) EffectiveAt() time.Time    { return e.On.Start() }
func (e DwellingDescribed) EffectiveAt() time.Time {
	if e.On.IsZero() {
		return e.DescribedAt
	}
	return e.On.Start()
}

func (e DwellingRecorded) Concerns() domain.Concern {
	c := atDwelling(e.DwellingID)
	c.Dwellings = append(c.Dwellings, e.MadeFrom...)
	return c
}
func (e DwellingDescribed) Concerns() domain.Concern { return atDwelling(e.DwellingID, e.Told...) }

func (e DwellingDescribed) LogValue() slog.Value { return domain.Masked(e) }

func (e OwnersChanged) Concerns() domain.Concern { return withOwners(e.DwellingID, e.Owners, e.Former) }

// Place is a kind of place (order 677). The edition in force says in which of
// them persons can be registered (R19).
type Place string

const (
	House              Place = "house"
	Apartment          Place = "apartment"
	Dacha              Place = "dacha"
	Dormitory          Place = "dormitory"
	Hotel              Place = "hotel"
	RestHome           Place = "rest_home"
	Sanatorium         Place = "sanatorium"
	Dispensary         Place = "dispensary"
	MedicalInstitution Place = "medical_institution"
	CareHome           Place = "care_home"
	OtherDwelling      Place = "other_dwelling" // any other building or premises used for living
	NotForLiving       Place = "not_for_living"
)

// Places lists them all.
var Places = []Place{
	House, Apartment, Dacha, Dormitory, Hotel, RestHome, Sanatorium, Dispensary, MedicalInstitution, CareHome, OtherDwelling, NotForLiving,
}

// Area in square metres, to the hundredth; zero where it is not known.
type Area float64

// largestArea is the largest area that a dwelling can have, in square metres.
const largestArea Area = 100_000

// hundredths returns the area as a number that is compared exactly.
func (a Area) hundredths() int64 { return int64(math.Round(float64(a) * 100)) }

// Dwelling is the state of a dwelling- stream. The zero Dwelling is unknown.
type Dwelling struct {
	ID       domain.DwellingID
	MadeFrom []domain.DwellingID
	Identity
	Address string
	Description
	Owners    []Owner
	Pending   OwnersChangeProposed // that nobody has confirmed or declined yet; zero where there is none
	Lease     *LeaseBegan          // nil where the dwelling is not leased as a service dwelling
	Offered   *Offered             // nil where the dwelling is offered to nobody
	Keeper    domain.BodyID        // whose stock it is in; zero where it is in none
	before    domain.BodyID        // the keeper before the last lease
	kept      domain.Position      // where the log holds that it came into the stock
	given     domain.Position      // where the log holds that the present owners gave it to the keeper; zero: nowhere
	proposer  string               // account that proposed Pending
	since     domain.Date          // of the present owners
	titles    []title              // all changes of owners, in the order of the stream and of time
	freed     domain.Position      // where the log holds the end of the last lease or offer
	held      []heldCode           // its codes, and the claims by which it took them
	used      bool                 // it was offered or let since it is in the stock
	withdrawn bool                 // from the last stock that it was in
	voided    []domain.CommandID   // claims to codes by which the dwelling takes no code any more

	identities   course[Identity]
	addresses    course[string]
	descriptions course[Description]
	stocks       course[Stocked]
	gone         Gone

	lapse   lapse
	awaited []SuccessionAwaited
	// LapsesAnnulled is how many lapses of proposals were annulled. It tells the task of a
	// lapse from that of the same proposal before.
	LapsesAnnulled int
}

// Known reports whether the dwelling has been recorded.
func (d *Dwelling) Known() bool { return !d.ID.IsZero() }

// Clone returns a copy that later events do not change: Apply replaces what it
// changes.
func (d *Dwelling) Clone() Dwelling { return *d }

// Apply folds the next event of the stream into d.
func (d *Dwelling) Apply(rec domain.Recorded) {
	d.takeLapse(rec)
	d.wentAway(rec)
	d.titled(rec)
	switch e := rec.Event.(type) {
	case DwellingRecorded:
		d.ID, d.MadeFrom = e.DwellingID, e.MadeFrom
		d.addressed(domain.Date{}, e.Address)
		d.identified(domain.Date{}, e.Identity(), rec.Meta.Causation)
	case DwellingReaddressed:
		d.addressed(e.On, e.Address)
	case DwellingRecoded:
		d.identified(e.On, e.Now, rec.Meta.Causation)
	case DwellingCodeClaimVoided:
		d.voided = append(slices.Clip(d.voided), e.ClaimID)
	case OwnersChanged:
		d.Pending = OwnersChangeProposed{}
	case OwnersChangeProposed:
		d.Pending, d.proposer = e, rec.Meta.Actor
	case OwnersChangeDeclined, OwnersChangeLapsed:
		d.Pending = OwnersChangeProposed{}
	case DwellingDescribed:
		d.described(e)
	}
	d.stocked(rec)
	d.stockSince(rec)
	d.succeeded(rec)
}

// RecordDwelling is the command that records a dwelling, with its owners where
// they are known.
type RecordDwelling struct {
	DwellingID domain.DwellingID
	Identity
	Address     string
	Owners      []Owner
	OwnersSince domain.Date // zero for today
	Description Description
	MadeFrom    []domain.DwellingID
	Rules       rules.Book
}

// Record decides [RecordDwelling]. The codes must have been claimed by this command.
func (d *Dwelling) Record(cmd domain.Command, c RecordDwelling) ([]domain.Event, error) {
	if d.Known() {
		return nil, domain.Refuse(domain.Conflict, domain.CodeDwellingRecorded, "this dwelling is already recorded")
	}
	if err := d.claimsStand(cmd); err != nil {
		return nil, err
	}
	is, err := c.Written()
	if err != nil {
		return nil, err
	}
	address, err := domain.Line(c.Address, "address")
	if err != nil {
		return nil, err
	}
	for i, id := range c.MadeFrom {
		if slices.Contains(c.MadeFrom[:i], id) {
			return nil, domain.Refuse(domain.Invalid, domain.CodeNamedTwice, "this dwelling is named twice").
				At(domain.Path("made_from", i))
		}
	}
	owned, err := c.firstOwners(cmd)
	if err != nil {
		return nil, err
	}
	recorded := DwellingRecorded{
		DwellingID: c.DwellingID, RKA: is.RKA, CadastralNumber: is.CadastralNumber, KATO: is.KATO,
		Address: address, RecordedAt: cmd.Now, MadeFrom: c.MadeFrom,
	}
	if len(owned) == 0 {
		recorded.OwnersBy = cmd.Today().AddMonths(c.Rules.On(cmd.Today()).AfterDeath().Months)
	}
	events := append([]domain.Event{recorded}, owned...)
	if c.Description != (Description{}) {
		if err := c.Description.check(); err != nil {
			return nil, err
		}
		events = append(events, c.Description.of(c.DwellingID, cmd))
	}
	return events, nil
}

// UnknownDwelling is the refusal of an id that names no recorded dwelling.
func UnknownDwelling() *domain.Error {
	return domain.Refuse(domain.NotFound, domain.CodeDwellingUnknown,
		"no dwelling with this id is recorded; record the dwelling first")
}
