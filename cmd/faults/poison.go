package main

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/eventstore"
)

// poisoned is a list with an event that this release cannot read.
type poisoned struct {
	entry *entry          // on the list before that event
	at    domain.Position // of the event
}

// unreadable are the forms of such an event. Each has the MAC of the registry: a newer release wrote it,
// or a defect.
var unreadable = []struct {
	kind   string // type of the event
	schema string
	data   string
}{
	{"EntryMovedAside", "1", `{"entry_id":"7a1e"}`},
	{housing.EntryPlaced{}.EventType(), "99", `{"entry":{"id":"7a1e"}}`},
	{housing.EntryPlaced{}.EventType(), "1", `{"number":"one"}`},
}

// poisonList opens a list, places somebody and appends an event that cannot be read. Only what
// depends on it may be held back.
func poisonList(ctx context.Context, s *session, f fault) error {
	ctx, cancel := context.WithTimeout(ctx, answerPatience)
	defer cancel()
	told := newHistory()
	e, err := s.client(0, told).placeAlone(ctx)
	if err != nil {
		return err
	}
	s.acks = append(s.acks, told.acks...)
	at, err := s.world.appendUnreadable(ctx, e.list.Stream(), f.target)
	s.held = append(s.held, poisoned{e, at})
	return err
}

// appendUnreadable appends an event of the form to the stream.
func (w *world) appendUnreadable(ctx context.Context, stream string, form int) (domain.Position, error) {
	secret, err := readKey(filepath.Join(w.apis[0].data, "keys", "log.key"))
	if err != nil {
		return 0, err
	}
	mac, err := hkdf.Key(sha256.New, secret, nil, "tizilim log mac 1", len(secret)) // as the server derives it
	if err != nil {
		return 0, err
	}
	store, err := eventstore.Open(w.store, slog.New(slog.DiscardHandler), eventstore.WithIntegrity(mac))
	if err != nil {
		return 0, err
	}
	defer store.Close()
	var last domain.Recorded
	for rec, err := range store.Read(ctx, stream, 0) {
		if err != nil {
			return 0, err
		}
		last = rec
	}
	of, id := unreadable[form], uuid.New()
	meta, err := json.Marshal(map[string]any{
		"schema": of.schema, "correlation": id, "causation": id, "effective_at": time.Now(), "actor": "a newer release",
		"role": domain.RoleCommission,
	})
	if err != nil {
		return 0, err
	}
	next := store.MarkRaw(stream, last.Revision+1, eventstore.RawEvent{
		ID: id, Type: of.kind, JSON: true, Data: []byte(of.data), Metadata: meta,
	})
	_, at, err := store.AppendRaw(ctx, stream, eventstore.Expected(last.Revision), []eventstore.RawEvent{next})
	return at, err
}

// review is a command on the list of the entry.
func (e *entry) review() request {
	return request{
		by: staff(domain.RoleCommission), method: http.MethodPost, path: e.path() + "/review", key: uuid.NewString(),
		body: []byte(`{"note":"n"}`),
	}
}

// touchHeld asks for what is held back, while faults are made: it may be refused as during any
// outage, and never be answered.
func (s *session) touchHeld(working context.Context) {
	for i := 0; len(s.held) > 0; i++ {
		sleep(working, hauntEvery)
		if working.Err() != nil {
			return
		}
		held := s.held[len(s.held)-1-i%min(len(s.held), heldTouched)]
		for _, q := range []request{held.entry.ask(held.at), held.entry.review()} {
			s.operations.Add(1)
			a, err := s.service.send(working, s.service.urls[i%2], q)
			var refused *refusal
			switch {
			case err == nil:
				s.violate("what an unreadable event holds back is answered: %s %s: %s", q.method, q.path, a.body)
			case errors.As(err, &refused) && !passing(refused):
				s.violate("what an unreadable event holds back is refused for another reason: %s %s: %s", q.method, q.path, refused)
			}
		}
	}
}

const (
	// heldTouched is how many of the lists that were poisoned are asked for, the newest.
	heldTouched = 3
	// heldPatience is how long a process may take to say why it does not answer, once everything is mended.
	heldPatience = 20 * time.Second
)

// checkHeld demands that both processes say what holds the lists back.
func (s *session) checkHeld(ctx context.Context) {
	for _, held := range s.held[max(0, len(s.held)-heldTouched):] {
		for _, a := range s.world.apis {
			for _, c := range []struct {
				request
				code domain.Code
				says string
			}{
				{held.entry.review(), domain.CodeRecordUnread, "cannot be read by this release"},
				{held.entry.ask(held.at), domain.CodeModelNotReady, "tizilim quarantine list"},
			} {
				q := c.request
				if err := await(ctx, heldPatience, func(ctx context.Context) error {
					_, err := s.service.send(ctx, a.url, q)
					return refusedAs(err, c.code, c.says)
				}); err != nil && ctx.Err() == nil {
					s.violate("%s does not say that an event cannot be read: %s %s: %v", a.name, q.method, q.path, err)
				}
			}
		}
	}
}

// refusedAs returns nil where the refusal is the one that is wanted.
func refusedAs(err error, code domain.Code, says string) error {
	var refused *refusal
	switch {
	case err == nil:
		return errors.New("it is answered")
	case errors.As(err, &refused) && refused.Status == http.StatusServiceUnavailable && refused.Code == code &&
		strings.Contains(refused.Detail, says):
		return nil
	}
	return fmt.Errorf("it answers %w", err)
}
