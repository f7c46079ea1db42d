package command

import (
	"time"

	"tizilim/domain"
)

// Signed is the signature that came with a command.
type Signed struct {
	Text []byte // what is signed
	// Verify checks the EDS as it holds at the instant; nil where none came.
	Verify func(at time.Time) (domain.Evidence, error)
}

// signed lets decide judge the command with the evidence of its signature by
// the person. It is called where events are decided, so that a command that is
// repeated is answered from the log, whatever has become of a certificate since.
//
// What the registry itself can refuse is refused first: the signature is looked
// at once nothing else speaks against the command.
func signed(cmd domain.Command, m domain.SignatureMethod, by domain.PersonID, s Signed, decide func(domain.Evidence) ([]domain.Event, error)) ([]domain.Event, error) {
	if m != domain.SignatureEDS {
		return decide(domain.Evidence{})
	}
	if _, err := decide(domain.EvidenceOf(by, s.Text)); err != nil {
		return nil, err
	}
	if s.Verify == nil {
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired,
			"the request is not signed: add the signature over what POST /v1/signatures/preview answers").At("signature.cms")
	}
	evidence, err := s.Verify(cmd.Now)
	if err != nil {
		return nil, err
	}
	return decide(evidence)
}
