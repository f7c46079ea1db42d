package body

import (
	"time"

	"tizilim/domain"
)

// Webhook is where a consumer is called with its facts (C31).
type Webhook struct {
	URL string `json:"url"`
	// Version is how many webhooks the consumer has had; each has a secret of its own.
	Version int `json:"version"`
	// After is the position of the feed from which this webhook begins; "" where it goes on from the one before.
	After string `json:"after,omitempty"`
}

// WebhookSet says where the consumer is called from now on.
type WebhookSet struct {
	BodyID domain.BodyID `json:"body_id"`
	Webhook
	SetAt time.Time `json:"set_at"`
}

// WebhookEnded says that the consumer is not called any more.
type WebhookEnded struct {
	BodyID  domain.BodyID `json:"body_id"`
	EndedAt time.Time     `json:"ended_at"`
}

func (WebhookSet) EventType() string   { return "WebhookSet" }
func (WebhookEnded) EventType() string { return "WebhookEnded" }

func (e WebhookSet) EffectiveAt() time.Time   { return e.SetAt }
func (e WebhookEnded) EffectiveAt() time.Time { return e.EndedAt }

func (WebhookSet) Concerns() domain.Concern   { return domain.ConcernsNobody(ofTheBody) }
func (WebhookEnded) Concerns() domain.Concern { return domain.ConcernsNobody(ofTheBody) }

// SetWebhook is the command that says where a consumer is called: at an address that may be called. End
// is the place behind all facts.
type SetWebhook struct {
	URL   string
	After string // from where; "": from where the last one has come, and for the first one from End
	End   string
}

// SetWebhook decides [SetWebhook]. Each webhook has another secret than the one before.
func (b *Body) SetWebhook(cmd domain.Command, c SetWebhook) ([]domain.Event, error) {
	if err := b.consumer(); err != nil {
		return nil, err
	}
	if b.webhooks == 0 && c.After == "" {
		c.After = c.End
	}
	return []domain.Event{WebhookSet{
		BodyID: b.ID, Webhook: Webhook{URL: c.URL, Version: b.webhooks + 1, After: c.After}, SetAt: cmd.Now,
	}}, nil
}

// EndWebhook decides that the consumer is not called any more.
func (b *Body) EndWebhook(cmd domain.Command) ([]domain.Event, error) {
	if err := b.consumer(); err != nil {
		return nil, err
	}
	if b.Webhook == nil {
		return nil, domain.Refuse(domain.Conflict, domain.CodeNothingChanges,
			"this consumer is not called; nothing was recorded")
	}
	return []domain.Event{WebhookEnded{BodyID: b.ID, EndedAt: cmd.Now}}, nil
}
