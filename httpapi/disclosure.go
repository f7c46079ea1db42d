package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"tizilim/domain"
	"tizilim/domain/accesslog"
)

// disclosure is what is decided of an operation that reads: what it leaves in
// the logs of accesses (C21). Who reads their own data leaves nothing.
type disclosure struct {
	nobody  string            // why the answer tells of nobody; empty where it names whom it tells of
	citizen accesslog.Purpose // why a citizen is shown others; empty where they are shown only themselves
}

// disclosures is the one table of them. An operation that reads and is not in it
// cannot be registered. Commands need no line: what they change says itself who,
// when and why; their dry runs are reads ([tried]).
var disclosures = map[string]disclosure{
	"search-person":          {},
	"get-own-contacts":       {},
	"get-own-notices":        {},
	"get-case":               {citizen: accesslog.Party},
	"get-certificate":        {citizen: accesslog.Party},
	"get-entry":              {},
	"get-entry-numbers":      {},
	"get-person-residence":   {},
	"get-representatives":    {},
	"get-dwelling-residents": {citizen: accesslog.Owner},
	"get-person-history":     {},
	"get-dwelling-history":   {},
	"list-entries":           {},
	"get-me":                 {},
	"get-my-services":        {},
	"get-my-queue":           {},
	"get-my-accesses":        {},
	"list-cases":             {nobody: "ids of cases and their deadlines"},
	"get-public-list":        {nobody: "what art. 78 has published: numbers, sizes and days"},
	"preview-signature":      {nobody: "what the caller has sent"},
	"check-certificate":      {nobody: "kind, number and day of a document"},
}

// tried is the disclosure of every command that is only tried out.
var tried = disclosure{citizen: accesslog.Party}

// accessAppends is how many entries of one read are appended at once: about as
// many as one write of the event store takes together.
const accessAppends = 100

// purposeHeader is where staff say why they read.
const purposeHeader = "Tizilim-Purpose"

// statesPurpose reports whether a caller of the operation can say why they read.
func statesPurpose(op operation) bool {
	staff := slices.ContainsFunc(access[op.id], func(r domain.Role) bool { return r != domain.RoleCitizen && r != anyone })
	return staff && (op.command || disclosures[op.id].nobody == "")
}

// purposeParameter documents the header.
func purposeParameter(command bool) *huma.Param {
	doc := "Why staff read; it is shown to the person. Left out, it is that of the role: service for desks and the provider, decision for the commission, audit for auditors"
	if command {
		doc = "With dry_run: " + strings.ToLower(doc[:1]) + doc[1:]
	}
	values := make([]any, len(accesslog.Stated))
	for i, p := range accesslog.Stated {
		values[i] = string(p)
	}
	return &huma.Param{Name: purposeHeader, In: "header", Description: doc, Schema: &huma.Schema{Type: huma.TypeString, Enum: values}}
}

// purposeOf reads why a caller with the role says to read.
func purposeOf(role domain.Role, stated string) (accesslog.Purpose, *Problem) {
	switch p := accesslog.Purpose(stated); {
	case stated == "":
		return accesslog.DefaultOf(role), nil
	case role == domain.RoleCitizen:
		return "", refusal(http.StatusUnprocessableEntity, domain.CodeValueUnknown,
			"only staff state a purpose; leave the header out", "header."+purposeHeader)
	case slices.Contains(accesslog.Stated, p):
		return p, nil
	}
	names := make([]string, len(accesslog.Stated))
	for i, p := range accesslog.Stated {
		names[i] = string(p)
	}
	return "", refusal(http.StatusUnprocessableEntity, domain.CodeValueUnknown,
		"use one of "+strings.Join(names, ", ")+", or leave the header out", "header."+purposeHeader)
}

// reading is one read of personal data: one entry for each person, in however
// many parts the answer is given.
type reading struct {
	s       *Server
	op      string
	decided disclosure
	id      uuid.UUID
	noted   map[domain.PersonID]bool
}

func (s *Server) reading(op string, decided disclosure) *reading {
	return &reading{s: s, op: op, decided: decided, id: uuid.New(), noted: map[domain.PersonID]bool{}}
}

// disclose records a read whose answer is given whole; without its entries there
// is no answer.
func (s *Server) disclose(ctx context.Context, op string, answer ...any) error {
	return s.reading(op, disclosures[op]).show(ctx, answer...)
}

// show records, before a part of the answer is given, a read of the data of
// everybody whom it names. Where the event store does not take all entries, the
// part must not be given; those that it took then tell of data that nobody saw.
func (r *reading) show(ctx context.Context, part ...any) error {
	if r.decided.nobody != "" {
		return nil
	}
	reader := caller(ctx)
	shown := namedIn(part...)
	delete(shown, reader.PersonID)
	for person := range shown {
		if r.noted[person] {
			delete(shown, person)
		}
	}
	if len(shown) == 0 {
		return nil
	}
	purpose := reader.purpose
	if reader.Role == domain.RoleCitizen {
		purpose = r.decided.citizen
	}
	if purpose == "" {
		return fmt.Errorf("operation %s shows a %s the data of others, which is not decided", r.op, reader.Role)
	}
	at := r.s.now()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(accessAppends)
	for person, kase := range shown {
		group.Go(func() error {
			correlation := kase.UUID
			if kase.IsZero() {
				correlation = r.id
			}
			return r.s.events.AppendRead(ctx, domain.DeriveID(r.id, person.String()), accesslog.PersonalDataRead{
				PersonID: person, Reader: reader.Account, Role: reader.Role, Operation: r.op, Purpose: purpose, CaseID: kase, ReadAt: at,
			}, domain.Meta{Correlation: correlation, Causation: domain.CommandID{UUID: r.id}, Actor: reader.Account, Role: reader.Role})
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for person := range shown {
		r.noted[person] = true
	}
	return nil
}

// namedIn returns the persons whom an answer names, each with the case that the
// answer, or its row, is about: none where there are several.
//
// It looks at the values themselves, so that a member added to an answer is
// never forgotten here. An answer that tells of somebody without naming them
// has a member for it that is not sent (json:"-").
func namedIn(answer ...any) map[domain.PersonID]domain.CaseID {
	found := map[domain.PersonID]domain.CaseID{}
	for _, part := range answer {
		names(reflect.ValueOf(part), domain.CaseID{}, false, found)
	}
	return found
}

var (
	personType = reflect.TypeFor[domain.PersonID]()
	caseType   = reflect.TypeFor[domain.CaseID]()
)

// names walks a value that belongs to the case. Within the facts of an event the
// case is not looked for: it need not be the one that was asked about.
func names(v reflect.Value, kase domain.CaseID, facts bool, found map[domain.PersonID]domain.CaseID) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			names(v.Elem(), kase, facts, found)
		}
	case reflect.Interface: // only the facts of an event are behind one
		if !v.IsNil() {
			names(v.Elem(), kase, true, found)
		}
	case reflect.Slice, reflect.Array:
		if !plain(v.Type().Elem().Kind()) {
			for i := range v.Len() {
				names(v.Index(i), kase, facts, found)
			}
		}
	case reflect.Map:
		for entry := v.MapRange(); entry.Next(); {
			names(entry.Key(), kase, facts, found)
			names(entry.Value(), kase, facts, found)
		}
	case reflect.Struct:
		if v.Type() == personType {
			note(v.Interface().(domain.PersonID), kase, found)
			return
		}
		if f := v.FieldByName("CaseID"); !facts && f.IsValid() && f.Type() == caseType {
			kase = f.Interface().(domain.CaseID)
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && !plain(v.Field(i).Kind()) {
				names(v.Field(i), kase, facts, found)
			}
		}
	}
}

func note(person domain.PersonID, kase domain.CaseID, found map[domain.PersonID]domain.CaseID) {
	if person.IsZero() {
		return
	}
	if before, known := found[person]; known && before != kase {
		kase = domain.CaseID{}
	}
	found[person] = kase
}

// plain reports whether values of the kind hold no others.
func plain(k reflect.Kind) bool { return k <= reflect.Complex128 || k == reflect.String }
