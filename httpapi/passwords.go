package httpapi

import (
	"context"
	"net/http"
	"time"

	"tizilim/domain"
	"tizilim/eventstore/command"
	"tizilim/httpapi/operation"
)

func (s *Server) passwordOperations() []operation.Operation {
	return []operation.Operation{
		s.sendPassword(),
	}
}

type passwordBody struct {
	Digest string `json:"digest" pattern:"^[0-9a-f]{64}$" patternDescription:"a SHA-256 in hex, small letters" doc:"SHA-256 of the text that the code will sign, from POST /v1/signatures/preview"`
}

type passwordInput struct{ operation.Posted[passwordBody] }

type passwordIssued struct {
	Challenge domain.ChallengeID `json:"challenge" format:"uuid" doc:"Send it back as signature.challenge, with the code of the SMS"`
	ExpiresAt time.Time          `json:"expires_at" doc:"The code is refused from this instant on"`
	Tries     int                `json:"tries" doc:"The number of wrong codes that locks the password"`
	SentTo    string             `json:"sent_to" doc:"The last two digits of the telephone"`
	DryRun    bool               `json:"dry_run,omitempty" doc:"true if this was a dry run: nothing was sent"`
}

func (s *Server) sendPassword() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "send-password", Path: "/v1/otp", Tag: signaturesTag, Status: http.StatusCreated,
		Of:      operation.OfCaller,
		Summary: "Send a one-time password for one request, by SMS",
		Doc: "The SMS goes to a telephone that is confirmed in your account and bound to your IIN in the " +
			"mobile-citizens base. The password signs only the request whose SHA-256 you give. A new password " +
			"replaces the earlier one. It can sign applications for service housing only.",
		Roles: []domain.Role{domain.RoleCitizen},
		Problems: []domain.Code{
			domain.CodePhoneNotConfirmed, domain.CodeNotMobileCitizen, domain.CodePhoneNotRegistered,
			domain.CodeMobileCitizensAway, domain.CodeSMSAway, domain.CodeTooManyPasswords, domain.CodeTooManyCodes,
			domain.CodeNotFound,
		},
		Class:   operation.ClassPassword,
		Example: `{"digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}`,
	}, func(ctx context.Context, call operation.Call, in *passwordInput) (command.Receipt, passwordIssued, error) {
		call.Channel = domain.ChannelPortal
		r, e, err := s.commands.SendPassword(
			ctx, call.Command, operation.Caller(ctx).PersonID, domain.Personal(in.Body.Digest), call.Options)
		if err != nil {
			return r, passwordIssued{}, err
		}
		phone := string(e.Phone)
		return r, passwordIssued{
			Challenge: e.ChallengeID, ExpiresAt: e.ExpiresAt, Tries: e.Tries,
			SentTo: "…" + phone[len(phone)-2:], DryRun: r.Planned,
		}, nil
	})
}
