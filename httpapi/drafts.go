package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/residence"
	"tizilim/httpapi/operation"
)

// Drafts keeps sealed drafts, outside of the log. [*projections.Drafts] is one.
type Drafts interface {
	// Keep keeps a draft for the time, in the place of the one before.
	Keep(ctx context.Context, of domain.PersonID, form, sealed string, last time.Duration) error
	// Find returns the draft; "" where there is none.
	Find(ctx context.Context, of domain.PersonID, form string) (string, error)
	// Discard removes the draft, and reports whether there was one.
	Discard(ctx context.Context, of domain.PersonID, form string) (bool, error)
}

// Secrets seals what stands outside of the log by the data key of a person. [*eventstore.Store] is one.
type Secrets interface {
	SealSecret(ctx context.Context, owner uuid.UUID, secret, binding []byte) (string, error)
	// OpenSecret returns nil where the key was destroyed.
	OpenSecret(ctx context.Context, sealed string, binding []byte) ([]byte, error)
}

const (
	// draftDays is for how many days a draft is kept after it was saved last.
	draftDays = 30
	// maxDraft bounds a draft as JSON, in bytes.
	maxDraft = 16 << 10
)

func (s *Server) draftOperations() []operation.Operation {
	return []operation.Operation{s.keepDraft(), s.getDraft(), s.discardDraft(), s.getPrefilled()}
}

// DraftPath is embedded: huma sees the members of exported types only.
type DraftPath struct {
	Service serviceApplied `path:"service"`
}

type keepDraftInput struct {
	DraftPath
	Body struct {
		Form map[string]any `json:"form" doc:"The application as far as it is written: any JSON object of at most 16 KB. It is not checked"`
	}
}

type draftBody struct {
	Service serviceApplied `json:"service" values:"open"`
	SavedAt time.Time      `json:"saved_at"`
	Until   domain.Date    `json:"until" format:"date" doc:"The last day on which the draft is kept; each time that it is saved, 30 days begin anew"`
	Form    map[string]any `json:"form"`
}

type draftOutput struct{ Body draftBody }

// ownDraft is why a draft leaves nothing in the access log.
var ownDraft = operation.ShowsNobody("what the caller has written")

func (s *Server) keepDraft() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "keep-draft", Method: http.MethodPut, Path: "/v1/me/drafts/{service}", Tag: accountTag,
		Of:      operation.OfCaller,
		Summary: "Keep a draft of my application, in the place of the one before",
		Doc: "A draft is no application: it is in no event, nobody else sees it, and it has no place in any order. It is " +
			"encrypted by the key of the person, and lost where the registry loses its read model.",
		Roles:    []domain.Role{domain.RoleCitizen},
		Problems: []domain.Code{domain.CodePersonUnknown, domain.CodeNotFound},
		Class:    operation.ClassCommand,
		Example:  `{"form": {"channel": "portal", "consent": true}}`,
		Shows:    ownDraft, FromLog: true,
	}, func(ctx context.Context, in *keepDraftInput) (*draftOutput, error) {
		id, now := operation.Citizen(ctx), s.now()
		if _, err := s.self(ctx); err != nil {
			return nil, err
		}
		today := domain.DateOf(now)
		draft := draftBody{Service: in.Service, SavedAt: now, Until: today.AddDays(draftDays), Form: in.Body.Form}
		text, err := json.Marshal(draft)
		if err != nil {
			return nil, err
		}
		if len(text) > maxDraft {
			return nil, domain.Refuse(domain.Invalid, domain.CodeTooLong,
				"a draft has at most %d bytes: leave out what you do not need", maxDraft).At("form")
		}
		sealed, err := s.secrets.SealSecret(ctx, id.UUID, text, draftBinding(id, in.Service))
		if err != nil {
			return nil, err
		}
		last := draft.Until.AddDays(1).Start().Sub(now)
		return &draftOutput{draft}, s.drafts.Keep(ctx, id, string(in.Service), sealed, last)
	})
}

// draftBinding keeps a sealed draft from being taken for another one.
func draftBinding(id domain.PersonID, of serviceApplied) []byte {
	return []byte("tizilim draft of " + id.String() + " for " + string(of))
}

// self is the person whose matter the request of a citizen is. Whom nobody has recorded is told how to
// be recorded.
func (s *Server) self(ctx context.Context) (*residence.Person, error) {
	p, err := s.commands.KnownPerson(ctx, operation.Citizen(ctx), true)
	if err == nil && !p.Known() {
		err = notRecorded()
	}
	return p, err
}

func (s *Server) getDraft() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "get-draft", Method: http.MethodGet, Path: "/v1/me/drafts/{service}", Tag: accountTag,
		Of:       operation.OfCaller,
		Summary:  "My draft of an application",
		Roles:    []domain.Role{domain.RoleCitizen},
		Problems: []domain.Code{domain.CodeNotFound},
		Class:    operation.ClassRead,
		Shows:    ownDraft, FromLog: true,
	}, func(ctx context.Context, in *DraftPath) (*draftOutput, error) {
		id := operation.Citizen(ctx)
		sealed, err := s.drafts.Find(ctx, id, string(in.Service))
		if err != nil {
			return nil, err
		}
		if sealed == "" {
			return nil, operation.NotYours()
		}
		text, err := s.secrets.OpenSecret(ctx, sealed, draftBinding(id, in.Service))
		if err != nil {
			return nil, err
		}
		out := &draftOutput{}
		if text == nil { // the key was destroyed
			return nil, operation.NotYours()
		}
		if err := json.Unmarshal(text, &out.Body); err != nil {
			return nil, err
		}
		if out.Body.Until.Before(domain.DateOf(s.now())) { // Redis has a clock of its own
			return nil, operation.NotYours()
		}
		return out, nil
	})
}

type discardedDraft struct {
	Body struct {
		Service serviceApplied `json:"service" values:"open"`
	}
}

func (s *Server) discardDraft() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "discard-draft", Method: http.MethodDelete, Path: "/v1/me/drafts/{service}", Tag: accountTag,
		Of:       operation.OfCaller,
		Summary:  "Remove my draft of an application",
		Roles:    []domain.Role{domain.RoleCitizen},
		Problems: []domain.Code{domain.CodeNotFound},
		Class:    operation.ClassCommand,
		Shows:    ownDraft, FromLog: true,
	}, func(ctx context.Context, in *DraftPath) (*discardedDraft, error) {
		found, err := s.drafts.Discard(ctx, operation.Citizen(ctx), string(in.Service))
		if err == nil && !found {
			err = operation.NotYours()
		}
		if err != nil {
			return nil, err
		}
		out := &discardedDraft{}
		out.Body.Service = in.Service
		return out, nil
	})
}
