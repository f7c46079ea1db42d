package eds

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"

	"golang.org/x/crypto/ocsp"
)

// nonceSize is what a client uses (RFC 9654, 2.1), and the most that an older responder
// takes (RFC 8954), in bytes.
const nonceSize = 32

// nonceID is id-pkix-ocsp-nonce.
var nonceID = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2}

var (
	errOtherNonce = errors.New("it answers another question: its nonce is not that of the question")
	errNoNonce    = errors.New("it has no nonce, which --signature-ocsp-nonce demands: it may have been answered before")
)

// newQuestion returns a question of OCSP about the certificate, and its nonce.
func newQuestion(c, issuer *x509.Certificate) (question, nonce []byte, err error) {
	plain, err := ocsp.CreateRequest(c, issuer, nil)
	if err != nil {
		return nil, nil, err
	}
	nonce = make([]byte, nonceSize)
	rand.Read(nonce) // never fails
	question, err = withNonce(plain, nonce)
	return question, nonce, err
}

// withNonce adds the nonce to a question, which has no extensions: the module knows none.
func withNonce(question, nonce []byte) ([]byte, error) {
	var request struct {
		TBS struct {
			List       asn1.RawValue
			Extensions []pkix.Extension `asn1:"explicit,tag:2,optional"`
		}
	}
	if _, err := asn1.Unmarshal(question, &request); err != nil {
		return nil, fmt.Errorf("read a question of OCSP: %w", err)
	}
	value, err := asn1.Marshal(nonce)
	if err != nil {
		return nil, err
	}
	request.TBS.Extensions = []pkix.Extension{{Id: nonceID, Value: value}}
	return asn1.Marshal(request)
}

// checkNonce refuses an answer to another question. One without a nonce may have been
// signed before, for all who ask (RFC 9654, 2.1): it passes unless a nonce is demanded,
// and its age is judged like that of every answer.
func checkNonce(said *ocsp.Response, asked []byte, demanded bool) error {
	data, err := readResponseData(said)
	if err != nil {
		return err
	}
	found := false
	for _, e := range data.Extensions {
		if !e.Id.Equal(nonceID) {
			continue
		}
		var nonce []byte
		if rest, err := asn1.Unmarshal(e.Value, &nonce); found || err != nil || len(rest) > 0 || !bytes.Equal(nonce, asked) {
			return errOtherNonce
		}
		found = true
	}
	if !found && demanded {
		return errNoNonce
	}
	return nil
}

// responseData is what a responder signs (RFC 6960, 4.2.1).
type responseData struct {
	Version    int `asn1:"optional,default:0,explicit,tag:0"`
	Responder  asn1.RawValue
	Produced   asn1.RawValue
	Answers    []struct{ ID certID }
	Extensions []pkix.Extension `asn1:"optional,explicit,tag:1"`
}

func readResponseData(said *ocsp.Response) (data responseData, err error) {
	_, err = asn1.Unmarshal(said.TBSResponseData, &data)
	return data, err
}
