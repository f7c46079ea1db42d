package httpapi

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"time"

	"tizilim/domain"
	"tizilim/domain/body"
	"tizilim/domain/feed"
	"tizilim/eventstore/command"
	"tizilim/httpapi/operation"
)

// webhookBody is what a consumer is called with, in the form of Standard Webhooks.
type webhookBody struct {
	Type      string    `json:"type"`      // tizilim.fact. and the kind
	Timestamp time.Time `json:"timestamp"` // when the registry learned of the fact
	Data      factBody  `json:"data"`
}

// WebhookText is the text of the message that tells a consumer the fact: the same as in the feed.
func WebhookText(a body.Allowance, f command.FeedFact) ([]byte, error) {
	fact := factOf(a, f)
	return json.Marshal(webhookBody{Type: "tizilim.fact." + string(f.Kind), Timestamp: fact.RecordedAt, Data: fact})
}

type setWebhookBody struct {
	URL   string `json:"url" minLength:"1" maxLength:"400" doc:"Where the system is called, by POST: https, without user, query and fragment" example:"https://tax.example.kz/tizilim"`
	After string `json:"after,omitempty" maxLength:"40" doc:"The position of the feed from which it is called. Default: from where the earlier webhook has come, and for the first one from now on"`
}

type setWebhookInput struct {
	ID domain.BodyID `path:"id" format:"uuid"`
	operation.Posted[setWebhookBody]
}

type webhookSet struct {
	BodyID domain.BodyID `json:"body_id" format:"uuid"`
	Secret string        `json:"secret,omitempty" doc:"By which the calls are signed. Hand it to the system; a repetition of this request shows it again, and nothing else does. Left out in a dry run"`
	operation.Events
}

func (s *Server) setWebhook() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "set-webhook", Path: bodyAddress + "/webhook", Tag: bodiesTag,
		Of:      operation.OfBody,
		Summary: "Have the system of another state body called with its facts",
		Doc: "The calls follow the Standard Webhooks scheme: webhook-id is the id of the fact, webhook-signature is an " +
			"HMAC by the secret. An answer 2xx acknowledges the fact. Anything else is tried again, after pauses of up to " +
			"ten minutes, for as long as it takes: nothing is lost, and the facts of one person come in their order. A fact " +
			"can come twice, and then has the same id. Each call of this operation makes another secret, which holds at once.",
		Roles:    administrators,
		Problems: endedProblems.and(domain.CodeNoConsumer),
		Example:  `{"url": "https://tax.example.kz/tizilim"}`,
	}, func(ctx context.Context, call operation.Call, in *setWebhookInput) (command.Receipt, webhookSet, error) {
		if _, err := feed.ParsePosition(in.Body.After); err != nil {
			return command.Receipt{}, webhookSet{}, atField(err, "after")
		}
		end, err := s.feed.End(ctx)
		if err != nil {
			return command.Receipt{}, webhookSet{}, err
		}
		r, err := s.commands.SetWebhook(ctx, call.Command, in.ID, body.SetWebhook{
			URL: in.Body.URL, After: in.Body.After, End: end.String(),
		}, call.Options)
		answer := webhookSet{BodyID: in.ID}
		if err == nil && !r.Planned && len(r.Events) > 0 {
			if e, ok := r.Events[0].Event.(body.WebhookSet); ok {
				answer.Secret = "whsec_" + base64.StdEncoding.EncodeToString(s.commands.WebhookSecret(in.ID, e.Version))
			}
		}
		return r, answer, err
	})
}

type endWebhookInput struct {
	ID domain.BodyID `path:"id" format:"uuid"`
	operation.Posted[struct{}]
}

func (s *Server) endWebhook() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "end-webhook", Path: bodyAddress + "/webhook/end", Tag: bodiesTag,
		Of:       operation.OfBody,
		Summary:  "Call the system of another state body no more",
		Doc:      "It can still pull the feed.",
		Roles:    administrators,
		Problems: endedProblems.and(domain.CodeNoConsumer, domain.CodeNothingChanges),
		Example:  `{}`,
	}, func(ctx context.Context, call operation.Call, in *endWebhookInput) (command.Receipt, recordedBody, error) {
		r, err := s.commands.EndWebhook(ctx, call.Command, in.ID, call.Options)
		return r, recordedBody{BodyID: in.ID}, err
	})
}
