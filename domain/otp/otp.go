// Package otp decides about the one-time passwords by which a citizen signs an
// application for service housing (C19, S000-3.4). A challenge is issued for
// the digest of one request, a code goes to the telephone of the person by SMS,
// and with the code the person signs that request, once.
//
// The log holds nothing of a code, not even its hash: a code is computed from
// the id of its challenge with a key. If the request for a code is repeated,
// the same code is sent again. The events say what happened to the challenge:
//
//	from        by                     guard                          to
//	—           issued                 fewer than so many an hour     Issued
//	Issued      issued (another)                                      Superseded
//	Issued      the right code         for this digest, in time       Verified
//	Issued      a wrong code           tries are left                 Issued
//	Issued      a wrong code           the last try                   Locked
//	Issued      any code, another one  its time is over               Expired
//
// Verified, Expired, Locked and Superseded are the end of a challenge.
package otp

import (
	"log/slog"
	"maps"
	"time"

	"tizilim/domain"
	"tizilim/domain/rules"
)

// Challenges are the one-time passwords of one person: the state of an otp-
// stream. One stream per person ensures that at most one of them can be used.
type Challenges struct {
	PersonID domain.PersonID
	Last     Issued
	Tries    int // left of Last
	states   map[domain.ChallengeID]State
	used     map[domain.ChallengeID]domain.CommandID
	issued   []time.Time // in the hour before the last one, itself included
}

// State of a challenge.
type State string

const (
	StateNone       State = ""
	StateIssued     State = "issued"
	StateVerified   State = "verified"
	StateExpired    State = "expired"
	StateLocked     State = "locked"
	StateSuperseded State = "superseded"
)

// Issued is a code that was sent.
type Issued struct {
	ChallengeID domain.ChallengeID `json:"challenge_id"`
	PersonID    domain.PersonID    `json:"person_id"`
	SHA256      domain.Personal    `json:"sha256"` // of what it signs, in hex
	Phone       domain.Personal    `json:"phone"`  // the account's, as the mobile-citizens base knows it
	Digits      int                `json:"digits"`
	Tries       int                `json:"tries"`
	Edition     rules.EditionID    `json:"edition"`
	IssuedAt    time.Time          `json:"issued_at"`
	ExpiresAt   time.Time          `json:"expires_at"` // no code is accepted from here on
}

// Verified says that the right code was handed in, with the command that it
// signs.
type Verified struct {
	ChallengeID domain.ChallengeID `json:"challenge_id"`
	PersonID    domain.PersonID    `json:"person_id"`
	Command     domain.CommandID   `json:"command"`
	VerifiedAt  time.Time          `json:"verified_at"`
}

// CodeRejected says that a wrong code was handed in.
type CodeRejected struct {
	ChallengeID domain.ChallengeID `json:"challenge_id"`
	PersonID    domain.PersonID    `json:"person_id"`
	TriesLeft   int                `json:"tries_left"`
	RejectedAt  time.Time          `json:"rejected_at"`
}

// Locked ends a challenge whose tries are used up.
type Locked struct {
	ChallengeID domain.ChallengeID `json:"challenge_id"`
	PersonID    domain.PersonID    `json:"person_id"`
	LockedAt    time.Time          `json:"locked_at"`
}

// Expired ends a challenge whose time is over, when somebody notices.
type Expired struct {
	ChallengeID domain.ChallengeID `json:"challenge_id"`
	PersonID    domain.PersonID    `json:"person_id"`
	ExpiredAt   time.Time          `json:"expired_at"` // when the time was over
}

// Superseded ends a challenge because another one is issued.
type Superseded struct {
	ChallengeID  domain.ChallengeID `json:"challenge_id"`
	PersonID     domain.PersonID    `json:"person_id"`
	SupersededAt time.Time          `json:"superseded_at"`
}

func (Issued) EventType() string       { return "OneTimePasswordIssued" }
func (Verified) EventType() string     { return "OneTimePasswordVerified" }
func (CodeRejected) EventType() string { return "OneTimePasswordRejected" }
func (Locked) EventType() string       { return "OneTimePasswordLocked" }
func (Expired) EventType() string      { return "OneTimePasswordExpired" }
func (Superseded) EventType() string   { return "OneTimePasswordSuperseded" }

func (e Issued) EffectiveAt() time.Time       { return e.IssuedAt }
func (e Verified) EffectiveAt() time.Time     { return e.VerifiedAt }
func (e CodeRejected) EffectiveAt() time.Time { return e.RejectedAt }
func (e Locked) EffectiveAt() time.Time       { return e.LockedAt }
func (e Expired) EffectiveAt() time.Time      { return e.ExpiredAt }
func (e Superseded) EffectiveAt() time.Time   { return e.SupersededAt }

func (Issued) Concerns() domain.Concern       { return domain.ConcernsNobody(notFollowed) }
func (Verified) Concerns() domain.Concern     { return domain.ConcernsNobody(notFollowed) }
func (CodeRejected) Concerns() domain.Concern { return domain.ConcernsNobody(notFollowed) }
func (Locked) Concerns() domain.Concern       { return domain.ConcernsNobody(notFollowed) }
func (Expired) Concerns() domain.Concern      { return domain.ConcernsNobody(notFollowed) }
func (Superseded) Concerns() domain.Concern   { return domain.ConcernsNobody(notFollowed) }

func (e Issued) LogValue() slog.Value { return domain.Masked(e) }

func (c Challenges) LogValue() slog.Value { return domain.Masked(c) }
func (c Issue) LogValue() slog.Value      { return domain.Masked(c) }
func (c Redeem) LogValue() slog.Value     { return domain.Masked(c) }

// notFollowed is why an event is in no history.
const notFollowed = "no projection reads the streams of one-time passwords; the case has the application that one signed"

// Stream of the one-time passwords of a person. No projection reads it, so its
// category is not among [domain.Categories].
func Stream(id domain.PersonID) string { return "otp-" + id.String() }

// window is the time in which issued codes are counted.
const window = time.Hour

// Apply folds the next event of the stream into c.
func (c *Challenges) Apply(rec domain.Recorded) {
	if c.states == nil {
		c.states, c.used = map[domain.ChallengeID]State{}, map[domain.ChallengeID]domain.CommandID{}
	}
	switch e := rec.Event.(type) {
	case Issued:
		c.PersonID, c.Last, c.Tries = e.PersonID, e, e.Tries
		c.states[e.ChallengeID] = StateIssued
		c.issued = append(c.recent(e.IssuedAt), e.IssuedAt)
	case Verified:
		c.states[e.ChallengeID], c.used[e.ChallengeID] = StateVerified, e.Command
	case CodeRejected:
		c.Tries = e.TriesLeft
	case Locked:
		c.states[e.ChallengeID] = StateLocked
	case Expired:
		c.states[e.ChallengeID] = StateExpired
	case Superseded:
		c.states[e.ChallengeID] = StateSuperseded
	}
}

// Clone returns a copy that later events do not change.
func (c *Challenges) Clone() Challenges {
	clone := *c
	clone.states, clone.used = maps.Clone(c.states), maps.Clone(c.used)
	return clone
}

// recent are the codes issued in the hour before now.
func (c *Challenges) recent(now time.Time) []time.Time { return within(c.issued, now) }

// State returns where a challenge stands at the instant: its time ends it
// whether or not that has been recorded.
func (c *Challenges) State(id domain.ChallengeID, now time.Time) State {
	s := c.states[id]
	if s == StateIssued && !now.Before(c.Last.ExpiresAt) {
		return StateExpired
	}
	return s
}

// Issue is the command that asks for a code.
type Issue struct {
	ChallengeID domain.ChallengeID
	PersonID    domain.PersonID
	SHA256      domain.Personal // of what the code will sign, in hex
	Phone       domain.Personal // confirmed in the account; empty where none is
	Registered  domain.Personal // bound to the person in the mobile-citizens base; empty where none is
	Rules       rules.Book
}

// Issue decides [Issue]. A challenge that is open ends with the new one.
func (c *Challenges) Issue(cmd domain.Command, i Issue) ([]domain.Event, error) {
	edition := i.Rules.On(cmd.Today())
	switch {
	case i.Phone == "":
		return nil, domain.Refuse(domain.Conflict, domain.CodePhoneNotConfirmed,
			"your account has no confirmed telephone: confirm one, then ask again")
	case i.Registered == "":
		return nil, domain.Refuse(domain.Conflict, domain.CodeNotMobileCitizen,
			"you are not in the mobile-citizens base: register your telephone there, or sign with an EDS")
	case i.Registered != i.Phone:
		return nil, domain.Refuse(domain.Conflict, domain.CodePhoneNotRegistered,
			"the telephone of your account is not the one that the mobile-citizens base has for you: register it "+
				"there, or confirm the other one")
	case len(c.recent(cmd.Now)) >= edition.OTP.PerHour:
		return nil, domain.Refuse(domain.Conflict, domain.CodeTooManyPasswords,
			"%d one-time passwords were sent within an hour: wait, or sign with an EDS", edition.OTP.PerHour)
	}
	var events []domain.Event
	switch c.State(c.Last.ChallengeID, cmd.Now) {
	case StateIssued:
		events = append(
			events,
			Superseded{ChallengeID: c.Last.ChallengeID, PersonID: i.PersonID, SupersededAt: cmd.Now},
		)
	case StateExpired:
		events = append(events, c.expire()...)
	}
	return append(events, Issued{
		ChallengeID: i.ChallengeID, PersonID: i.PersonID, SHA256: i.SHA256, Phone: i.Phone,
		Digits: edition.OTP.Digits, Tries: edition.OTP.Tries, Edition: edition.ID,
		IssuedAt: cmd.Now, ExpiresAt: cmd.Now.Add(time.Duration(edition.OTP.ValidMinutes) * time.Minute),
	}), nil
}

// expire records that the last challenge has expired, where that is not recorded.
func (c *Challenges) expire() []domain.Event {
	if c.states[c.Last.ChallengeID] != StateIssued {
		return nil
	}
	return []domain.Event{Expired{ChallengeID: c.Last.ChallengeID, PersonID: c.PersonID, ExpiredAt: c.Last.ExpiresAt}}
}

// Redeem is the command that hands in a code.
type Redeem struct {
	ChallengeID domain.ChallengeID
	SHA256      domain.Personal  // of what it is to sign
	Phone       domain.Personal  // confirmed in the account now
	Right       bool             // the code is that of the challenge
	Command     domain.CommandID // that is signed by it
}

// Redeem decides [Redeem]. A wrong code is a fact: it costs a try. So is one that
// comes too late. [Outcome] says what the caller is told of either.
//
// A refusal before the code is compared costs no try.
func (c *Challenges) Redeem(cmd domain.Command, r Redeem) ([]domain.Event, error) {
	switch state := c.states[r.ChallengeID]; {
	case state == StateNone: // or of another person; the caller does not learn which
		return nil, refuse(domain.CodeChallengeUnknown,
			"no one-time password with this id was sent to you; ask for a new one").At("signature.challenge")
	// a repetition of the same request is answered before
	case state == StateVerified && c.used[r.ChallengeID] == r.Command:
		return nil, refuse(domain.CodeKeyReused,
			"this Idempotency-Key was used for another request, which this one-time password signed: repeat "+
				"that request unchanged")
	case state != StateIssued:
		return nil, refusals[state]
	case r.SHA256 != c.Last.SHA256:
		return nil, refuse(domain.CodeChallengeOther,
			"this one-time password was sent for another request, or the request has changed since; ask for one "+
				"for this request").At("signature.challenge")
	case r.Phone != c.Last.Phone:
		return nil, refuse(domain.CodePhoneChanged,
			"the telephone of your account has changed; ask for a new one-time password").At("signature.challenge")
	case !cmd.Now.Before(c.Last.ExpiresAt):
		return c.expire(), nil
	case r.Right:
		return []domain.Event{
			Verified{ChallengeID: r.ChallengeID, PersonID: c.PersonID, Command: r.Command, VerifiedAt: cmd.Now},
		}, nil
	}
	events := []domain.Event{
		CodeRejected{ChallengeID: r.ChallengeID, PersonID: c.PersonID, TriesLeft: c.Tries - 1, RejectedAt: cmd.Now},
	}
	if c.Tries == 1 {
		events = append(events, Locked{ChallengeID: r.ChallengeID, PersonID: c.PersonID, LockedAt: cmd.Now})
	}
	return events, nil
}

// refusals of challenges that have ended.
var refusals = map[State]*domain.Error{
	StateVerified: refuse(
		domain.CodePasswordUsed,
		"this one-time password has been used; ask for a new one",
	).At("signature.challenge"),
	StateExpired: refuse(
		domain.CodePasswordExpired,
		"the time of this one-time password is over; ask for a new one",
	).At("signature.challenge"),
	StateLocked: refuse(
		domain.CodePasswordLocked,
		"too many wrong codes came for this one-time password; ask for a new one",
	).At("signature.challenge"),
	StateSuperseded: refuse(
		domain.CodePasswordSuperseded,
		"another one-time password was sent since; use that one, or ask for a new one",
	).At("signature.challenge"),
}

func refuse(code domain.Code, format string, args ...any) *domain.Error {
	return domain.Refuse(domain.Invalid, code, format, args...)
}

// Outcome is what the caller is told about the code: nil where it was right.
func Outcome(events []domain.Event) error {
	for i := len(events) - 1; i >= 0; i-- {
		switch e := events[i].(type) {
		case Verified:
			return nil
		case Expired:
			return refusals[StateExpired]
		case Locked:
			return refusals[StateLocked]
		case CodeRejected:
			return refuse(domain.CodePasswordWrong,
				"the code is wrong; %d tries are left", e.TriesLeft).At("signature.code")
		}
	}
	return refusals[StateExpired]
}
