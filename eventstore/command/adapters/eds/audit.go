package eds

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/smallstep/pkcs7"
	"golang.org/x/crypto/ocsp"

	"tizilim/domain"
)

// Verdict is what became of one check.
type Verdict uint8

const (
	Holds Verdict = iota
	Fails
	Open // it cannot be decided with what is at hand
)

func (v Verdict) String() string { return [...]string{"holds", "FAILS", "open"}[v] }

// Finding is one check of an [Auditor].
type Finding struct {
	What    string // a sentence that is true where the verdict is Holds
	Verdict Verdict
	Why     string // where it does not hold, or is open
}

// Archive is what an [Auditor] needs beside the event. It was kept since the signature
// was made, or is trusted for another reason.
type Archive struct {
	Trusted   []*x509.Certificate // as in [Config]
	Stampers  []*x509.Certificate // of the timestamp authority; none: Trusted
	Lists     [][]byte            // revocation lists, however old or new
	Unrevoked bool                // as in [Config]

	Person func(domain.IIN) domain.PersonID // nil where the key of the ids is not at hand

	// NCANode is asked again about signatures by GOST 34.10, as in [Config]; empty: nobody is.
	NCANode string
	Client  *http.Client // nil: one of its own
}

// Auditor checks the evidence of a signature, long after it was made, from the event
// and an [Archive] alone. It asks nobody but the NCANode that the archive names.
type Auditor struct {
	trust, stampers *trust
	lists           []*list
	unrevoked       bool
	person          func(domain.IIN) domain.PersonID
	gost            *ncanode // nil where none is asked
}

// NewAuditor reads the archive. A list that no trusted authority has signed is an error.
func NewAuditor(a Archive) (*Auditor, error) {
	trusted, err := newTrust(a.Trusted)
	if err != nil {
		return nil, err
	}
	auditor := &Auditor{trust: trusted, stampers: trusted, unrevoked: a.Unrevoked, person: a.Person}
	if len(a.Stampers) > 0 {
		if auditor.stampers, err = newTrust(a.Stampers); err != nil {
			return nil, err
		}
	}
	if a.NCANode != "" {
		client := a.Client
		if client == nil {
			client = newClient()
		}
		auditor.gost = &ncanode{a.NCANode, client}
	}
	for i, text := range a.Lists {
		l, err := readList(text, trusted.given)
		if err != nil {
			return nil, fmt.Errorf("revocation list %d: %w", i+1, err)
		}
		auditor.lists = append(auditor.lists, l)
	}
	return auditor, nil
}

// Check checks the evidence of a signature that the registry received at the instant.
func (a *Auditor) Check(ctx context.Context, e domain.Evidence, received time.Time) []Finding {
	c := &checks{Auditor: a, evidence: e, received: received}
	c.found("the text is the one whose digest the event keeps",
		wrongUnless(string(e.SHA256) == domain.TextDigest([]byte(e.Text)), "the text or its digest was changed"))
	if len(e.CMS) == 0 {
		c.found("it was signed", open("by a one-time password: the stream otp- of the signer has its challenge, "+
			"and nothing else proves it"))
		return c.findings
	}
	c.signature(ctx)
	return c.findings
}

// checks are those of one signature.
type checks struct {
	*Auditor
	evidence domain.Evidence
	received time.Time
	findings []Finding
}

// open is the reason why a check cannot be decided.
type open string

func (o open) Error() string { return string(o) }

func wrongUnless(right bool, why string) error {
	if right {
		return nil
	}
	return errors.New(why)
}

// found notes a check: it holds where there is no error. It reports whether it does.
func (c *checks) found(what string, err error) bool {
	f := Finding{What: what}
	var undecided open
	switch {
	case errors.As(err, &undecided):
		f.Verdict, f.Why = Open, undecided.Error()
	case err != nil:
		f.Verdict, f.Why = Fails, reason(err)
	}
	c.findings = append(c.findings, f)
	return err == nil
}

// reason is the sentence of an error. The advice of refusals is for who signs.
func reason(err error) string {
	var refused *domain.Error
	if errors.As(err, &refused) {
		return string(refused.Code)
	}
	return err.Error()
}

func (c *checks) signature(ctx context.Context) {
	e := c.evidence
	p7, signer, err := parse(e.CMS)
	if err == nil && len(p7.Content) > 0 && string(p7.Content) != string(e.Text) {
		err = domain.SignatureMismatch()
	}
	if err != nil {
		c.found("the signature is over this text", err)
		return
	}
	p7.Content = []byte(e.Text)
	if !c.found("the signature is over this text", c.over(ctx, p7, signer)) && !gost(p7) {
		return
	}
	c.found("the certificate is the one that the event names",
		wrongUnless(signer.SerialNumber.Text(16) == string(e.Certificate), "its serial number is another one"))
	c.found("the certificate is that of the signer whom the event names", c.named(signer))
	at := c.received
	if len(e.Timestamp) > 0 {
		said, err := readToken(e.Timestamp, p7.Signers[0].EncryptedDigest, c.stampers)
		if err == nil && !said.Time.Equal(e.TimestampedAt) {
			err = errors.New("the event says another time than the token")
		}
		if err == nil && said.Time.Sub(c.received).Abs() > maxDrift {
			err = errors.New("the token is of another time than the receipt")
		}
		if c.found("a timestamp authority saw the signature when the event says", err) {
			at = said.Time
		}
	}
	if gost(p7) {
		c.elsewhere(ctx, signer, at)
		return
	}
	err = checkPurpose(signer)
	var chain []*x509.Certificate
	if err == nil {
		err = checkValidity(signer, at)
	}
	if err == nil {
		chain, err = c.trust.chain(signer, p7.Certificates, x509.ExtKeyUsageEmailProtection, at)
	}
	what := "the certificate was for signing, and certified by a trusted authority, at " + at.UTC().Format(time.RFC3339)
	if !c.found(what, err) || c.unrevoked {
		return
	}
	for i, one := range chain[:len(chain)-1] {
		what := "the certificate was not revoked then"
		if i > 0 {
			what = fmt.Sprintf("the certificate of %s was not revoked then", one.Subject)
		}
		c.found(what, c.revoked(one, chain[i+1], at))
	}
}

// over checks the signature itself.
func (c *checks) over(ctx context.Context, p7 *pkcs7.PKCS7, signer *x509.Certificate) error {
	if gost(p7) {
		if c.evidence.Verifier != NCANodeName {
			return errors.New("it is by GOST 34.10, and the event keeps no answer of a service that checks it")
		}
		if err := readVerdict(c.evidence.Answer, signer); err != nil {
			return fmt.Errorf("NCANode did not confirm it: %s", reason(err))
		}
		if c.gost != nil {
			return c.overAgain(ctx, signer)
		}
		return open("it is by GOST 34.10, which is not checked here; the event keeps the answer of NCANode, " +
			"which confirmed the signature, its certificate, and that it was not revoked")
	}
	if err := checkAlgorithms(p7, signer); err != nil {
		return err
	}
	return checkSignature(p7, signer)
}

// overAgain asks NCANode about exactly what the event keeps. NCANode judges a certificate by
// its own clock, and says that a signature is valid only with a certificate that is. So it
// does not ask who revoked the certificate, and an expired one leaves the signature open.
func (c *checks) overAgain(ctx context.Context, signer *x509.Certificate) error {
	raw, err := c.gost.ask(ctx, []byte(c.evidence.Text), c.evidence.CMS, []string{})
	if err != nil {
		return unanswered(err)
	}
	valid, said, err := verdictOn(raw, signer)
	switch {
	case err != nil:
		return unanswered(err)
	case valid && *said.Valid:
		return nil
	case *said.Valid:
		return domain.SignatureMismatch()
	}
	return open("NCANode does not tell whether a signature holds once it takes the certificate for expired, or does not " +
		"know its authority any more; the event keeps its answer of that time, which confirmed it")
}

// unanswered leaves a check open where NCANode does not answer as it must. Where it cannot
// read the signature, the check fails.
func unanswered(err error) error {
	var refused *domain.Error
	if errors.As(err, &refused) {
		return err
	}
	return open("NCANode does not answer as it must: " + err.Error())
}

// elsewhere checks the certificate of a signature by GOST 34.10: what can be seen without the
// algorithm, and, where NCANode is asked, whether it was revoked by the instant.
func (c *checks) elsewhere(ctx context.Context, signer *x509.Certificate, at time.Time) {
	err := checkPurpose(signer)
	if err == nil {
		err = checkValidity(signer, at)
	}
	c.found("the certificate was for signing, and neither new nor expired, at "+at.UTC().Format(time.RFC3339), err)
	if c.gost == nil || c.evidence.Verifier != NCANodeName {
		return
	}
	c.found("the certificate was not revoked then", c.revokedElsewhere(ctx, signer, at))
}

func (c *checks) revokedElsewhere(ctx context.Context, signer *x509.Certificate, at time.Time) error {
	raw, err := c.gost.ask(ctx, []byte(c.evidence.Text), c.evidence.CMS, sources)
	if err != nil {
		return unanswered(err)
	}
	_, said, err := verdictOn(raw, signer)
	if err != nil {
		return unanswered(err)
	}
	var asked []string
	for _, r := range said.Revocations {
		if r.Revoked && !r.At.After(at) {
			return fmt.Errorf("%s says that it was", r.By)
		}
		asked = append(asked, r.By)
	}
	for _, s := range sources {
		if !slices.Contains(asked, s) {
			return open("NCANode does not say what " + s + " says now; the event keeps what it said then")
		}
	}
	return nil
}

// named checks whom the certificate names.
func (c *checks) named(signer *x509.Certificate) error {
	iin, err := iinOf(signer)
	switch {
	case err != nil:
		return err
	case c.person == nil:
		return open("the key of the ids of persons is not at hand")
	}
	named := c.evidence.CertifiedAs // the stream of that id says that the signer is meant
	if named.IsZero() {
		named = c.evidence.Signer
	}
	return wrongUnless(c.person(iin) == named, "it names another person")
}

// revoked checks that the certificate was not revoked at the instant: by the proofs in
// the event, and by every list in the archive, because a later one may know more.
func (c *checks) revoked(one, issuer *x509.Certificate, at time.Time) error {
	for _, l := range c.lists {
		if l.authority == keyOf(issuer) && l.scope.covers(one) && l.revokes(one, at) {
			return fmt.Errorf("list %s of %s says that it was", l.reference.Number, l.reference.Issuer)
		}
	}
	serial := one.SerialNumber.Text(16)
	for _, p := range c.evidence.Revocation {
		if string(p.Certificate) == serial {
			return c.proof(p, one, issuer, at)
		}
	}
	return open("the event keeps no proof")
}

// proof checks one proof. It was current when the registry received the signature.
func (c *checks) proof(p domain.RevocationProof, one, issuer *x509.Certificate, at time.Time) error {
	if len(p.OCSP) > 0 {
		said, err := readAnswer(p.OCSP, one, issuer, c.received)
		if err != nil {
			return fmt.Errorf("the answer of OCSP: %w", err)
		}
		return wrongUnless(said.Status == ocsp.Good || said.RevokedAt.After(at), "OCSP says that it was")
	}
	if p.List.IsZero() {
		return open("the event keeps no proof")
	}
	for _, l := range c.lists {
		if l.reference.SHA256 != p.List.SHA256 {
			continue
		}
		return wrongUnless(l.authority == keyOf(issuer) && l.scope.covers(one) && l.currentAt(c.received),
			"the list that the event names says nothing of it, or was not current")
	}
	return open(fmt.Sprintf("the list that the event names is not at hand: number %s of %s, SHA-256 %s",
		p.List.Number, p.List.Issuer, p.List.SHA256))
}
