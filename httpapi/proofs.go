package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"tizilim/domain"
	"tizilim/domain/proof"
	"tizilim/httpapi/operation"
)

// Proofs is what the API needs of the tree over the log.
type Proofs interface {
	// Head returns the newest head and its signed note; "" where there is none yet.
	Head() (proof.Head, string)
	// Public is the key by which the heads are checked.
	Public() proof.Public
	// Inclusion proves that an event is in the log. Errors: [domain.CodeEventUnknown],
	// [domain.CodeProofPending].
	Inclusion(ctx context.Context, ref domain.EventRef) (proof.Inclusion, error)
	// First is Inclusion by the first head that covers the event: its answer stays the same.
	First(ctx context.Context, ref domain.EventRef) (proof.Inclusion, error)
	// Evidence returns an event as it is stored, with its proof where a head covers it.
	// Error: [domain.CodeEventUnknown].
	Evidence(ctx context.Context, ref domain.EventRef) (proof.Evidence, error)
	// Consistency proves that a tree goes on from an earlier one; to 0 is the newest.
	// Error: [domain.CodeHeadUnknown].
	Consistency(from, to int64) (proof.Consistency, error)
}

func (s *Server) proofOperations() []operation.Operation {
	return []operation.Operation{s.getLogHead(), s.getLogKey(), s.getInclusionProof(), s.getConsistencyProof()}
}

// LogHead is a head of the log.
type LogHead struct {
	Size     int64     `json:"size" doc:"Number of events in the tree"`
	Root     string    `json:"root" doc:"Root of the Merkle tree, in base64"`
	SignedAt time.Time `json:"signed_at"`
	Note     string    `json:"note" doc:"The head as it was signed, in the note format of golang.org/x/mod/sumdb/note"`
}

type logHeadInput struct {
	Accept string `header:"Accept" doc:"text/plain gives the signed note alone"`
}

func (s *Server) getLogHead() operation.Operation {
	return operation.Stream(operation.Declaration{
		ID: "get-log-head", Method: http.MethodGet, Path: "/v1/log/head", Tag: auditTag,
		Of:      operation.OfPublic,
		Class:   operation.ClassCheck,
		Summary: "The newest signed head of the log",
		Doc: "Keep it: a later head must go on from it, which /v1/log/proofs/consistency proves. A new event is in a " +
			"head after some seconds.",
		Roles:    []domain.Role{operation.Anyone},
		Shows:    operation.ShowsNobody("how many events the log has, and hashes"),
		Problems: []domain.Code{domain.CodeProofPending},
		Gives:    []string{operation.JSON, note},
		FromLog:  true,
	}, logHeadResponses, func(_ context.Context, in *logHeadInput, _ *operation.Reading) (*huma.StreamResponse, error) {
		head, signed, err := s.logHead()
		if err != nil {
			return nil, err
		}
		if in.Accept == note {
			return &huma.StreamResponse{Body: func(out huma.Context) {
				out.SetHeader("Content-Type", note+"; charset=utf-8")
				if _, err := out.BodyWriter().Write([]byte(signed)); err != nil {
					s.log.Debug("the client went away", "error", err)
				}
			}}, nil
		}
		return s.jsonResponse(headBody(head, signed), 0)
	})
}

func headBody(head proof.Head, note string) LogHead {
	return LogHead{Size: head.Size, Root: head.Root.String(), SignedAt: head.At, Note: note}
}

// note is the media type of a signed head alone.
const note = "text/plain"

func logHeadResponses(schema func(reflect.Type) *huma.Schema) map[string]*huma.Response {
	return map[string]*huma.Response{"200": {
		Description: "The head as JSON, or the signed note as text",
		Content: map[string]*huma.MediaType{
			operation.JSON: {Schema: schema(reflect.TypeFor[LogHead]())},
			note:           {Schema: &huma.Schema{Type: huma.TypeString}},
		},
	}}
}

// logHead returns the newest head.
func (s *Server) logHead() (proof.Head, string, error) {
	if s.proofs != nil {
		if head, note := s.proofs.Head(); note != "" {
			return head, note, nil
		}
	}
	return proof.Head{}, "", domain.Refuse(domain.Unavailable, domain.CodeProofPending,
		"the log has no signed head yet; one follows within seconds, so ask again")
}

type logKey struct {
	Body struct {
		Key string `json:"key" doc:"Name of the log, a hash of its key and the key, as golang.org/x/mod/sumdb/note writes it" example:"tizilim+4c17a3f2+AYz4…"`
	}
}

func (s *Server) getLogKey() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "get-log-key", Method: http.MethodGet, Path: "/v1/log/key", Tag: auditTag,
		Of:       operation.OfPublic,
		Summary:  "The public key of the log",
		Doc:      "It checks heads. Compare it with the key that the registry has published elsewhere.",
		Roles:    []domain.Role{operation.Anyone},
		Shows:    operation.ShowsNobody("a public key"),
		Problems: []domain.Code{domain.CodeProofPending},
		FromLog:  true,
	}, func(context.Context, *struct{}) (*logKey, error) {
		if _, _, err := s.logHead(); err != nil {
			return nil, err
		}
		out := &logKey{}
		out.Body.Key = s.proofs.Public().String()
		return out, nil
	})
}

type inclusionInput struct {
	Event string `query:"event" required:"true" maxLength:"120" doc:"The event, as stream@revision"`
}

type inclusionProof struct{ Body proof.Inclusion }

func (s *Server) getInclusionProof() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "get-inclusion-proof", Method: http.MethodGet, Path: "/v1/log/proofs/inclusion", Tag: auditTag,
		Of:      operation.OfAll,
		Summary: "Prove that an event is in the log",
		Doc: "The proof has hashes and no content. Persons get the proof of a document with the document. " +
			"Only auditors may ask for that of any event, since the answer tells which streams there are.",
		Roles:    []domain.Role{domain.RoleAuditor},
		Shows:    operation.ShowsNobody("hashes"),
		Problems: []domain.Code{domain.CodeEventUnknown, domain.CodeProofPending, domain.CodeEventRefFormat},
		FromLog:  true,
	}, func(ctx context.Context, in *inclusionInput) (*inclusionProof, error) {
		var ref domain.EventRef
		if err := ref.UnmarshalText([]byte(in.Event)); err != nil {
			return nil, atField(err, "query.event")
		}
		if _, _, err := s.logHead(); err != nil {
			return nil, err
		}
		p, err := s.proofs.Inclusion(ctx, ref)
		return &inclusionProof{p}, err
	})
}

type consistencyInput struct {
	From int64 `query:"from" required:"true" minimum:"1" doc:"Size of the head that you have kept"`
	To   int64 `query:"to" minimum:"1" doc:"Size of a later head. Default: that of the newest"`
}

type consistencyProof struct{ Body proof.Consistency }

func (s *Server) getConsistencyProof() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "get-consistency-proof", Method: http.MethodGet, Path: "/v1/log/proofs/consistency", Tag: auditTag,
		Of:       operation.OfPublic,
		Summary:  "Prove that the log goes on from an earlier head",
		Doc:      "Nothing that the earlier head covers was changed, removed or put in another order.",
		Roles:    []domain.Role{operation.Anyone},
		Shows:    operation.ShowsNobody("hashes"),
		Problems: []domain.Code{domain.CodeHeadUnknown, domain.CodeProofPending},
		FromLog:  true,
	}, func(_ context.Context, in *consistencyInput) (*consistencyProof, error) {
		if _, _, err := s.logHead(); err != nil {
			return nil, err
		}
		c, err := s.proofs.Consistency(in.From, in.To)
		return &consistencyProof{c}, err
	})
}

// findings is a [Log] that knows what was done to it without the registry.
type findings interface{ Findings() []proof.Finding }

// maxShown is how many findings a reason names.
const maxShown = 5

// logReasons say that the log was tampered with, and where.
func (s *Server) logReasons() []reason {
	log, ok := s.events.(findings)
	if !ok {
		return nil
	}
	found := log.Findings()
	if len(found) == 0 {
		return nil
	}
	named := make([]string, 0, maxShown)
	for _, f := range found[:min(len(found), maxShown)] {
		if f.Kind == proof.CutOff {
			named = append(named, string(f.Kind)+" ("+f.Detail+"; where that is known, record it with tizilim log accept)")
			continue
		}
		named = append(named, string(f.Kind)+" "+f.Event.String())
	}
	if more := len(found) - len(named); more > 0 {
		named = append(named, fmt.Sprintf("and %d more", more))
	}
	return []reason{{string(domain.CodeLogTampered),
		"the log was changed from outside of the registry: " + strings.Join(named, ", ")}}
}
