package body

import (
	"slices"
	"strings"
	"time"

	"tizilim/domain"
)

// Allowance is what the system of another state body may have of the registry (C31). A consumer
// without one has nothing.
type Allowance struct {
	Facts  []domain.FactKind    `json:"facts"`
	Values []domain.SharedValue `json:"values,omitempty"` // beside the facts; none: ids, kinds and days alone
	// Territory is where the persons are of whom it is told. It is empty only where WholeCountry is true.
	Territory    domain.Territory `json:"territory,omitempty"`
	WholeCountry bool             `json:"whole_country,omitempty"`
	Basis        string           `json:"basis"` // the act that entitles it
}

// Gives reports whether the value may be given.
func (a Allowance) Gives(v domain.SharedValue) bool { return slices.Contains(a.Values, v) }

// Covers reports whether the place is in the territory. A place that is not known is only in the
// whole country.
func (a Allowance) Covers(place domain.KATO) bool {
	return a.WholeCountry || place != "" && len(a.Territory) > 0 && a.Territory.Covers(place)
}

// ConsumerAllowed says what the system of another state body may have from now on. It replaces what was
// allowed before.
type ConsumerAllowed struct {
	BodyID domain.BodyID `json:"body_id"`
	Allowance
	AllowedAt time.Time `json:"allowed_at"`
}

// AllowanceEnded says that the system may have nothing from now on.
type AllowanceEnded struct {
	BodyID  domain.BodyID `json:"body_id"`
	Reasons string        `json:"reasons"`
	EndedAt time.Time     `json:"ended_at"`
}

func (ConsumerAllowed) EventType() string { return "ConsumerAllowed" }
func (AllowanceEnded) EventType() string  { return "AllowanceEnded" }

func (e ConsumerAllowed) EffectiveAt() time.Time { return e.AllowedAt }
func (e AllowanceEnded) EffectiveAt() time.Time  { return e.EndedAt }

func (ConsumerAllowed) Concerns() domain.Concern { return domain.ConcernsNobody(ofTheBody) }
func (AllowanceEnded) Concerns() domain.Concern  { return domain.ConcernsNobody(ofTheBody) }

// consumes folds what a consumer may have.
func (b *Body) consumes(event domain.Event) {
	switch e := event.(type) {
	case ConsumerAllowed:
		b.Allowance = &e.Allowance
	case AllowanceEnded:
		b.Allowance = nil
	case WebhookSet:
		b.Webhook, b.webhooks = &e.Webhook, e.Version
	case WebhookEnded:
		b.Webhook = nil
	}
}

// Allow is the command that says what a consumer may have.
type Allow struct{ Allowance }

// Allow decides [Allow].
func (b *Body) Allow(cmd domain.Command, c Allow) ([]domain.Event, error) {
	if err := b.consumer(); err != nil {
		return nil, err
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	if b.Allowance != nil && b.Allowance.Equal(c.Allowance) {
		return nil, domain.Refuse(domain.Conflict, domain.CodeNothingChanges,
			"the system may have just that already; nothing was recorded")
	}
	return []domain.Event{ConsumerAllowed{BodyID: b.ID, Allowance: c.Allowance, AllowedAt: cmd.Now}}, nil
}

// EndAllowance is the command that takes away what a consumer may have.
type EndAllowance struct{ Reasons string }

// EndAllowance decides [EndAllowance].
func (b *Body) EndAllowance(cmd domain.Command, c EndAllowance) ([]domain.Event, error) {
	if err := b.consumer(); err != nil {
		return nil, err
	}
	if b.Allowance == nil {
		return nil, NothingAllowed(domain.Conflict)
	}
	if strings.TrimSpace(c.Reasons) == "" {
		return nil, domain.Refuse(domain.Invalid, domain.CodeReasonsRequired, "state the reasons").At("reasons")
	}
	return []domain.Event{AllowanceEnded{BodyID: b.ID, Reasons: c.Reasons, EndedAt: cmd.Now}}, nil
}

// NothingAllowed is the refusal where a consumer may have nothing.
func NothingAllowed(kind domain.Kind) *domain.Error {
	return domain.Refuse(kind, domain.CodeNothingAllowed,
		"the registry records nothing that this system may have: its administrator allows it by a document")
}

// consumer refuses a body that is none.
func (b *Body) consumer() error {
	if err := b.known(); err != nil {
		return err
	}
	if b.Kind != Consumer {
		return domain.Refuse(domain.Conflict, domain.CodeNoConsumer,
			"this body is a %s and has rights of its own: name a body of the kind %s", b.Kind, Consumer)
	}
	return nil
}

// check refuses an allowance that is not whole.
func (a Allowance) check() error {
	if len(a.Facts) == 0 {
		return domain.Refuse(domain.Invalid, domain.CodeRequired,
			"name the facts that the system may have; to take all away, end the allowance").At("facts")
	}
	if err := checkNamed(a.Facts, domain.FactKinds, "facts"); err != nil {
		return err
	}
	if err := checkNamed(a.Values, domain.SharedValues, "values"); err != nil {
		return err
	}
	if a.WholeCountry != (len(a.Territory) == 0) {
		return domain.Refuse(domain.Invalid, domain.CodeRequired,
			"name the units of the territory, or say whole_country, and one of the two only").At("territory")
	}
	if err := checkTerritory(a.Territory); err != nil {
		return err
	}
	if strings.TrimSpace(a.Basis) == "" {
		return domain.Refuse(domain.Invalid, domain.CodeRequired,
			"name the act that entitles the system to this").At("basis")
	}
	return nil
}

// checkNamed refuses a value that is not among the known ones or named twice.
func checkNamed[T ~string](values, known []T, field string) error {
	for i, v := range values {
		if !slices.Contains(known, v) {
			return domain.Refuse(domain.Invalid, domain.CodeValueUnknown, "name some of %v", known).At(domain.Path(field, i))
		}
		if slices.Contains(values[:i], v) {
			return domain.Refuse(domain.Invalid, domain.CodeNamedTwice, "name each one once").At(domain.Path(field, i))
		}
	}
	return nil
}

// Equal reports whether both allow the same by the same act.
func (a Allowance) Equal(o Allowance) bool {
	return slices.Equal(a.Facts, o.Facts) && slices.Equal(a.Values, o.Values) &&
		slices.Equal(a.Territory, o.Territory) && a.WholeCountry == o.WholeCountry && a.Basis == o.Basis
}
