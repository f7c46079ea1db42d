package httpapi

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/gowebpki/jcs"

	"tizilim/domain"
	"tizilim/eventstore/command"
	"tizilim/httpapi/operation"
)

func (s *Server) signatureOperations() []operation.Operation {
	return []operation.Operation{
		s.previewSignature(),
	}
}

type previewSignatureInput struct {
	Body struct {
		Request        string         `json:"request" minLength:"1" maxLength:"200" doc:"Method and path of the request that will carry the signature" example:"POST /v1/deregistrations"`
		IdempotencyKey string         `json:"idempotency_key" minLength:"1" maxLength:"200" doc:"The Idempotency-Key of that request"`
		Application    map[string]any `json:"application" doc:"The body of that request; its member signature is ignored"`
	}
}

type previewedSignature struct {
	Body struct {
		ToSign []byte `json:"to_sign" doc:"What to sign, in base64: canonical JSON (RFC 8785)"`
		Digest string `json:"digest" doc:"The SHA-256 of to_sign in hexadecimal, for POST /v1/otp"`
	}
}

func (s *Server) previewSignature() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "preview-signature", Method: http.MethodPost, Path: "/v1/signatures/preview", Tag: signaturesTag,
		Of:      operation.OfCaller,
		Summary: "The text to sign for a request",
		Doc: "The canonical JSON (RFC 8785) of {\"application\": the body without its member signature, " +
			"\"idempotency_key\": the header, \"request\": method and path}. A client can also make this text by " +
			"itself. Nothing is stored.",
		Roles:    []domain.Role{domain.RoleCitizen},
		Problems: []domain.Code{domain.CodeNotFound},
		Class:    operation.ClassRead,
		Example: `{
			"request": "POST /v1/deregistrations", "idempotency_key": "5f0c0b1e-7f0e-4f57-9d4e-0a6f4f1f8a10",
			"application": {"channel": "portal", "ground": "owner_application"}
		}`,
		Shows: operation.ShowsNobody("what the caller has sent"),
	}, func(_ context.Context, in *previewSignatureInput) (*previewedSignature, error) {
		if err := operation.CheckKey(in.Body.IdempotencyKey, "idempotency_key"); err != nil {
			return nil, err
		}
		body, err := json.Marshal(in.Body.Application)
		if err != nil {
			return nil, err
		}
		text, err := SigningText(in.Body.Request, in.Body.IdempotencyKey, body)
		if err != nil {
			return nil, err
		}
		out := &previewedSignature{}
		out.Body.ToSign, out.Body.Digest = text, domain.TextDigest(text)
		return out, nil
	})
}

// SigningText returns the text that a signature of a request covers: the canonical
// JSON (RFC 8785) of an object of three members. "application" is the body without
// its member "signature"; "request" is the method and the path, such as "POST
// /v1/deregistrations"; "idempotency_key" is the header. The key binds the signature
// to one command, so that nobody can use it for another one.
func SigningText(request, key string, body []byte) ([]byte, error) {
	var application map[string]json.RawMessage
	if err := json.Unmarshal(body, &application); err != nil {
		return nil, err
	}
	delete(application, "signature")
	text, err := json.Marshal(map[string]any{"application": application, "idempotency_key": key, "request": request})
	if err != nil {
		return nil, err
	}
	return jcs.Transform(text)
}

// signatureProblems are those of an electronic digital signature.
var signatureProblems = codes{
	domain.CodeSignatureMethod, domain.CodeSignatureMismatch, domain.CodeSignatureNotApplicants,
	domain.CodeSignatureMalformed,
	domain.CodeSignatureAlgorithm, domain.CodeSignatureWeak, domain.CodeCertificatePurpose, domain.CodeCertificateNotValid,
	domain.CodeCertificateUntrusted, domain.CodeCertificateRevoked, domain.CodeRevocationUnknown,
	domain.CodeTimestampAway, domain.CodeVerifierAway,
}

// passwordProblems are those of a one-time password.
var passwordProblems = codes{
	domain.CodeChallengeUnknown, domain.CodeChallengeOther, domain.CodePhoneChanged, domain.CodePasswordWrong,
	domain.CodePasswordUsed, domain.CodePasswordExpired, domain.CodePasswordLocked, domain.CodePasswordSuperseded,
}

type signatureBody struct {
	Method domain.SignatureMethod `json:"method"`
	CMS    []byte                 `json:"cms,omitempty" maxLength:"44000" doc:"Only with eds: a CMS (PKCS #7) signature, detached or not, over the to_sign of POST /v1/signatures/preview"`

	Challenge domain.ChallengeID `json:"challenge,omitzero" format:"uuid" doc:"Only with otp: the challenge from the answer to POST /v1/otp"`
	Code      domain.Personal    `json:"code,omitempty" maxLength:"10" pattern:"^[0-9]+$" patternDescription:"digits" doc:"Only with otp: the code from the SMS"`
}

// signed is the signature that came with a command.
func signed(request operation.Request, with signatureBody) (command.Signed, error) {
	if len(with.CMS) > 0 && with.Method != domain.SignatureEDS {
		return command.Signed{}, domain.Refuse(domain.Invalid, domain.CodeMalformed,
			"a signature by %s has no cms: leave it out", with.Method).At("signature.cms")
	}
	if (!with.Challenge.IsZero() || with.Code != "") && with.Method != domain.SignatureOTP {
		return command.Signed{}, domain.Refuse(
			domain.Invalid,
			domain.CodeMalformed,
			"a signature by %s has no one-time password: leave challenge and code out",
			with.Method,
		).At("signature.challenge")
	}
	if !with.Challenge.IsZero() && with.Code == "" {
		return command.Signed{}, domain.Refuse(domain.Invalid, domain.CodeRequired,
			"add the code of the SMS").At("signature.code")
	}
	if with.Method == domain.SignatureHandwritten {
		return command.Signed{}, nil
	}
	text, err := SigningText(request.Line, request.Key, request.Body)
	if err != nil {
		return command.Signed{}, domain.Refuse(domain.Invalid, domain.CodeMalformed,
			"the body has no canonical form (RFC 8785), so that nobody can sign it")
	}
	return command.Signed{Text: text, CMS: with.CMS, Challenge: with.Challenge, Code: with.Code}, nil
}
