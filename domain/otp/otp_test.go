package otp_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/otp"
	"tizilim/domain/rules"
)

const (
	digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	phone  = "+77010000000"
	tries  = 5
)

var (
	person  = domaintest.ID[domain.PersonID]("aigul")
	first   = domaintest.ID[domain.ChallengeID]("first")
	second  = domaintest.ID[domain.ChallengeID]("second")
	another = domaintest.ID[domain.CommandID]("another application")
	command = domaintest.ID[domain.CommandID]("the application")
	noon    = domaintest.Noon()
)

func issued(id domain.ChallengeID, at time.Time) otp.Issued {
	return otp.Issued{
		ChallengeID: id, PersonID: person, SHA256: digest, Phone: phone, Digits: 6, Tries: tries,
		Edition: rules.Default().On(domain.DateOf(at)).ID, IssuedAt: at, ExpiresAt: at.Add(5 * time.Minute),
	}
}

func rejected(left int) domain.Event {
	return otp.CodeRejected{ChallengeID: first, PersonID: person, TriesLeft: left, RejectedAt: noon}
}

func orderAt(at time.Time) domain.Command {
	o := domaintest.Command()
	o.Now = at
	return o
}

type when = func(*otp.Challenges) ([]domain.Event, error)

func issue(at time.Time, change func(*otp.Issue)) when {
	i := otp.Issue{ChallengeID: second, PersonID: person, SHA256: digest, Phone: phone, Registered: phone}
	if change != nil {
		change(&i)
	}
	return func(c *otp.Challenges) ([]domain.Event, error) { return c.Issue(orderAt(at), i) }
}

func redeem(at time.Time, right bool, change func(*otp.Redeem)) when {
	r := otp.Redeem{ChallengeID: first, SHA256: digest, Phone: phone, Right: right, Command: command}
	if change != nil {
		change(&r)
	}
	return func(c *otp.Challenges) ([]domain.Event, error) { return c.Redeem(orderAt(at), r) }
}

func by(c domain.CommandID) func(*otp.Redeem) {
	return func(r *otp.Redeem) { r.Command = c }
}

// TestC19_EveryTransitionOfAChallenge is the table of the package, and
// everything that it forbids.
func TestC19_EveryTransitionOfAChallenge(t *testing.T) {
	late := noon.Add(5 * time.Minute)
	verified := otp.Verified{ChallengeID: first, PersonID: person, Command: command, VerifiedAt: noon}
	expired := otp.Expired{ChallengeID: first, PersonID: person, ExpiredAt: late}
	locked := otp.Locked{ChallengeID: first, PersonID: person, LockedAt: noon}
	superseded := otp.Superseded{ChallengeID: first, PersonID: person, SupersededAt: noon}
	given := map[otp.State][]domain.Event{
		otp.StateNone:     nil,
		otp.StateIssued:   {issued(first, noon)},
		otp.StateVerified: {issued(first, noon), verified},
		otp.StateExpired:  {issued(first, noon), expired},
		otp.StateLocked: {
			issued(first, noon),
			rejected(4),
			rejected(3),
			rejected(2),
			rejected(1),
			rejected(0),
			locked,
		},
		otp.StateSuperseded: {issued(first, noon), superseded, issued(second, noon)},
	}
	orders := map[string]when{
		"issue": issue(noon, func(i *otp.Issue) { i.ChallengeID = domaintest.ID[domain.ChallengeID]("third") }),
		"right": redeem(noon, true, by(another)), "wrong": redeem(noon, false, by(another)),
		"right, late": redeem(late, true, by(another)), "wrong, late": redeem(late, false, by(another)),
	}
	third := issued(domaintest.ID[domain.ChallengeID]("third"), noon)
	secondGone := otp.Superseded{ChallengeID: second, PersonID: person, SupersededAt: noon}
	happens := map[string][]domain.Event{
		"none issue": {third}, "issued issue": {superseded, third}, "verified issue": {third}, "expired issue": {third},
		"locked issue": {third}, "superseded issue": {secondGone, third},
		"issued right": {
			otp.Verified{ChallengeID: first, PersonID: person, Command: another, VerifiedAt: noon},
		}, "issued wrong": {rejected(4)}, "issued right, late": {expired}, "issued wrong, late": {expired},
	}
	refused := map[otp.State]domain.Code{
		otp.StateNone: domain.CodeChallengeUnknown, otp.StateVerified: domain.CodePasswordUsed, otp.StateExpired: domain.CodePasswordExpired,
		otp.StateLocked: domain.CodePasswordLocked, otp.StateSuperseded: domain.CodePasswordSuperseded,
	}
	for state, events := range given {
		if got := domaintest.Fold[otp.Challenges](events...).State(first, noon); got != state {
			t.Errorf("C19 after %v a challenge is %q, want %q", domaintest.Types(events), got, state)
		}
		for name, order := range orders {
			from := string(state)
			if state == otp.StateNone {
				from = "none"
			}
			spec := domaintest.Spec[otp.Challenges]{Name: "C19 " + from + ", " + name, Given: events, When: order}
			if then, ok := happens[from+" "+name]; ok {
				spec.Then = then
			} else {
				spec.Refused, spec.Field = refused[state], "signature.challenge"
			}
			domaintest.Run(t, []domaintest.Spec[otp.Challenges]{spec})
		}
	}
}

func TestC19_ACodeIsForOneRequestOnePersonAndOneTelephone(t *testing.T) {
	open := []domain.Event{issued(first, noon)}
	domaintest.Run(t, []domaintest.Spec[otp.Challenges]{
		{
			Name:    "C19 the right code for another request",
			Given:   open,
			When:    redeem(noon, true, func(r *otp.Redeem) { r.SHA256 = domain.Personal(digest[1:] + "0") }),
			Refused: domain.CodeChallengeOther,
			Field:   "signature.challenge",
		},
		{
			Name:    "C19 the right code, the telephone has changed",
			Given:   open,
			When:    redeem(noon, true, func(r *otp.Redeem) { r.Phone = "+77020000000" }),
			Refused: domain.CodePhoneChanged,
			Field:   "signature.challenge",
		},
		{
			Name:    "C19 the code of another person's challenge",
			Given:   open,
			When:    redeem(noon, true, func(r *otp.Redeem) { r.ChallengeID = second }),
			Refused: domain.CodeChallengeUnknown,
			Field:   "signature.challenge",
		},
		{
			Name:    "C19 the same command, changed, after it was signed",
			Given:   append(open, otp.Verified{ChallengeID: first, PersonID: person, Command: command}),
			When:    redeem(noon, true, nil),
			Refused: domain.CodeKeyReused,
		},
		{
			Name:  "C19 in the last second",
			Given: open,
			When:  redeem(noon.Add(5*time.Minute-time.Second), true, nil),
			Then: []domain.Event{
				otp.Verified{
					ChallengeID: first,
					PersonID:    person,
					Command:     command,
					VerifiedAt:  noon.Add(5*time.Minute - time.Second),
				},
			},
		},
		{
			Name:  "C19 with the last try",
			Given: append(open, rejected(4), rejected(3), rejected(2), rejected(1)),
			When:  redeem(noon, true, nil),
			Then: []domain.Event{
				otp.Verified{ChallengeID: first, PersonID: person, Command: command, VerifiedAt: noon},
			},
		},
		{
			Name:  "C19 a wrong code as the last try locks",
			Given: append(open, rejected(4), rejected(3), rejected(2), rejected(1)),
			When:  redeem(noon, false, nil),
			Then: []domain.Event{
				rejected(0), otp.Locked{ChallengeID: first, PersonID: person, LockedAt: noon},
			},
		},
	})
}

func TestC19_ToWhomACodeIsSent(t *testing.T) {
	domaintest.Run(t, []domaintest.Spec[otp.Challenges]{
		{
			Name:    "C19 no telephone in the account",
			When:    issue(noon, func(i *otp.Issue) { i.Phone = "" }),
			Refused: domain.CodePhoneNotConfirmed,
		},
		{
			Name:    "C19 not in the mobile-citizens base",
			When:    issue(noon, func(i *otp.Issue) { i.Registered = "" }),
			Refused: domain.CodeNotMobileCitizen,
		},
		{
			Name:    "C19 there with another telephone",
			When:    issue(noon, func(i *otp.Issue) { i.Registered = "+77020000000" }),
			Refused: domain.CodePhoneNotRegistered,
		},
		{
			Name:  "C19 an open challenge whose time is over expires",
			Given: []domain.Event{issued(first, noon)},
			When:  issue(noon.Add(6*time.Minute), nil),
			Then: []domain.Event{
				otp.Expired{
					ChallengeID: first,
					PersonID:    person,
					ExpiredAt:   noon.Add(5 * time.Minute),
				}, issued(second, noon.Add(6*time.Minute)),
			},
		},
	})
}

func TestC19_AtMostFiveCodesAnHour(t *testing.T) {
	var past []domain.Event
	for i := range 5 {
		past = append(
			past,
			issued(domaintest.ID[domain.ChallengeID](fmt.Sprint(i)), noon.Add(time.Duration(i)*time.Minute)),
			otp.Superseded{
				ChallengeID:  domaintest.ID[domain.ChallengeID](fmt.Sprint(i)),
				PersonID:     person,
				SupersededAt: noon,
			},
		)
	}
	domaintest.Run(t, []domaintest.Spec[otp.Challenges]{
		{
			Name:    "C19 the sixth",
			Given:   past,
			When:    issue(noon.Add(10*time.Minute), nil),
			Refused: domain.CodeTooManyPasswords,
		},
		{
			Name:    "C19 the sixth, a second before the hour is over",
			Given:   past,
			When:    issue(noon.Add(time.Hour-time.Second), nil),
			Refused: domain.CodeTooManyPasswords,
		},
		{
			Name:  "C19 the sixth, an hour after the first",
			Given: past,
			When:  issue(noon.Add(time.Hour), nil),
			Then:  []domain.Event{issued(second, noon.Add(time.Hour))},
		},
		{
			Name:  "C19 the fifth",
			Given: past[2:],
			When:  issue(noon.Add(10*time.Minute), nil),
			Then:  []domain.Event{issued(second, noon.Add(10*time.Minute))},
		},
	})
}

func TestC19_WhatTheCallerIsTold(t *testing.T) {
	locked := []domain.Event{rejected(0), otp.Locked{}}
	for _, c := range []struct {
		events []domain.Event
		code   domain.Code
	}{
		{[]domain.Event{otp.Verified{}}, ""}, {[]domain.Event{rejected(3)}, domain.CodePasswordWrong},
		{locked, domain.CodePasswordLocked}, {[]domain.Event{otp.Expired{}}, domain.CodePasswordExpired},
	} {
		if err := otp.Outcome(c.events); domain.CodeOf(err) != c.code || c.code == "" && err != nil {
			t.Errorf("C19 %v is told as %v, want %q", domaintest.Types(c.events), err, c.code)
		}
	}
	if err := otp.Outcome([]domain.Event{rejected(3)}); !strings.Contains(err.Error(), "3 tries") {
		t.Errorf("C19 the tries left are not told: %v", err)
	}
}

func TestPersonalValuesOfOneTimePasswordsNeverPrint(t *testing.T) {
	for _, c := range []struct {
		value any
		holds int // personal values
	}{
		{otp.Issue{}, 3}, {otp.Redeem{}, 2}, {otp.Challenges{}, 2},
	} {
		if got := domaintest.AssertMasked(t, c.value); got != c.holds {
			t.Errorf("%T holds %d personal values, want %d", c.value, got, c.holds)
		}
	}
}
