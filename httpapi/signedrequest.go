package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
	"tizilim/httpapi/operation"
)

// EvidenceOf returns the evidence of the signature that an event keeps; false where it
// is no event of a signed request.
func EvidenceOf(event domain.Event) (domain.Evidence, bool) {
	switch e := event.(type) {
	case housing.ApplicationReceived:
		return e.Evidence, !e.Evidence.IsZero()
	case residence.DeregistrationApplied:
		return e.Evidence, !e.Evidence.IsZero()
	case residence.CoOwnerConfirmed:
		return e.Evidence, !e.Evidence.IsZero()
	case residence.CoOwnerDeclined:
		return e.Evidence, !e.Evidence.IsZero()
	case residence.ConfirmationRevoked:
		return e.Evidence, !e.Evidence.IsZero()
	case residence.PersonRecorded:
		return e.Evidence, !e.Evidence.IsZero()
	}
	return domain.Evidence{}, false
}

// signedMembers says how a request that was signed stands in its event.
type signedMembers struct {
	line    string            // method and path
	members []string          // of the body, that the event has under the same names
	partly  []string          // those of them that the registry completes
	fixed   map[string]string // members that the type of the event says
	// optional are members that the request may leave out and that stand elsewhere in the event,
	// with their values: who acts in whose place.
	optional map[string]any
	named    []domain.Named // who was named by IIN and name, where the event has the id
}

func membersOf(rec domain.Recorded) signedMembers {
	answer := func(id domain.CaseID, coOwner domain.PersonID, outcome residence.Answer) signedMembers {
		return signedMembers{
			line: "POST /v1/cases/" + id.String() + "/confirmation", fixed: map[string]string{"outcome": string(outcome)},
			optional: map[string]any{"person_id": coOwner},
		}
	}
	switch e := rec.Event.(type) {
	case housing.ApplicationReceived:
		return signedMembers{
			line: "POST /v1/housing-applications", partly: []string{"consent_terms"},
			members: []string{
				"channel", "language", "list_id", "applicant_id", "family", "consent", "consent_terms", "documents",
				"service",
			},
			optional: map[string]any{
				"represented_by": rec.Meta.RepresentedBy,
				"accept":         e.Answered.Codes(), "accept_reasons": e.Answered.Reasons,
			},
			named: e.Named,
		}
	case residence.DeregistrationApplied:
		return signedMembers{
			line: "POST /v1/deregistrations",
			members: []string{
				"channel", "language", "ground", "dwelling_id", "applicant_id", "persons", "documents", "departure_sheet",
			},
			optional: map[string]any{"represented_by": rec.Meta.RepresentedBy, "co_owners": e.Represented},
			named:    e.Named,
		}
	case residence.CoOwnerConfirmed:
		return answer(e.CaseID, e.PersonID, residence.AnswerConfirm)
	case residence.CoOwnerDeclined:
		return answer(e.CaseID, e.PersonID, residence.AnswerDecline)
	case residence.PersonRecorded: // the name and the IIN are those of the certificate
		return signedMembers{line: "POST /v1/me/record", members: []string{"class"}}
	case residence.ConfirmationRevoked:
		return answer(e.CaseID, e.PersonID, residence.AnswerRevoke)
	}
	return signedMembers{}
}

// DiffersFromSigned compares an event with the request that was signed for it. It
// returns a sentence for each difference, without personal values; none means that the
// event says what was signed.
func DiffersFromSigned(rec domain.Recorded) []string {
	evidence, ok := EvidenceOf(rec.Event)
	if !ok {
		return []string{"the event is not of a signed request"}
	}
	var text struct {
		Application map[string]any `json:"application"`
		Key         string         `json:"idempotency_key"`
		Line        string         `json:"request"`
	}
	decoder := json.NewDecoder(strings.NewReader(string(evidence.Text)))
	decoder.DisallowUnknownFields()
	if decoder.Decode(&text) != nil {
		return []string{"the signed text is not that of a request"}
	}
	stored, err := json.Marshal(rec.Event)
	if err != nil {
		return []string{"the event cannot be read"}
	}
	var event map[string]any
	if err := json.NewDecoder(bytes.NewReader(stored)).Decode(&event); err != nil {
		return []string{"the event cannot be read"}
	}
	want, differs := membersOf(rec), []string(nil)
	if !strings.EqualFold(text.Line, want.line) {
		differs = append(differs, fmt.Sprintf("%q was signed, and the event is of %q", text.Line, want.line))
	}
	if operation.CommandID(rec.Meta.Actor, text.Key) != rec.Meta.Causation {
		differs = append(differs, "the Idempotency-Key that was signed is not that of the command which caused the event")
	}
	return append(differs, want.compare(want.identified(text.Application), event)...)
}

// identified is the request with the ids that the event gives to whom it names by IIN and name.
// Whom the event does not have by that IIN and that name, stays as signed.
func (m signedMembers) identified(request map[string]any) map[string]any {
	if len(m.named) == 0 {
		return request
	}
	request, _ = m.withIDs(request).(map[string]any)
	if persons, ok := request["named"].([]any); ok && slices.Contains(m.members, "persons") {
		all, _ := request["persons"].([]any)
		for _, p := range persons {
			if of, _ := p.(map[string]any); len(of) == 1 && of["person_id"] != nil {
				p = of["person_id"]
			}
			all = append(all, p)
		}
		request["persons"] = all
		delete(request, "named")
	}
	return request
}

// withIDs is a copy of the JSON value with ids in the place of IINs and names.
func (m signedMembers) withIDs(v any) any {
	switch v := v.(type) {
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = m.withIDs(v[i])
		}
		return list
	case map[string]any:
		object := map[string]any{}
		for name, member := range v {
			object[name] = m.withIDs(member)
		}
		for _, n := range m.named {
			name, given := object["name"]
			if object["iin"] == string(n.IIN) && (!given || name == string(n.Name)) {
				delete(object, "iin")
				delete(object, "name")
				object["person_id"] = n.PersonID.String()
			}
		}
		return object
	}
	return v
}

// defaults are the members that the API fills in.
var defaults = map[string]any{"language": string(domain.Kazakh)}

func (m signedMembers) compare(request, event map[string]any) (differs []string) {
	for _, name := range m.members {
		signed, given := request[name]
		if !given {
			signed = defaults[name]
		}
		a, b := plain(signed), plain(event[name])
		if slices.Contains(m.partly, name) {
			b = only(b, a)
		}
		if !reflect.DeepEqual(a, b) {
			differs = append(differs, "the event has another "+name+" than was signed")
		}
	}
	for name, value := range m.fixed {
		if request[name] != value {
			differs = append(differs, "the event has another "+name+" than was signed")
		}
	}
	for name, signed := range request {
		value, optional := m.optional[name]
		if optional && !reflect.DeepEqual(plain(signed), plain(asJSON(value))) {
			differs = append(differs, "the event has another "+name+" than was signed")
		}
		if _, fixed := m.fixed[name]; !fixed && !optional && !slices.Contains(m.members, name) {
			differs = append(differs, fmt.Sprintf("%q was signed, and the event does not have it", name))
		}
	}
	slices.Sort(differs)
	return differs
}

// asJSON is the value as it is decoded from JSON.
func asJSON(v any) (decoded any) {
	if text, err := json.Marshal(v); err == nil {
		_ = json.Unmarshal(text, &decoded) // what was just written can be read
	}
	return decoded
}

// plain is a JSON value without what says nothing: members that are false, empty or
// null. An id is in its usual form.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, member := range v {
			if p := plain(member); p != nil {
				out[name] = p
			}
		}
		if len(out) == 0 {
			return nil
		}
		return out
	case []any:
		if len(v) == 0 {
			return nil
		}
		out := make([]any, len(v))
		for i := range v {
			out[i] = plain(v[i])
		}
		return out
	case string:
		if id, err := uuid.Parse(v); err == nil && len(v) == len(uuid.Nil.String()) {
			return id.String()
		}
		if v == "" {
			return nil
		}
	case bool:
		if !v {
			return nil
		}
	}
	return v
}

// only is the object v with the members that the object of has too.
func only(v, of any) any {
	a, _ := v.(map[string]any)
	b, _ := of.(map[string]any)
	out := map[string]any{}
	for name := range b {
		if member, ok := a[name]; ok {
			out[name] = member
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}
