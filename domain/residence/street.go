package residence

import (
	"errors"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"tizilim/domain"
)

// A street that gets another name is one act for all dwellings on it (R35). The act has a
// stream of its own; each dwelling then takes its new address in its own stream, where its
// history and every fold of it look. So a read costs nothing for it, and an answer as of a day
// needs no other stream. The act says from which day the name holds, and so do all dwellings,
// however late the act reaches them.

// StreetRenamed is the act.
type StreetRenamed struct {
	ActID     domain.CaseID `json:"act_id"`
	KATO      domain.KATO   `json:"kato"` // the street is in this unit
	From      string        `json:"from"` // the name until that day, as addresses write it
	To        string        `json:"to"`
	On        domain.Date   `json:"effective_on"`
	Basis     domain.Basis  `json:"basis"`
	Dwellings int           `json:"dwellings"` // how many were recorded on the street then
	RenamedAt time.Time     `json:"renamed_at"`
}

// StreetRenamingProgressed says how far the act has come: it goes on after the last place.
type StreetRenamingProgressed struct {
	ActID      domain.CaseID `json:"act_id"`
	After      string        `json:"after"` // place in the order in which dwellings are gone through
	RecordedAt time.Time     `json:"recorded_at"`
}

// StreetRenamingCompleted says that every dwelling on the street has its new address.
type StreetRenamingCompleted struct {
	ActID       domain.CaseID `json:"act_id"`
	CompletedAt time.Time     `json:"completed_at"`
}

// DwellingReaddressed gives a dwelling the new name of its street in its address.
type DwellingReaddressed struct {
	DwellingID    domain.DwellingID `json:"dwelling_id"`
	ActID         domain.CaseID     `json:"act_id"`
	Former        string            `json:"former_address"`
	Address       string            `json:"address"`
	On            domain.Date       `json:"effective_on"`
	ReaddressedAt time.Time         `json:"readdressed_at"`
}

func (StreetRenamed) EventType() string            { return "StreetRenamed" }
func (StreetRenamingProgressed) EventType() string { return "StreetRenamingProgressed" }
func (StreetRenamingCompleted) EventType() string  { return "StreetRenamingCompleted" }
func (DwellingReaddressed) EventType() string      { return "DwellingReaddressed" }

func (e StreetRenamed) EffectiveAt() time.Time            { return e.On.Start() }
func (e StreetRenamingProgressed) EffectiveAt() time.Time { return e.RecordedAt }
func (e StreetRenamingCompleted) EffectiveAt() time.Time  { return e.CompletedAt }
func (e DwellingReaddressed) EffectiveAt() time.Time      { return e.On.Start() }

// They concern nobody but the act: each dwelling has its own event.
func (e StreetRenamed) Concerns() domain.Concern            { return domain.ConcernsCase(e.ActID) }
func (e StreetRenamingProgressed) Concerns() domain.Concern { return domain.ConcernsCase(e.ActID) }
func (e StreetRenamingCompleted) Concerns() domain.Concern  { return domain.ConcernsCase(e.ActID) }
func (e DwellingReaddressed) Concerns() domain.Concern      { return atDwelling(e.DwellingID) }

func (e StreetRenamed) LogValue() slog.Value { return domain.Masked(e) }

// Renaming is the state of the stream of an act. The zero Renaming is of no act.
type Renaming struct {
	Act   StreetRenamed
	Order domain.Recorded // the act, as the log has it
	After string
	Done  bool
}

// Known reports whether there is such an act.
func (r *Renaming) Known() bool { return !r.Act.ActID.IsZero() }

// Clone returns a copy that later events do not change.
func (r *Renaming) Clone() Renaming { return *r }

// Apply folds the next event of the stream into r.
func (r *Renaming) Apply(rec domain.Recorded) {
	switch e := rec.Event.(type) {
	case StreetRenamed:
		r.Act, r.Order = e, rec
	case StreetRenamingProgressed:
		r.After = e.After
	case StreetRenamingCompleted:
		r.Done = true
	}
}

func (r Renaming) LogValue() slog.Value { return domain.Masked(r) }

// RenameStreet is the command that gives a street another name.
type RenameStreet struct {
	ActID     domain.CaseID
	KATO      domain.KATO
	From, To  string
	On        domain.Date // zero for today
	Basis     domain.Basis
	Dwellings int // on the street, as the read model has it
}

// Written returns the command with the names as addresses have them, or refuses it.
func (c RenameStreet) Written() (RenameStreet, error) {
	var refused *domain.Error
	if _, err := domain.ParseKATO(string(c.KATO)); errors.As(err, &refused) {
		return c, refused.At("kato")
	}
	for name, field := range map[*string]string{&c.From: "from", &c.To: "to"} {
		line, err := domain.Line(*name, field)
		if err != nil {
			return c, err
		}
		if strings.Contains(line, ",") {
			return c, domain.Refuse(domain.Invalid, domain.CodeMalformed,
				"the name of a street has no comma: in an address it is what stands between two").At(field)
		}
		if ofHouse(line) || saysIt(line, settlementWords) || !strings.ContainsFunc(line, unicode.IsLetter) {
			return c, domain.Refuse(domain.Invalid, domain.CodeMalformed,
				"give the name of a street, and neither a settlement nor the number of a house").At(field)
		}
		*name = line
	}
	return c, nil
}

// Begin decides [RenameStreet], which is written.
func (r *Renaming) Begin(cmd domain.Command, c RenameStreet) ([]domain.Event, error) {
	if c.From == c.To {
		return nil, domain.Refuse(domain.Invalid, domain.CodeNothingChanges, "the street has this name already").At("to")
	}
	on, err := course[string](nil).recordedFrom(cmd, c.On)
	if err != nil {
		return nil, err
	}
	if err := c.Basis.Demand(true, cmd.Role, cmd.Today(), "basis"); err != nil {
		return nil, err
	}
	if c.Dwellings == 0 {
		return nil, domain.Refuse(domain.Conflict, domain.CodeStreetUnknown,
			"no dwelling with this KATO code is recorded on a street of this name: write the name as addresses do").At("from")
	}
	return []domain.Event{StreetRenamed{
		ActID: c.ActID, KATO: c.KATO, From: c.From, To: c.To, On: on, Basis: c.Basis, Dwellings: c.Dwellings, RenamedAt: cmd.Now,
	}}, nil
}

// Progress decides that the dwellings up to a place have been gone through; "" for all.
func (r *Renaming) Progress(cmd domain.Command, after string) ([]domain.Event, error) {
	switch {
	case r.Done || after != "" && after <= r.After:
		return nil, domain.Refuse(domain.Conflict, domain.CodeNotDue, "this part of the act is recorded already")
	case after == "":
		return []domain.Event{StreetRenamingCompleted{ActID: r.Act.ActID, CompletedAt: cmd.Now}}, nil
	}
	return []domain.Event{StreetRenamingProgressed{ActID: r.Act.ActID, After: after, RecordedAt: cmd.Now}}, nil
}

// Readdress decides that the dwelling has the new name of its street in its address. It refuses
// with [domain.CodeNotDue] where the dwelling is not on the street.
func (d *Dwelling) Readdress(cmd domain.Command, act StreetRenamed) ([]domain.Event, error) {
	address, on := renamedIn(d.Address, act.From, act.To)
	if _, gone := d.Gone(); gone || !d.Known() || !on || !act.KATO.Covers(domain.KATO(d.KATO)) {
		return nil, domain.Refuse(domain.Conflict, domain.CodeNotDue, "the dwelling is not on this street")
	}
	from := act.On
	if last := d.addresses.last(); from.Before(last) {
		from = last
	}
	return []domain.Event{DwellingReaddressed{
		DwellingID: d.ID, ActID: act.ActID, Former: d.Address, Address: address, On: from, ReaddressedAt: cmd.Now,
	}}, nil
}

// OnStreet reports whether the address is on the street of that name.
func OnStreet(address, street string) bool {
	_, on := renamedIn(address, street, street)
	return on
}

// houseNumber is what can follow the name of a street before the next comma.
var houseNumber = regexp.MustCompile(`^( +[0-9].*)?$`)

// renamedIn replaces the name of the street in an address: alone, or with a house number.
func renamedIn(address, from, to string) (string, bool) {
	parts := strings.Split(address, ",")
	i := streetOf(parts)
	if i < 0 {
		return address, false
	}
	part := strings.TrimLeft(parts[i], " ")
	rest, ok := strings.CutPrefix(strings.TrimRight(part, " "), from)
	if !ok || !houseNumber.MatchString(rest) {
		return address, false
	}
	parts[i] = strings.Repeat(" ", len(parts[i])-len(part)) + to + rest
	return strings.Join(parts, ","), true
}

// streetOf returns which part of an address, between commas, is the street: the one before the first
// part that is a house or a flat, and the last one where none is. The first of several parts is the
// settlement, unless it says that it is a street or has the number of the house in it. It is -1 where
// the address has no street.
func streetOf(parts []string) int {
	at := len(parts) - 1
	for i, part := range parts {
		if ofHouse(part) {
			at = i - 1
			break
		}
	}
	switch {
	case at < 0, saysIt(parts[at], settlementWords), at == 0 && len(parts) > 1 &&
		!saysIt(parts[at], streetWords) && !strings.ContainsFunc(parts[at], unicode.IsDigit):
		return -1
	}
	return at
}

// What the words of an address say of a part of it, in Kazakh, Russian and English.
var (
	streetWords = strings.Fields(`көшесі көше даңғылы даңғыл тұйығы бульвары бульвар алаңы тас жолы шағынауданы ықшамауданы
		улица ул проспект пр просп переулок пер площадь пл шоссе тракт набережная микрорайон мкр мкрн
		street st avenue ave lane square road`)
	settlementWords = strings.Fields(`қаласы қала ауылы ауыл кенті облысы ауылдық округі
		город г село с поселок посёлок пос аул область обл city town village region`)
	houseWords = strings.Fields(`үй үйі пәтер пәтері пәт бөлме корпус корп к блок кіреберіс қабат
		дом д квартира кв комната ком строение стр подъезд этаж офис литер лит house apt apartment flat building room`)
)

// ofHouse reports whether the part of an address is the number of a house or a flat, and no street:
// 7/1-үй, 12А, кв. 5. A street can be a number too, and says that it is one: 187 көшесі.
func ofHouse(part string) bool {
	numbered := false
	for word := range strings.FieldsFuncSeq(strings.ToLower(part), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}) {
		before := strings.TrimRightFunc(word, unicode.IsDigit)
		switch first, _ := utf8.DecodeRuneInString(word); {
		case unicode.IsDigit(first), before != word && slices.Contains(houseWords, before):
			numbered = true
		case slices.Contains(houseWords, word), utf8.RuneCountInString(word) == 1: // the letter of a house
		default:
			return false
		}
	}
	return numbered
}

// saysIt reports whether one of the words is in the part.
func saysIt(part string, words []string) bool {
	for word := range strings.FieldsFuncSeq(strings.ToLower(part), func(r rune) bool { return !unicode.IsLetter(r) }) {
		if slices.Contains(words, word) {
			return true
		}
	}
	return false
}
