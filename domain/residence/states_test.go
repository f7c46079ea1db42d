package residence_test

import (
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/residence"
)

// TestR11_R13_R14_EveryTransitionOfARegistration is the table of E.5: Active
// (permanent, or temporary until a day) to Ended for a listed reason, which is
// terminal; and everything that it forbids. What ended is only ever put right by
// a correction that names it.
func TestR11_R13_R14_EveryTransitionOfARegistration(t *testing.T) {
	const none = domain.Code("")
	states := map[string]history{
		"permanent": resident().permanent(first, flat, "2025-10-01"),
		"temporary": resident().temporary(first, flat, "2025-10-01", "2026-06-01"),
		"run out":   resident().temporary(first, flat, "2025-10-01", "2026-03-15"), // and nobody has recorded it yet
		"moved away": resident().permanent(first, flat, "2025-10-01").
			ended(first, flat, residence.Permanent, residence.MovedToNewAddress, "2026-01-01"),
		"deregistered": resident().permanent(first, flat, "2025-10-01").
			ended(first, flat, residence.Permanent, residence.OwnerApplication, "2026-01-01"),
		"expired": resident().temporary(first, flat, "2025-10-01", "2026-01-01").
			ended(first, flat, residence.Temporary, residence.TermExpired, "2026-01-01"),
	}
	states["annulled"] = states["deregistered"].corrected(t, accepting(correct(annul(1)), domain.CodeLeavesHole))
	move := func(p *residence.Person) ([]domain.Event, error) {
		events, err := p.Register(
			domaintest.Command(),
			residence.Register{RegistrationID: again, DwellingID: house, Kind: residence.Permanent, From: today},
		)
		if err != nil {
			return nil, err
		}
		return events[:len(events)-1], nil // without the new one: what it ends
	}
	end := func(g residence.Ground) func(*residence.Person) ([]domain.Event, error) {
		return func(p *residence.Person) ([]domain.Event, error) {
			return p.EndFor(residence.EndFor{CaseID: caseID, DwellingID: flat, Ground: g, On: today})
		}
	}
	orders := map[string]func(*residence.Person) ([]domain.Event, error){
		"moves":       move,
		"owner":       end(residence.GroundOwnerApplication),
		"departure":   end(residence.GroundDepartureAbroad),
		"court":       end(residence.GroundCourtDecision),
		"its term":    func(p *residence.Person) ([]domain.Event, error) { return p.Expire(domaintest.Command(), first) },
		"is repeated": func(p *residence.Person) ([]domain.Event, error) { return registerAgain(p) },
	}
	by := map[string]residence.Reason{
		"moves": residence.MovedToNewAddress, "owner": residence.OwnerApplication, "departure": residence.DepartureAbroad,
		"court": residence.CourtDecision, "its term": residence.TermExpired,
	}
	const here, due = domain.CodeNotRegisteredHere, domain.CodeNotDue
	// The code of what is forbidden; "" for what happens. A move ends the
	// permanent registration only, and is never forbidden by another.
	table := map[string]map[string]domain.Code{
		"permanent": {
			"moves":       none,
			"owner":       none,
			"departure":   none,
			"court":       none,
			"its term":    due,
			"is repeated": domain.CodeRegisteredHere,
		},
		"temporary": {
			"owner":       none,
			"departure":   none,
			"court":       none,
			"its term":    due,
			"is repeated": domain.CodeRegisteredHere,
		},
		"run out":      {"owner": here, "departure": here, "court": here, "its term": none},
		"moved away":   {"owner": here, "departure": here, "court": here, "its term": due},
		"deregistered": {"owner": here, "departure": here, "court": here, "its term": due},
		"expired":      {"owner": here, "departure": here, "court": here, "its term": due},
		"annulled":     {"owner": here, "departure": here, "court": here, "its term": due},
	}
	for state, h := range states {
		for name, order := range orders {
			t.Run("R11 R13 R14 "+state+", "+name, func(t *testing.T) {
				got, err := order(h.fold())
				code, listed := table[state][name]
				switch {
				case listed && code != none:
					domaintest.Refused(
						t,
						got,
						err,
						code,
						map[domain.Code]string{domain.CodeRegisteredHere: "dwelling_id"}[code],
					)
				case !listed: // it leaves the registration alone
					domaintest.Happened(t, got, err)
				case state == "run out": // on its day, however late
					domaintest.Happened(t, got, err, ended(state, residence.TermExpired))
				default:
					domaintest.Happened(t, got, err, ended(state, by[name]))
				}
			})
		}
	}
}

// registerAgain asks for what is there once more: a permanent registration
// anew, for what has ended, is a record of its own and touches nothing.
func registerAgain(p *residence.Person) ([]domain.Event, error) {
	events, err := p.Register(domaintest.Command(), residence.Register{
		RegistrationID: again, DwellingID: flat, Kind: p.Registrations[0].Kind, From: today, Until: untilOf(p.Registrations[0].Kind),
	})
	if err != nil {
		return nil, err
	}
	return events[:len(events)-1], nil
}

func untilOf(k residence.Kind) domain.Date {
	if k == residence.Temporary {
		return today.AddMonths(6)
	}
	return domain.Date{}
}

// ended is the end of the first registration today.
func ended(state string, why residence.Reason) residence.RegistrationEnded {
	e := residence.RegistrationEnded{
		PersonID:       aigul,
		RegistrationID: first,
		DwellingID:     flat,
		Kind:           residence.Permanent,
		Reason:         why,
		On:             today,
	}
	if state != "permanent" {
		e.Kind = residence.Temporary
	}
	if why != residence.MovedToNewAddress && why != residence.TermExpired {
		e.CaseID = caseID
	}
	return e
}
