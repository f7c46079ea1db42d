package eds

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"tizilim/domain"
)

// maxVerdict bounds an answer of NCANode, in bytes.
const maxVerdict = 64 << 10

// NCANodeName is the name by which evidence says that NCANode checked a signature.
const NCANodeName = "ncanode"

// ncanode is a service with the API of NCANode v3. It knows GOST 34.10, which the
// standard library does not.
type ncanode struct {
	address string // without the path
	client  *http.Client
}

// sources are those that NCANode is to ask whether a certificate was revoked.
var sources = []string{"OCSP", "CRL"}

// verifyCMS is the request POST /cms/verify.
type verifyCMS struct {
	CMS        []byte   `json:"cms"`
	Data       []byte   `json:"data"`
	Revocation []string `json:"revocationCheck"`
}

// verdict is the answer to it, as far as it is read. The members certificates and
// signers are one: the documentation has the second name, the service the first.
type verdict struct {
	Valid   *bool `json:"valid"`
	Signers []struct {
		Certificates []certificateInfo `json:"certificates"`
		Signers      []certificateInfo `json:"signers"`
	} `json:"signers"`
}

type certificateInfo struct {
	Valid       *bool `json:"valid"`
	Revocations []struct {
		Revoked bool      `json:"revoked"`
		By      string    `json:"by"`
		At      time.Time `json:"revocationTime"` // zero: it does not say when
	} `json:"revocations"`
	NotBefore    time.Time `json:"notBefore"`
	NotAfter     time.Time `json:"notAfter"`
	KeyUsage     string    `json:"keyUsage"`
	SerialNumber string    `json:"serialNumber"`
	Subject      struct {
		IIN string `json:"iin"`
	} `json:"subject"`
}

// verify asks whether the signer signed the text, and returns the answer that says so.
func (n *ncanode) verify(ctx context.Context, text, cms []byte, signer *x509.Certificate) ([]byte, error) {
	raw, err := n.ask(ctx, text, cms, sources)
	if err != nil {
		return nil, err
	}
	return raw, readVerdict(raw, signer)
}

// ask returns the answer about the CMS. revocation are those that it is to ask in turn.
func (n *ncanode) ask(ctx context.Context, text, cms []byte, revocation []string) ([]byte, error) {
	question, err := json.Marshal(verifyCMS{CMS: cms, Data: text, Revocation: revocation})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*askTimeout) // it asks others in turn
	defer cancel()
	request, err := http.NewRequestWithContext(
		ctx, http.MethodPost, strings.TrimSuffix(n.address, "/")+"/cms/verify", bytes.NewReader(question),
	)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	raw, err := answer(n.client, request, maxVerdict)
	var status *statusError
	if errors.As(err, &status) && status.status == http.StatusBadRequest {
		return nil, malformed("the service that checks GOST signatures cannot read it")
	}
	return raw, err
}

// verdictOn reads an answer that speaks of this signer alone.
func verdictOn(raw []byte, signer *x509.Certificate) (valid bool, c certificateInfo, err error) {
	var said verdict
	if err := json.Unmarshal(raw, &said); err != nil {
		return false, c, fmt.Errorf("its answer cannot be read: %w", err)
	}
	if said.Valid == nil || len(said.Signers) != 1 {
		return false, c, errors.New("its answer does not speak of exactly one signer")
	}
	named := slices.Concat(said.Signers[0].Certificates, said.Signers[0].Signers)
	if len(named) != 1 || named[0].Valid == nil {
		return false, c, errors.New("its answer does not speak of exactly one certificate")
	}
	c = named[0]
	iin, _ := strings.CutPrefix(signer.Subject.SerialNumber, "IIN")
	if !strings.EqualFold(strings.TrimLeft(c.SerialNumber, "0"), signer.SerialNumber.Text(16)) || c.Subject.IIN != iin ||
		!c.NotBefore.Equal(signer.NotBefore) || !c.NotAfter.Equal(signer.NotAfter) {
		return false, c, errors.New("its answer is about another certificate")
	}
	return *said.Valid, c, nil
}

// readVerdict takes an answer only if it speaks of this signer alone and leaves
// nothing open: NCANode calls a CMS in which it finds no certificate valid. A refusal
// blames the signature, another error the answer.
func readVerdict(raw []byte, signer *x509.Certificate) error {
	valid, c, err := verdictOn(raw, signer)
	if err != nil {
		return err
	}
	if c.KeyUsage != "SIGN" {
		return forOtherPurpose()
	}
	var asked []string
	for _, r := range c.Revocations {
		if r.Revoked {
			return revoked()
		}
		asked = append(asked, r.By)
	}
	switch {
	case !*c.Valid:
		return unknownRevocation("the service that checks GOST signatures does not confirm the certificate: its " +
			"authority is unknown there, or nobody said whether it was revoked")
	case !valid:
		return domain.SignatureMismatch()
	}
	for _, s := range sources {
		if !slices.Contains(asked, s) {
			return fmt.Errorf("its answer does not say what %s says", s)
		}
	}
	return nil
}
