package body

import (
	"slices"
	"strings"

	"tizilim/domain"
)

// Rename is the command that gives a body other names from a day on.
type Rename struct {
	Names Names
	From  domain.Date // today where it is zero
	Basis string
}

// Rename decides [Rename].
func (b *Body) Rename(cmd domain.Command, c Rename) ([]domain.Event, error) {
	if err := b.known(); err != nil {
		return nil, err
	}
	if err := c.Names.check(); err != nil {
		return nil, err
	}
	if c.From.IsZero() {
		c.From = cmd.Today()
	}
	if cmd.Today().Before(c.From) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeDateInFuture,
			"a name is recorded when it holds: give today or an earlier day").At("from")
	}
	if strings.TrimSpace(c.Basis) == "" {
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired,
			"name the act by which the body is renamed").At("basis")
	}
	if c.Names == b.Names {
		return nil, domain.Refuse(domain.Conflict, domain.CodeNothingChanges, "the body is called so already").At("names")
	}
	return []domain.Event{
		Renamed{BodyID: b.ID, Names: c.Names, From: c.From, Basis: c.Basis, RenamedAt: cmd.Now},
	}, nil
}

// End is the command that merges a body into another one, or winds it up.
type End struct {
	How       EndKind
	Successor *Body // as recorded; nil where none is named
	Basis     string
	Keeps     bool // the body has lists or stock, or decides complaints about another body
}

// End decides [End] (C27): the successor is a body of the same kind that is there. Only a body
// that keeps nothing ends without one.
func (b *Body) End(cmd domain.Command, c End) ([]domain.Event, error) {
	if err := b.known(); err != nil {
		return nil, err
	}
	if !slices.Contains(EndKinds, c.How) {
		return nil, domain.Refuse(domain.Invalid, domain.CodeValueUnknown, "a body ends by one of %v", EndKinds).At("how")
	}
	if strings.TrimSpace(c.Basis) == "" {
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired, "name the act by which the body ends").At("basis")
	}
	ended := Ended{BodyID: b.ID, How: c.How, Basis: c.Basis, EndedAt: cmd.Now}
	switch s := c.Successor; {
	case s == nil && c.How == Merged:
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired,
			"name the body into which this one is merged").At("successor_id")
	case s == nil && c.Keeps:
		return nil, domain.Refuse(domain.Conflict, domain.CodeSuccessorRequired,
			"this body has lists or a stock of dwellings, or decides complaints about another body: name who takes them over").
			At("successor_id")
	case s == nil:
	case !s.Known():
		return nil, Unknown().At("successor_id")
	case s.Ended != nil:
		return nil, GoneInto(s.Ended.SuccessorID).At("successor_id")
	case s.ID == b.ID || s.Kind != b.Kind:
		return nil, domain.Refuse(domain.Invalid, domain.CodeSuccessorInvalid,
			"the successor is another body of the same kind, which is %s", b.Kind).At("successor_id")
	default:
		ended.SuccessorID = s.ID
	}
	return []domain.Event{ended}, nil
}
