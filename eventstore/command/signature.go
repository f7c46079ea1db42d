package command

import (
	"context"

	"tizilim/domain"
)

// Signed is the signature that came with a command: an EDS, a one-time password,
// or neither.
type Signed struct {
	Text      []byte             // what is signed
	CMS       []byte             // the EDS; empty where none came
	Challenge domain.ChallengeID // whose one-time password came; zero where none did
	Code      domain.Personal    // the one-time password
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
				"the request is not signed: ask for a one-time password, and add its challenge and its code").At("signature.challenge")
		}
		if opt.DryRun { // a code is not used up by asking what would be
			return events, nil
		}
		return events, h.redeem(ctx, cmd, by, s)
	}
	if len(s.CMS) == 0 {
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired,
			"the request is not signed: add an EDS over the text that the preview of signatures answers").At("signature.cms")
	}
	if evidence, err = h.signatures.Verify(s.Text, s.CMS, cmd.Now); err != nil {
		return nil, err
	}
	return decide(evidence)
}
