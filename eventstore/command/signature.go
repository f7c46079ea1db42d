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

// signer is who signs a command, and how.
type signer struct {
	person domain.PersonID
	method domain.SignatureMethod
}

// decideSigned decides a command with the evidence of its signature. It is called where
// events are decided, so that a repeated command is answered from the log, whatever has
// become of a certificate since.
//
// decide comes first, and then the signature is checked or the one-time password used
// up: a command that is refused for another reason costs no try.
func (h *Handler) decideSigned(
	ctx context.Context, cmd domain.Command, by signer, opt Options,
	decide func(domain.Evidence) ([]domain.Event, error),
) ([]domain.Event, error) {
	s := opt.Signed
	if by.method != domain.SignatureEDS && by.method != domain.SignatureOTP {
		return decide(domain.Evidence{})
	}
	evidence := domain.EvidenceOf(by.person, s.Text)
	evidence.Challenge = s.Challenge
	events, err := decide(evidence)
	if err != nil {
		return nil, err
	}
	if by.method == domain.SignatureOTP {
		if s.Challenge.IsZero() {
			return nil, domain.Refuse(domain.Invalid, domain.CodeRequired,
				"the request is not signed: ask for a one-time password, and add its challenge and its code",
			).At("signature.challenge")
		}
		if opt.DryRun { // a code is not used up by asking what would be
			return events, nil
		}
		return events, h.redeemPassword(ctx, cmd, by.person, s)
	}
	if len(s.CMS) == 0 {
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired,
			"the request is not signed: add an EDS over the text that the preview of signatures answers",
		).At("signature.cms")
	}
	if evidence, err = h.signatures.Verify(ctx, s.Text, s.CMS, cmd.Now); err != nil {
		return nil, err
	}
	if evidence.Signer != by.person { // the certificate may have another IIN of the person (R28)
		who, err := h.WhoIs(ctx, evidence.Signer)
		if err != nil {
			return nil, err
		}
		evidence = evidence.Of(who)
	}
	return decide(evidence)
}
