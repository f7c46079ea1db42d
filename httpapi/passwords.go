package httpapi

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"math/big"
	"net/http"
	"time"

	"tizilim/domain"
	"tizilim/domain/notice"
	"tizilim/domain/otp"
	"tizilim/eventstore/command"
	"tizilim/httpapi/operation"
)

func (s *Server) passwordOperations() []operation.Operation {
	return []operation.Operation{
		s.sendPassword(),
	}
}

type passwordBody struct {
	Digest string `json:"digest" pattern:"^[0-9a-f]{64}$" patternDescription:"a SHA-256 in hex, small letters" doc:"Of what the code will sign: POST /v1/signatures/preview answers it"`
}

type passwordInput struct{ operation.Posted[passwordBody] }

type passwordIssued struct {
	Challenge domain.ChallengeID `json:"challenge" format:"uuid" doc:"Send it back as signature.challenge, with the code of the SMS"`
	ExpiresAt time.Time          `json:"expires_at" doc:"No code is taken from here on"`
	Tries     int                `json:"tries" doc:"Wrong codes that are borne; the last one locks"`
	SentTo    string             `json:"sent_to" doc:"The last two digits of the telephone"`
	DryRun    bool               `json:"dry_run,omitempty" doc:"Nothing was sent"`
}

func (s *Server) sendPassword() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "send-password", Path: "/v1/otp", Tag: signaturesTag, Status: http.StatusCreated,
		Summary: "Send a one-time password for one request, by SMS",
		Doc: "It goes to the telephone that is confirmed in your account and bound to your IIN in the mobile-citizens base. " +
			"It signs the one request whose SHA-256 is given; a new one supersedes it. Applications for service housing only (S000-3).",
		Roles: []domain.Role{domain.RoleCitizen},
	}, func(ctx context.Context, call operation.Call, in *passwordInput) (command.Receipt, passwordIssued, error) {
		var out passwordIssued
		id := operation.Citizen(ctx)
		p, err := s.commands.Person(ctx, id)
		if err != nil {
			return command.Receipt{}, out, err
		}
		if !p.Known() || p.IIN == "" {
			return command.Receipt{}, out, domain.Refuse(domain.Conflict, domain.CodeNotMobileCitizen, "the mobile-citizens base knows persons by IIN, and none is recorded for you: sign with an EDS")
		}
		registered, err := s.mobileCitizens.Phone(ctx, p.IIN)
		if err != nil {
			s.log.Warn("the mobile-citizens base cannot be asked", "error", err)
			return command.Receipt{}, out, domain.Refuse(domain.Unavailable, domain.CodeMobileCitizensAway, "the mobile-citizens base does not answer; send the same request again later, or sign with an EDS")
		}
		call.Channel = domain.ChannelPortal
		r, err := s.commands.IssuePassword(ctx, call.Command, otp.Issue{
			ChallengeID: domain.ChallengeID{UUID: domain.DeriveID(call.ID.UUID, "challenge")}, PersonID: id,
			SHA256: domain.Personal(in.Body.Digest), Registered: registered,
		}, call.Options)
		if err != nil {
			return r, out, err
		}
		issued := r.Events[len(r.Events)-1].Event.(otp.Issued)
		phone := string(issued.Phone)
		out = passwordIssued{Challenge: issued.ChallengeID, ExpiresAt: issued.ExpiresAt, Tries: issued.Tries, SentTo: "…" + phone[len(phone)-2:], DryRun: r.Planned}
		if call.Options.DryRun {
			return r, out, nil
		}
		return r, out, s.sendCode(ctx, call.Command, issued, p.Contacts.Language)
	})
}

// passwordTexts are the SMS, by language: a code, how long it holds.
var passwordTexts = map[domain.Language]string{
	domain.Kazakh:  "Tizilim: өтінімге қол қою коды %s. %d минут жарамды. Оны ешкімге айтпаңыз.",
	domain.Russian: "Tizilim: код для подписания заявления %s. Действует %d мин. Никому его не сообщайте.",
	domain.English: "Tizilim: the code to sign your application is %s. It holds for %d minutes. Tell it to nobody.",
}

// sendCode sends the code of a challenge that is open. The same message has the
// same id, and the gateway sends it once.
func (s *Server) sendCode(ctx context.Context, cmd domain.Command, e otp.Issued, language domain.Language) error {
	c, err := s.commands.Passwords(ctx, e.PersonID)
	if err != nil {
		return err
	}
	if c.State(e.ChallengeID, cmd.Now) != otp.StateIssued {
		return nil
	}
	text, ok := passwordTexts[language]
	if !ok {
		text = passwordTexts[domain.Kazakh]
	}
	err = s.gateway.Send(ctx, command.Message{
		ID: e.ChallengeID.UUID, Way: notice.SMS, To: e.Phone,
		Text: domain.Personal(fmt.Sprintf(text, s.passwordKey.Code(e.ChallengeID, e.Digits), int(e.ExpiresAt.Sub(e.IssuedAt).Minutes()))),
	})
	if err != nil {
		s.log.Warn("a one-time password could not be sent", "error", err)
		return domain.Refuse(domain.Unavailable, domain.CodeSMSAway, "the SMS could not be sent; send the same request again, or sign with an EDS")
	}
	return nil
}

// PasswordKey is the secret from which the codes of one-time passwords are
// computed.
type PasswordKey []byte

// Code returns the code of a challenge. It is a function of its id, so that the
// log holds nothing of it and a repeated request sends the same one; nobody can
// compute it without the key.
func (k PasswordKey) Code(id domain.ChallengeID, digits int) string {
	mac := hmac.New(sha256.New, k)
	_ = binary.Write(mac, binary.BigEndian, int64(digits))
	mac.Write(id.UUID[:])
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)
	// 256 bits against 10 digits: no code is likelier than another that anybody
	// could notice.
	n := new(big.Int).Mod(new(big.Int).SetBytes(mac.Sum(nil)), limit)
	return fmt.Sprintf("%0*s", digits, n.String())
}

// MobileCitizens is the mobile-citizens base (БМГ).
type MobileCitizens interface {
	// Phone returns the telephone that is bound to the IIN, in the form of E.164;
	// "" where none is.
	Phone(ctx context.Context, iin domain.IIN) (domain.Personal, error)
}

// right reports whether the code is that of the challenge, in a time that does
// not tell how much of it is.
func (k PasswordKey) right(id domain.ChallengeID, digits int, code string) bool {
	return subtle.ConstantTimeCompare([]byte(k.Code(id, digits)), []byte(code)) == 1
}
