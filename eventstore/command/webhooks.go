package command

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/domain/body"
	"tizilim/domain/feed"
	"tizilim/eventstore"
)

const (
	// webhookPage is how many facts are acknowledged together.
	webhookPage = 100
	// webhookLanes is how many facts of a page are on their way side by side: those of one person never.
	webhookLanes = 4
	// webhookIdle is how long a consumer with nothing new waits for the next look.
	webhookIdle = time.Second
	// webhookFirstPause follows a failure; each later one in a row is twice as long, with jitter, up to
	// webhookLongestPause.
	webhookFirstPause   = time.Second
	webhookLongestPause = 10 * time.Minute
	// placesUnsaid is how many whole looks without a fact go by until the place is recorded.
	placesUnsaid = 100
	// webhookOperation names these reads in the access log.
	webhookOperation = "webhook"
)

// WebhookLog is the log as [Webhooks] use it; [*eventstore.Store] is one.
type WebhookLog interface {
	Append(ctx context.Context, stream string, expected eventstore.Expected, events []eventstore.NewEvent) (
		domain.Position, error)
	ReadBack(ctx context.Context, stream string, before *uint64, limit int) ([]domain.Recorded, error)
	RecordPage(ctx context.Context, id uuid.UUID, e accesslog.PageRead, meta domain.Meta) error
}

// WebhookSender calls a consumer with a fact.
type WebhookSender interface {
	// Send returns nil once the consumer has acknowledged the message. The id is the same at every attempt.
	Send(ctx context.Context, m WebhookMessage) error
}

// WebhookMessage is a fact on its way to a consumer.
type WebhookMessage struct {
	URL    string
	Secret []byte
	ID     uuid.UUID // of the fact
	At     time.Time // of the attempt
	Body   []byte
}

// WebhookMeter counts what consumers are told. It has no personal data.
type WebhookMeter interface {
	Delivered(consumer domain.BodyID, facts int)
	Failed(consumer domain.BodyID)
	// Lags says how long the oldest fact that is not acknowledged has waited; 0 where there is none.
	Lags(consumer domain.BodyID, by time.Duration)
}

// WebhookConfig is what [Webhooks] work with. All of it is required.
type WebhookConfig struct {
	Handler   *Handler
	Feed      *Feed
	Directory *Directory
	Log       WebhookLog
	Sender    WebhookSender
	Meter     WebhookMeter
	Logger    *slog.Logger
	// Body is the text of the message that tells the fact.
	Body func(body.Allowance, FeedFact) ([]byte, error)
	// Lead runs do while this process is the one that calls consumers. It returns when ctx ends, or when
	// the process is that no more.
	Lead func(ctx context.Context, do func(ctx context.Context)) error
}

// Webhooks is the process manager that calls consumers with their facts (C31). Each consumer has a
// goroutine, a place in the log and pauses of its own: one that hangs or fails slows nobody. The place
// moves when all facts before it are acknowledged, so nothing is lost, however long a consumer is away.
// After a crash some facts are sent a second time, under the same ids. The facts of one person are
// sent one after the other, in their order.
type Webhooks struct {
	WebhookConfig
	log *complaints
}

// NewWebhooks returns Webhooks.
func NewWebhooks(c WebhookConfig) *Webhooks { return &Webhooks{c, newComplaints(c.Logger)} }

// Run works until ctx ends.
func (w *Webhooks) Run(ctx context.Context) {
	every(ctx, webhookIdle, func() {
		if err := w.Lead(ctx, w.lead); err != nil && ctx.Err() == nil {
			w.log.warn(ctx, "consumers cannot be called now", err)
		}
	})
}

// running is a consumer that is called.
type running struct {
	allowance body.Allowance
	webhook   body.Webhook
	stop      func() // returns when it has stopped
}

// lead keeps a goroutine for each consumer that is to be called.
func (w *Webhooks) lead(ctx context.Context) {
	var work sync.WaitGroup
	defer work.Wait()
	runs := map[domain.BodyID]running{}
	every(ctx, webhookIdle, func() {
		all, err := w.Directory.Bodies(ctx)
		if err != nil {
			w.log.warn(ctx, "consumers are not known now", err)
			return
		}
		wanted := map[domain.BodyID]running{}
		for _, b := range all {
			if b.Ended == nil && b.Webhook != nil && b.Allowance != nil {
				wanted[b.ID] = running{allowance: *b.Allowance, webhook: *b.Webhook}
			}
		}
		for id, r := range runs {
			if is, ok := wanted[id]; !ok || is.webhook != r.webhook || !is.allowance.Equal(r.allowance) {
				r.stop()
				delete(runs, id)
			}
		}
		for id, r := range wanted {
			if _, ok := runs[id]; ok {
				continue
			}
			mine, cancel := context.WithCancel(ctx)
			stopped := make(chan struct{})
			r.stop = func() {
				cancel()
				<-stopped
			}
			runs[id] = r
			work.Go(func() {
				defer close(stopped)
				w.call(mine, id, r)
			})
		}
	})
	for _, r := range runs {
		r.stop()
	}
}

// call calls one consumer until ctx ends.
func (w *Webhooks) call(ctx context.Context, id domain.BodyID, r running) {
	var place *delivery
	for failures, idle := 0, 0; ctx.Err() == nil; {
		var told int
		var more bool
		err := w.Handler.clock.Check(ctx)
		if err == nil && place == nil {
			place, err = w.placeOf(ctx, id, r.webhook)
		}
		if err == nil {
			told, more, err = w.page(ctx, place, id, r)
		}
		switch {
		case err != nil:
			failures++
			if ctx.Err() == nil {
				w.Meter.Failed(id)
				w.log.warn(ctx, "a consumer could not be called yet", err, "consumer", id, "failures", failures)
			}
			sleep(ctx, pauseAfter(failures))
			continue
		case told == 0 && more:
			idle++
		}
		failures = 0
		if told > 0 || idle >= placesUnsaid {
			if err := w.acknowledge(ctx, place, id, r.webhook); err != nil {
				w.log.warn(ctx, "the place of a consumer could not be recorded yet", err, "consumer", id)
				place = nil // its stream says where it stands
				continue
			}
			idle = 0
		}
		if !more {
			sleep(ctx, webhookIdle)
		}
	}
}

// pauseAfter is the pause after so many failures in a row: full jitter over the second half of it.
func pauseAfter(failures int) time.Duration {
	pause := min(webhookFirstPause<<min(failures-1, 20), webhookLongestPause)
	return pause/2 + rand.N(pause/2)
}

func sleep(ctx context.Context, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// delivery is how far a consumer has come.
type delivery struct {
	next     eventstore.Expected // at which its stream is appended to
	place    feed.Position
	recorded feed.Position
	acked    map[uuid.UUID]bool // facts behind the place that are acknowledged already
}

// placeOf reads from where the webhook goes on.
func (w *Webhooks) placeOf(ctx context.Context, id domain.BodyID, hook body.Webhook) (*delivery, error) {
	last, err := w.Log.ReadBack(ctx, feed.DeliveryStream(id), nil, 1)
	if err != nil {
		return nil, err
	}
	d := &delivery{next: eventstore.NoStream, acked: map[uuid.UUID]bool{}}
	text := hook.After
	if len(last) > 0 {
		e, ok := last[0].Event.(feed.Delivered)
		if !ok {
			return nil, fmt.Errorf("command: the stream %s does not say where a consumer stands", last[0].Stream)
		}
		d.next = eventstore.Expected(last[0].Revision)
		if e.Version == hook.Version || hook.After == "" {
			text = e.Position
		}
	}
	d.place, err = feed.ParsePosition(text)
	d.recorded = d.place
	return d, err
}

// page sends the next facts and moves the place behind them. told is how many they were, more whether
// the log has more.
func (w *Webhooks) page(
	ctx context.Context, d *delivery, id domain.BodyID, r running,
) (told int, more bool, err error) {
	page, err := w.Feed.Read(ctx, r.allowance, d.place, webhookPage)
	if err != nil {
		return 0, false, err
	}
	left := slices.DeleteFunc(slices.Clone(page.Facts), func(f FeedFact) bool { return d.acked[f.ID] })
	if len(left) > 0 {
		w.Meter.Lags(id, w.Handler.now().Sub(left[0].RecordedAt))
		if err := w.note(ctx, id, r.webhook, page); err != nil {
			return 0, false, err
		}
		if err := w.send(ctx, d, id, r, left); err != nil {
			return 0, false, err
		}
	}
	w.Meter.Lags(id, 0)
	d.place, d.acked = page.Next, map[uuid.UUID]bool{}
	return len(page.Facts), page.More, nil
}

// note records in the access logs who is about to be told of. The id of the entry follows from the
// facts, so a repetition adds none.
func (w *Webhooks) note(ctx context.Context, id domain.BodyID, hook body.Webhook, page FeedPage) error {
	var shown []accesslog.Shown
	for _, f := range page.Facts {
		for _, p := range []domain.PersonID{f.PersonID, f.SurvivorID} {
			if s := (accesslog.Shown{PersonID: p}); !p.IsZero() && !slices.Contains(shown, s) {
				shown = append(shown, s)
			}
		}
	}
	slices.SortFunc(shown, func(a, b accesslog.Shown) int { return slices.Compare(a.PersonID.UUID[:], b.PersonID.UUID[:]) })
	first, last := page.Facts[0], page.Facts[len(page.Facts)-1]
	entry := domain.DeriveID(id.UUID, fmt.Sprint(webhookOperation, hook.Version, first.ID, last.ID, len(page.Facts)))
	return w.Log.RecordPage(ctx, entry, accesslog.PageRead{
		Reader: id.String(), Role: domain.RoleConsumer, Operation: webhookOperation,
		Page:    "facts from " + first.Position.String() + " to " + last.Position.String(),
		Purpose: accesslog.StateBody, Shown: shown, ReadAt: w.Handler.now(),
	}, domain.Meta{
		Correlation: entry, Causation: domain.CommandID{UUID: entry}, Actor: registryActor, Role: domain.RoleSystem,
	})
}

// send sends the facts, those of one person one after the other. What is acknowledged is not sent again
// by this process.
func (w *Webhooks) send(ctx context.Context, d *delivery, id domain.BodyID, r running, facts []FeedFact) error {
	var lanes [webhookLanes][]FeedFact
	for _, f := range facts {
		sum := fnv.New32a()
		sum.Write(f.PersonID.UUID[:])
		lane := sum.Sum32() % webhookLanes
		lanes[lane] = append(lanes[lane], f)
	}
	secret := w.Handler.WebhookSecret(id, r.webhook.Version)
	var mu sync.Mutex // of d.acked
	var group errgroup.Group
	for _, lane := range lanes {
		group.Go(func() error {
			for _, f := range lane {
				text, err := w.Body(r.allowance, f)
				if err == nil {
					err = w.Sender.Send(ctx, WebhookMessage{
						URL: r.webhook.URL, Secret: secret, ID: f.ID, At: w.Handler.now(), Body: text,
					})
				}
				if err != nil {
					return err
				}
				mu.Lock()
				d.acked[f.ID] = true
				mu.Unlock()
				w.Meter.Delivered(id, 1)
			}
			return nil
		})
	}
	return group.Wait()
}

// acknowledge records the place to which the consumer has come.
func (w *Webhooks) acknowledge(ctx context.Context, d *delivery, id domain.BodyID, hook body.Webhook) error {
	if d.place == d.recorded {
		return nil
	}
	e := feed.Delivered{
		BodyID: id, Version: hook.Version, Position: d.place.String(), DeliveredAt: w.Handler.now(),
	}
	event := domain.DeriveID(id.UUID, fmt.Sprint("delivered ", hook.Version, " ", int64(d.next), " ", e.Position))
	_, err := w.Log.Append(ctx, feed.DeliveryStream(id), d.next, []eventstore.NewEvent{{
		ID: event, Event: e, Meta: domain.Meta{
			Correlation: id.UUID, Causation: domain.CommandID{UUID: event}, Actor: registryActor, Role: domain.RoleSystem,
		},
	}})
	var moved *eventstore.RevisionError
	if errors.As(err, &moved) {
		return fmt.Errorf("another process calls the consumer too: %w", err)
	}
	if err == nil {
		d.next, d.recorded = d.next+1, d.place
	}
	return err
}

// WebhookSecret is the secret by which the calls of a consumer are signed. It follows from the key of
// one-time passwords, the consumer and the version of the webhook, so the log holds nothing of it.
func (h *Handler) WebhookSecret(id domain.BodyID, version int) []byte {
	mac := hmac.New(sha256.New, h.passwordKey)
	mac.Write([]byte("webhook"))
	mac.Write(id.UUID[:])
	_ = binary.Write(mac, binary.BigEndian, int64(version))
	return mac.Sum(nil)
}

// SetWebhook says where a consumer is called.
func (h *Handler) SetWebhook(
	ctx context.Context, cmd domain.Command, id domain.BodyID, c body.SetWebhook, opt Options,
) (Receipt, error) {
	if err := CheckWebhook(c.URL); err != nil {
		return Receipt{}, err
	}
	return h.onBody(ctx, cmd, id, opt, func(b *body.Body) ([]domain.Event, error) { return b.SetWebhook(cmd, c) })
}

// EndWebhook says that a consumer is not called any more.
func (h *Handler) EndWebhook(ctx context.Context, cmd domain.Command, id domain.BodyID, opt Options) (Receipt, error) {
	return h.onBody(ctx, cmd, id, opt, func(b *body.Body) ([]domain.Event, error) { return b.EndWebhook(cmd) })
}

// CheckWebhook refuses an address that facts about persons may not go to. Plain http is for this machine.
func CheckWebhook(address string) error {
	u, err := url.Parse(address)
	plain := err == nil && u.Scheme == "http" && loopback(u.Hostname())
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && !plain {
		return domain.Refuse(domain.Invalid, domain.CodeMalformed,
			"write the address as https://host/path, without user, query and fragment").At("url")
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
