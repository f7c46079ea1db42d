package command

import (
	"context"
	"time"

	"tizilim/domain"
	"tizilim/domain/otp"
)

// Signed is the signature that came with a command.
type Signed struct {
	Text []byte // what is signed
	// Verify checks the EDS as it holds at the instant; nil where none came.
	Verify func(at time.Time) (domain.Evidence, error)
	// Challenge is whose one-time password came; zero where none did.
	Challenge domain.ChallengeID
	// Right reports whether the code that came is that of a challenge.
	Right func(domain.ChallengeID, int) bool
}

// signed lets decide judge the command with the evidence of its signature by
// the person. It is called where events are decided, so that a command that is
// repeated is answered from the log, whatever has become of a certificate since.
//
// What the registry itself can refuse is refused first: the signature is looked
// at, and a one-time password used up, once nothing else speaks against the
// command.
func (h *Handler) signed(ctx context.Context, cmd domain.Command, m domain.SignatureMethod, by domain.PersonID, opt Options, decide func(domain.Evidence) ([]domain.Event, error)) ([]domain.Event, error) {
	s := opt.Signed
	if m != domain.SignatureEDS && m != domain.SignatureOTP {
		return decide(domain.Evidence{})
	}
	evidence := domain.EvidenceOf(by, s.Text)
	evidence.Challenge = s.Challenge
	events, err := decide(evidence)
	if err != nil {
		return nil, err
	}
	if m == domain.SignatureOTP {
		if s.Challenge.IsZero() {
			return nil, domain.Refuse(domain.Invalid, domain.CodeRequired,
				"the request is not signed: ask for a one-time password with POST /v1/otp and add its challenge and code").At("signature.challenge")
		}
		if opt.DryRun { // a code is not used up by asking what would be
			return events, nil
		}
		return events, h.redeem(ctx, cmd, by, s)
	}
	if s.Verify == nil {
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired,
			"the request is not signed: add the signature over what POST /v1/signatures/preview answers").At("signature.cms")
	}
	if evidence, err = s.Verify(cmd.Now); err != nil {
		return nil, err
	}
	return decide(evidence)
}

// IssuePassword issues a challenge for a one-time password.
func (h *Handler) IssuePassword(ctx context.Context, cmd domain.Command, c otp.Issue, opt Options) (Receipt, error) {
	p, err := h.Person(ctx, c.PersonID)
	if err != nil {
		return Receipt{}, err
	}
	c.Phone, c.Rules = p.Contacts.Phone, h.rules
	return execute(ctx, h, order[otp.Challenges]{
		cmd: cmd, stream: otp.Stream(c.PersonID), ifMatch: opt.IfMatch, dryRun: opt.DryRun,
		decide: func(s *otp.Challenges) ([]domain.Event, error) { return s.Issue(cmd, c) },
	})
}

// Passwords returns what the log holds of the person's one-time passwords.
func (h *Handler) Passwords(ctx context.Context, id domain.PersonID) (otp.Challenges, error) {
	return snapshot[otp.Challenges](ctx, h, otp.Stream(id))
}

// redeem uses a one-time password up for the command: the first of two appends,
// of which the second is the command's own.
//
// Its id is derived from the command and its request, so that the command,
// repeated after a crash between the two, finds its password verified and goes
// on; for any other command it is used. The same wrong code, sent again under
// the same key, costs one try.
func (h *Handler) redeem(ctx context.Context, cmd domain.Command, by domain.PersonID, s Signed) error {
	p, err := h.Person(ctx, by)
	if err != nil {
		return err
	}
	step := cmd.Step(cmd.ID.UUID, "redeem "+cmd.Digest)
	r, err := execute(ctx, h, order[otp.Challenges]{
		cmd: step, stream: otp.Stream(by), correlation: cmd.ID.UUID,
		decide: func(c *otp.Challenges) ([]domain.Event, error) {
			return c.Redeem(step, otp.Redeem{
				ChallengeID: s.Challenge, SHA256: domain.Personal(domain.TextDigest(s.Text)), Phone: p.Contacts.Phone,
				Right: s.Right(s.Challenge, c.Last.Digits), Command: cmd.ID,
			})
		},
	})
	if err != nil {
		return err
	}
	events := make([]domain.Event, len(r.Events))
	for i, rec := range r.Events {
		events[i] = rec.Event
	}
	return otp.Outcome(events)
}
