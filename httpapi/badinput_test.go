package httpapi_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"tizilim/domain"
)

// secret is an IIN with a right control digit. No refusal may repeat it, nor a
// part of it.
const (
	secret     = "990101300013"
	secretPart = "9901013"
)

// world is what requests that are refused are about.
type world struct {
	*subtest
	owner, guest, stranger string
	dwelling, elsewhere    string
	list, caseID, entry    string
	listed                 string // person of the entry
	operator, commission   string // tokens
	person, stay           body   // right as they are
}

func newWorld(s *subtest) world {
	w := world{subtest: s, owner: s.citizen(), guest: s.citizen(), stranger: s.citizen()}
	w.dwelling, w.elsewhere = s.dwelling(w.owner), s.dwelling()
	s.registered(w.owner, w.dwelling, "2026-03-01", "")
	s.registered(w.guest, w.dwelling, "2026-03-01", "")
	w.list = s.list()
	w.listed, w.entry, _ = s.entry(w.list)
	w.caseID = s.applied(w.stranger, w.list)
	w.operator, w.commission = s.token(domain.RoleOperator), s.token(domain.RoleCommission)
	w.person = body{"iin": s.iin(), "name": "Айгүл", "birth_date": "1990-05-17", "class": "citizen"}
	w.stay = registration(w.guest, w.elsewhere, "2026-03-15", "2026-06-15")
	return w
}

type badRow struct {
	name   string
	path   string
	token  string
	body   any
	status int
	code   domain.Code
	field  string
	send   []header
}

// check sends each row and proves what it is answered, that the log stays as it
// is, and that nothing of the request's secret comes back.
func (w world) check(t *testing.T, rows []badRow) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := w.registry.at(t)
			before := s.head()
			a := s.command(row.path, row.token, row.body, row.send...).refused(row.status, row.code, row.field)
			if after := s.head(); after != before {
				t.Errorf("the log moved from %d to %d", before, after)
			}
			if strings.Contains(a.text, secretPart) {
				t.Errorf("the refusal repeats the value: %s", a.text)
			}
			// The same request gets the same refusal.
			if again := s.command(row.path, row.token, row.body, row.send...); again.text != a.text {
				if _, stream := row.body.(io.Reader); !stream {
					t.Errorf("asked again:\n%s\n%s", a.text, again.text)
				}
			}
		})
	}
}

func TestBadInputChangesNothingAndSaysHowToMendIt(t *testing.T) {
	r := start(t)
	w := newWorld(r.at(t))
	persons, registrations, deregistrations := "/v1/persons", "/v1/registrations", "/v1/deregistrations"
	applications, decision := "/v1/housing-applications", "/v1/cases/"+w.caseID+"/decision"
	person := func(name string, change body, status int, code domain.Code, field string) badRow {
		return badRow{"person: " + name, persons, w.operator, w.person.with(change), status, code, field, nil}
	}
	stay := func(name string, change body, code domain.Code, field string) badRow {
		return badRow{"stay: " + name, registrations, w.operator, w.stay.with(change), 422, code, field, nil}
	}
	removal := removal(w.owner, w.dwelling, w.guest)
	paper := removal.with(
		body{"channel": "state_corporation", "signature": body{"method": "handwritten"}, "documents": []body{
			{"type": "identity_card", "person_id": w.owner}, {"type": "application", "person_id": w.guest},
		}},
	)
	out := func(name, token string, b body, status int, code domain.Code, field string) badRow {
		return badRow{"deregistration: " + name, deregistrations, token, b, status, code, field, nil}
	}
	apply := application(w.owner, w.list)

	w.check(t, []badRow{
		person("IIN with a wrong control digit", body{"iin": secret[:11] + "9"}, 422, "iin_control_digit", "iin"),
		person("IIN in Arabic-Indic digits", body{"iin": "٩٩٠١٠١٣٠٠٠١٣"}, 422, "iin_format", "iin"),
		person("IIN in full-width digits", body{"iin": "９９０１０１３０００１３"}, 422, "iin_format", "iin"),
		person("IIN of zeros", body{"iin": "000000000000"}, 422, "iin_zero", "iin"),
		person("IIN of 11 digits", body{"iin": secret[:11]}, 422, "iin_format", "iin"),
		person("IIN of 13 digits", body{"iin": secret + "0"}, 422, "iin_format", "iin"),
		person("IIN with spaces", body{"iin": " " + secret}, 422, "iin_format", "iin"),
		person("IIN of 49 characters", body{"iin": strings.Repeat(secret, 5)[:49]}, 422, "too_long", "iin"),
		person("IIN as a number", body{"iin": 990101300013}, 422, "wrong_type", "iin"),
		person("empty IIN of a citizen", body{"iin": ""}, 422, "iin_required", "iin"),
		person("citizen without an IIN", body{"iin": nil}, 422, "iin_required", "iin"),
		person("no name", body{"name": nil}, 422, "required", "name"),
		person("empty name", body{"name": ""}, 422, "required", "name"),
		person("name of spaces", body{"name": "  \u00a0 "}, 422, "required", "name"),
		person("name with a control character", body{"name": "Ай\x00гүл"}, 400, "malformed", "name"),
		person("name with a character that nobody sees", body{"name": "Ай\u200bгүл"}, 400, "malformed", "name"),
		person("name that is shown backwards", body{"name": "\u202eАйгүл"}, 400, "malformed", "name"),
		person("name of two lines", body{"name": "Ай\nгүл"}, 422, "malformed", "name"),
		person("name without a letter", body{"name": "---"}, 422, "malformed", "name"),
		person("name of 201 characters", body{"name": strings.Repeat("Ә", 201)}, 422, "too_long", "name"),
		person("name as a list", body{"name": []string{secret}}, 422, "wrong_type", "name"),
		person("name as an object", body{"name": body{"first": secret}}, 422, "wrong_type", "name"),
		person("name as a boolean", body{"name": true}, 422, "wrong_type", "name"),
		person("unknown class", body{"class": secret}, 422, "value_unknown", "class"),
		person("class in capitals", body{"class": "Citizen"}, 422, "value_unknown", "class"),
		person("30 February", body{"birth_date": "2026-02-30"}, 422, "date_format", "birth_date"),
		person("one digit for the month", body{"birth_date": "2026-3-1"}, 422, "date_format", "birth_date"),
		person("a day with a time", body{"birth_date": "1990-05-17T00:00:00Z"}, 422, "date_format", "birth_date"),
		person("a day in the year 9999", body{"birth_date": "9999-01-01"}, 422, "date_format", "birth_date"),
		person("a day in the year 1799", body{"birth_date": "1799-12-31"}, 422, "date_format", "birth_date"),
		person("an empty day", body{"birth_date": ""}, 422, "date_format", "birth_date"),
		person("a day that is a number", body{"birth_date": 19900517}, 422, "wrong_type", "birth_date"),
		person("born tomorrow", body{"birth_date": "2026-03-16"}, 422, "date_in_future", "birth_date"),
		person("unknown member", body{"phone": secret}, 422, "unknown_field", "phone"),
		person("two unknown members", body{"b": 1, "a": 1}, 422, "unknown_field", "a"),
		person("a member in capitals", body{"IIN": secret}, 422, "unknown_field", ""),
		person("a value in the place of a name", body{secret: "iin"}, 422, "unknown_field", ""),

		{"null in place of the body", persons, w.operator, "null", 422, "wrong_type", "", nil},
		{
			"null for a member",
			persons,
			w.operator,
			`{"iin":null,"name":"A","birth_date":"1990-05-17","class":"refugee"}`,
			422,
			"wrong_type",
			"iin",
			nil,
		},
		{
			"null for a list",
			"/v1/dwellings/" + w.dwelling + "/owners",
			w.operator,
			`{"owners":null}`,
			422,
			"wrong_type",
			"owners",
			nil,
		},
		{"a list in place of the body", persons, w.operator, `["` + secret + `"]`, 422, "wrong_type", "", nil},
		{"a string in place of the body", persons, w.operator, `"` + secret + `"`, 422, "wrong_type", "", nil},
		{"a number in place of the body", persons, w.operator, secret, 422, "wrong_type", "", nil},
		{"an empty object", persons, w.operator, "{}", 422, "required", "birth_date", nil},
		{"no body", persons, w.operator, nil, 400, "malformed", "", nil},
		{"an empty body", persons, w.operator, "", 400, "malformed", "", nil},
		{"spaces for a body", persons, w.operator, "  ", 400, "malformed", "", nil},
		{"no JSON", persons, w.operator, "iin=" + secret, 400, "malformed", "", nil},
		{"JSON that is cut", persons, w.operator, `{"iin":"` + secret, 400, "malformed", "", nil},
		{"a comma too many", persons, w.operator, `{"iin":"` + secret + `",}`, 400, "malformed", "", nil},
		{"something after the JSON", persons, w.operator, `{"name":"A"}` + secret, 400, "malformed", "", nil},
		{"a second object after the JSON", persons, w.operator, `{"name":"A"}{"name":"B"}`, 400, "malformed", "", nil},
		{"a byte order mark", persons, w.operator, "\xef\xbb\xbf{}", 400, "malformed", "", nil},
		{"invalid UTF-8", persons, w.operator, `{"name":"` + secret + "\xff" + `"}`, 400, "invalid_utf8", "", nil},
		{"UTF-16", persons, w.operator, "\xff\xfe{\x00}\x00", 400, "invalid_utf8", "", nil},
		{"a high surrogate alone", persons, w.operator, `{"name":"\ud83d"}`, 400, "invalid_utf8", "", nil},
		{"a low surrogate alone", persons, w.operator, `{"name":"\ude00 "}`, 400, "invalid_utf8", "", nil},
		{"a pair the wrong way round", persons, w.operator, `{"name":"\ude00\ud83d"}`, 400, "invalid_utf8", "", nil},
		{
			"a high surrogate before another escape",
			persons,
			w.operator,
			`{"name":"\ud83d\u0041"}`,
			400,
			"invalid_utf8",
			"",
			nil,
		},
		{"a member twice", persons, w.operator, `{"name":"A","name":"B"}`, 400, "malformed", "name", nil},
		{
			"a member twice, once escaped",
			persons,
			w.operator,
			`{"name":"A","\u006eame":"B"}`,
			400,
			"malformed",
			"name",
			nil,
		},
		{
			"a member twice, deep",
			deregistrations,
			w.operator,
			`{"documents":[{},{"type":"other","type":"passport"}]}`,
			400,
			"malformed",
			"documents[1].type",
			nil,
		},
		{"a number beyond all", persons, w.operator, `{"name":` + secret + `e999}`, 400, "malformed", "name", nil},
		{
			"a long number",
			persons,
			w.operator,
			`{"name":` + strings.Repeat("9", 5000) + `}`,
			400,
			"malformed",
			"name",
			nil,
		},
		{"nested without end", persons, w.operator, `{"name":` + strings.Repeat("[", 30000), 400, "malformed", "", nil},
		{
			"nested deep and closed",
			persons,
			w.operator,
			`{"name":` + strings.Repeat("[", 50) + strings.Repeat("]", 50) + `}`,
			400,
			"malformed",
			"",
			nil,
		},
		{
			"a body over the limit",
			persons,
			w.operator,
			`{"name":"` + strings.Repeat("a", 64<<10) + `"}`,
			413,
			"body_too_large",
			"",
			nil,
		},
		{
			"a body over the limit in chunks",
			persons,
			w.operator,
			io.MultiReader(strings.NewReader(strings.Repeat(" ", 70<<10))),
			413,
			"body_too_large",
			"",
			nil,
		},
		{
			"a body of the limit and a byte",
			persons,
			w.operator,
			strings.Repeat(" ", 64<<10+1),
			413,
			"body_too_large",
			"",
			nil,
		},
		{
			"a body of the limit",
			persons,
			w.operator,
			strings.Repeat(" ", 64<<10-2) + "{}",
			422,
			"required",
			"birth_date",
			nil,
		},

		{
			"text/plain",
			persons,
			w.operator,
			w.person,
			415,
			"unsupported_media_type",
			"header.Content-Type",
			[]header{{"Content-Type", "text/plain"}},
		},
		{
			"a form",
			persons,
			w.operator,
			"iin=" + secret,
			415,
			"unsupported_media_type",
			"header.Content-Type",
			[]header{{"Content-Type", "application/x-www-form-urlencoded"}},
		},
		{
			"XML",
			persons,
			w.operator,
			"<iin/>",
			415,
			"unsupported_media_type",
			"header.Content-Type",
			[]header{{"Content-Type", "application/xml; x=" + secret}},
		},
		{
			"JSON in another encoding",
			persons,
			w.operator,
			w.person,
			415,
			"unsupported_media_type",
			"header.Content-Type",
			[]header{{"Content-Type", "application/json; charset=windows-1251"}},
		},
		{
			"a content type that is none",
			persons,
			w.operator,
			w.person,
			415,
			"unsupported_media_type",
			"header.Content-Type",
			[]header{{"Content-Type", ";;"}},
		},
		{
			"gzip",
			persons,
			w.operator,
			gzipped(t, "{}"),
			415,
			"unsupported_media_type",
			"header.Content-Encoding",
			[]header{{"Content-Encoding", "gzip"}},
		},

		{
			"no Idempotency-Key",
			persons,
			w.operator,
			w.person,
			400,
			"idempotency_key_required",
			"header.Idempotency-Key",
			[]header{{"Idempotency-Key", ""}},
		},
		{
			"a key of spaces",
			persons,
			w.operator,
			w.person,
			400,
			"idempotency_key_required",
			"header.Idempotency-Key",
			[]header{{"Idempotency-Key", "   "}},
		},
		{
			"a key of 201 characters",
			persons,
			w.operator,
			w.person,
			400,
			"idempotency_key_required",
			"header.Idempotency-Key",
			[]header{{"Idempotency-Key", strings.Repeat("k", 201)}},
		},
		{
			"If-Match without quotes",
			registrations,
			w.operator,
			w.stay,
			422,
			"malformed",
			"header.If-Match",
			[]header{{"If-Match", "3"}},
		},
		{
			"a weak If-Match",
			registrations,
			w.operator,
			w.stay,
			422,
			"malformed",
			"header.If-Match",
			[]header{{"If-Match", `W/"1"`}},
		},
		{
			"a list of If-Match",
			registrations,
			w.operator,
			w.stay,
			422,
			"malformed",
			"header.If-Match",
			[]header{{"If-Match", `"1", "2"`}},
		},
		{
			"any If-Match",
			registrations,
			w.operator,
			w.stay,
			422,
			"malformed",
			"header.If-Match",
			[]header{{"If-Match", "*"}},
		},
		{
			"a negative If-Match",
			registrations,
			w.operator,
			w.stay,
			422,
			"malformed",
			"header.If-Match",
			[]header{{"If-Match", `"-1"`}},
		},
		{
			"an If-Match beyond all",
			registrations,
			w.operator,
			w.stay,
			422,
			"malformed",
			"header.If-Match",
			[]header{{"If-Match", `"9999999999999999999"`}},
		},
		{
			"a long If-Match",
			registrations,
			w.operator,
			w.stay,
			422,
			"too_long",
			"header.If-Match",
			[]header{{"If-Match", `"` + strings.Repeat("1", 50) + `"`}},
		},
		{
			"a stale If-Match",
			registrations,
			w.operator,
			w.stay,
			412,
			"stale_revision",
			"",
			[]header{{"If-Match", `"0"`}},
		},
		{
			"an If-Match that is ahead",
			registrations,
			w.operator,
			w.stay,
			412,
			"stale_revision",
			"",
			[]header{{"If-Match", `"7"`}},
		},
		{
			"If-Match of a record that begins",
			persons,
			w.operator,
			w.person,
			412,
			"stale_revision",
			"",
			[]header{{"If-Match", `"0"`}},
		},
		{
			"If-Match of a list that begins",
			"/v1/queues",
			w.commission,
			body{"body": "b", "settlement": "s", "title": "t"},
			412,
			"stale_revision",
			"",
			[]header{{"If-Match", `"0"`}},
		},
		{
			"If-Match of an application that begins",
			applications,
			w.operator,
			apply,
			412,
			"stale_revision",
			"",
			[]header{{"If-Match", `"0"`}},
		},
		{
			"If-Match of a deregistration that begins",
			deregistrations,
			w.as(w.owner),
			removal,
			412,
			"stale_revision",
			"",
			[]header{{"If-Match", `"0"`}},
		},

		{
			"unknown parameter",
			persons + "?notify=true",
			w.operator,
			w.person,
			422,
			"unknown_field",
			"query.notify",
			nil,
		},
		{
			"a value in the place of a parameter",
			persons + "?" + secret + "=iin",
			w.operator,
			w.person,
			422,
			"unknown_field",
			"query",
			nil,
		},
		{"dry_run without a value", persons + "?dry_run", w.operator, w.person, 422, "malformed", "query.dry_run", nil},
		{
			"dry_run that is no boolean",
			persons + "?dry_run=" + secret,
			w.operator,
			w.person,
			422,
			"wrong_type",
			"query.dry_run",
			nil,
		},
		{
			"dry_run twice",
			persons + "?dry_run=true&dry_run=false",
			w.operator,
			w.person,
			422,
			"malformed",
			"query.dry_run",
			nil,
		},
		{
			"dry_run in a query that half parses",
			persons + "?dry_run=true;x=1",
			w.operator,
			w.person,
			400,
			"malformed",
			"",
			nil,
		},
		{"dry_run with a broken escape", persons + "?dry_run=%zz", w.operator, w.person, 400, "malformed", "", nil},
		{"dry_run in capitals", persons + "?DRY_RUN=true", w.operator, w.person, 422, "unknown_field", "query", nil},

		stay("until before effective_from", body{"until": "2026-03-14"}, "until_before_effective_from", "until"),
		stay("until on effective_from", body{"until": "2026-03-15"}, "until_before_effective_from", "until"),
		stay("a year and a day", body{"until": "2027-03-16"}, "temporary_too_long", "until"),
		stay("a day less than a month", body{"until": "2026-04-14"}, "temporary_too_short", "until"),
		stay("without until", body{"until": nil}, "until_required", "until"),
		stay("that begins tomorrow", body{"effective_from": "2026-03-16"}, "date_in_future", "effective_from"),
		stay("permanent with until", body{"kind": "permanent"}, "until_not_allowed", "until"),
		stay("of an unknown kind", body{"kind": "holiday"}, "value_unknown", "kind"),
		stay(
			"before birth",
			body{"effective_from": "1985-01-01", "kind": "permanent", "until": nil},
			"before_birth",
			"effective_from",
		),
		stay("of nobody", body{"person_id": nobody}, "person_unknown", "person_id"),
		stay(
			"of the zero person",
			body{"person_id": "00000000-0000-0000-0000-000000000000"},
			"person_unknown",
			"person_id",
		),
		stay("of an id that is none", body{"person_id": secret}, "id_format", "person_id"),
		stay("of an urn that is none", body{"person_id": secret[:9] + w.guest}, "id_format", "person_id"),
		stay("at no dwelling", body{"dwelling_id": nobody}, "dwelling_unknown", "dwelling_id"),
		stay("at a person", body{"dwelling_id": w.guest}, "dwelling_unknown", "dwelling_id"),
		stay(
			"with a consent of nobody in particular",
			body{"consents": []body{{"given_on": "2026-03-01"}}},
			"required",
			"consents[0].person_id",
		),
		stay(
			"with an unknown member in a consent",
			body{"consents": []body{{"person_id": w.owner, "phone": secret}}},
			"unknown_field",
			"consents[0].phone",
		),
		stay(
			"with a consent of before the birth of its giver",
			body{"consents": []body{{"person_id": w.owner, "given_on": "1890-01-01"}}},
			"before_birth",
			"consents[0].given_on",
		),
		stay(
			"with a consent on 31 April",
			body{"consents": []body{{"person_id": w.owner}, {"person_id": w.owner, "given_on": "2026-04-31"}}},
			"date_format",
			"consents[1].given_on",
		),
		stay(
			"with a consent in the year 9999",
			body{"consents": []body{{"person_id": w.owner}, {"person_id": w.owner, "given_on": "9999-04-30"}}},
			"date_format",
			"consents[1].given_on",
		),

		out(
			"of nobody",
			w.as(w.owner),
			removal.with(body{"persons": []string{w.guest, nobody}}),
			422,
			"person_unknown",
			"persons[1]",
		),
		out(
			"of one named twice",
			w.as(w.owner),
			removal.with(body{"persons": []string{w.guest, w.guest}}),
			422,
			"named_twice",
			"persons[1]",
		),
		out(
			"of an id that is none",
			w.as(w.owner),
			removal.with(body{"persons": []string{w.guest, secret}}),
			422,
			"id_format",
			"persons[1]",
		),
		out(
			"of a number",
			w.as(w.owner),
			removal.with(body{"persons": []any{w.guest, 7}}),
			422,
			"wrong_type",
			"persons[1]",
		),
		out("of none", w.as(w.owner), removal.with(body{"persons": []string{}}), 422, "required", "persons"),
		out(
			"by one who is no owner",
			w.as(w.guest),
			removal.with(body{"applicant_id": w.guest}),
			422,
			"applicant_not_owner",
			"applicant_id",
		),
		out(
			"on a channel not open to the ground",
			w.as(w.owner),
			removal.with(body{"ground": "court_decision"}),
			422,
			"ground_not_open_on_channel",
			"ground",
		),
		out(
			"on an unknown channel",
			w.as(w.owner),
			removal.with(body{"channel": "telegram"}),
			422,
			"value_unknown",
			"channel",
		),
		out(
			"on a channel not open to the class",
			w.token(domain.RoleProvider),
			paper.with(body{"channel": "provider"}),
			422,
			"channel_not_open_to_class",
			"channel",
		),
		out(
			"on an unknown ground",
			w.as(w.owner),
			removal.with(body{"ground": "quarrel"}),
			422,
			"value_unknown",
			"ground",
		),
		out("by an operator through the portal", w.operator, removal, 403, "channel_not_of_role", "channel"),
		out(
			"signed by hand through the portal",
			w.as(w.owner),
			removal.with(body{"signature": body{"method": "handwritten"}}),
			422,
			"signature_method_not_allowed",
			"signature.method",
		),
		out(
			"signed by nothing",
			w.as(w.owner),
			removal.with(body{"signature": body{}}),
			422,
			"required",
			"signature.method",
		),
		out(
			"on a paper that names another",
			w.operator,
			paper.with(body{"documents": []body{
				{"type": "identity_card", "person_id": w.owner}, {"type": "application", "persons": []string{w.owner}},
			}}),
			422,
			"person_not_named",
			"persons[0]",
		),
		out(
			"by a court, handed in by a stranger",
			w.operator,
			paper.with(body{"ground": "court_decision", "applicant_id": w.guest, "persons": []string{w.owner}}),
			422,
			"applicant_not_entitled",
			"applicant_id",
		),
		out(
			"of an adult who leaves for abroad, by another",
			w.operator,
			paper.with(body{"ground": "departure_abroad"}),
			422,
			"legal_representative_required",
			"applicant_id",
		),
		out(
			"on paper without papers",
			w.operator,
			paper.with(body{"documents": nil}),
			422,
			"identity_document_required",
			"documents",
		),
		out(
			"with an unknown document",
			w.operator,
			paper.with(body{"documents": []body{{"type": "napkin"}}}),
			422,
			"value_unknown",
			"documents[0].type",
		),
		out(
			"with a document of the year 9999",
			w.operator,
			paper.with(body{"documents": []body{{"type": "other"}, {"type": "other", "in_force_on": "9999-01-01"}}}),
			422,
			"date_format",
			"documents[1].in_force_on",
		),

		{
			"a second active entry, at the application",
			applications,
			w.operator,
			application(w.listed, w.list),
			409,
			"already_on_list",
			"applicant_id",
			nil,
		},
		{
			"an application to no list",
			applications,
			w.operator,
			application(w.owner, nobody),
			404,
			"list_unknown",
			"",
			nil,
		},
		{
			"an application of nobody",
			applications,
			w.operator,
			application(nobody, w.list),
			422,
			"person_unknown",
			"applicant_id",
			nil,
		},
		{
			"an application without consent said",
			applications,
			w.operator,
			apply.with(body{"consent": nil}),
			422,
			"required",
			"consent",
			nil,
		},
		{
			"an application with a consent in words",
			applications,
			w.operator,
			apply.with(body{"consent": "yes"}),
			422,
			"wrong_type",
			"consent",
			nil,
		},
		{
			"a family with the applicant",
			applications,
			w.operator,
			apply.with(body{"family": []body{{"person_id": w.owner, "relation": "spouse"}}}),
			422,
			"named_twice",
			"family[0].person_id",
			nil,
		},
		{
			"a family of a neighbour",
			applications,
			w.operator,
			apply.with(body{"family": []body{{"person_id": w.guest, "relation": "neighbour"}}}),
			422,
			"value_unknown",
			"family[0].relation",
			nil,
		},
		{
			"a fourth ground of refusal",
			decision,
			w.commission,
			body{"outcome": "refuse", "ground": "list_too_long", "reasons": secret},
			422,
			"value_unknown",
			"ground",
			nil,
		},
		{
			"a refusal without a ground",
			decision,
			w.commission,
			body{"outcome": "refuse", "reasons": secret},
			422,
			"ground_required",
			"ground",
			nil,
		},
		{
			"a refusal without reasons",
			decision,
			w.commission,
			body{"outcome": "refuse", "ground": "no_consent"},
			422,
			"reasons_required",
			"reasons",
			nil,
		},
		{
			"a refusal with blank reasons",
			decision,
			w.commission,
			body{"outcome": "refuse", "ground": "no_consent", "reasons": " \n "},
			422,
			"reasons_required",
			"reasons",
			nil,
		},
		{
			"a placement with a ground",
			decision,
			w.commission,
			body{"outcome": "place", "ground": "no_consent"},
			422,
			"ground_not_allowed",
			"ground",
			nil,
		},
		{
			"a placement with reasons",
			decision,
			w.commission,
			body{"outcome": "place", "reasons": secret},
			422,
			"ground_not_allowed",
			"reasons",
			nil,
		},
		{
			"a decision of neither kind",
			decision,
			w.commission,
			body{"outcome": "wait"},
			422,
			"value_unknown",
			"outcome",
			nil,
		},
		{
			"a decision on no case",
			"/v1/cases/" + nobody + "/decision",
			w.commission,
			placing,
			404,
			"case_unknown",
			"",
			nil,
		},
		{
			"a decision on an id that is none",
			"/v1/cases/" + secret + "/decision",
			w.commission,
			placing,
			422,
			"id_format",
			"path.id",
			nil,
		},
		{"a stale decision", decision, w.commission, placing, 412, "stale_revision", "", []header{{"If-Match", `"5"`}}},
		{
			"removal for a reason of nobody's",
			entryPath(w.list, w.entry) + "/removal",
			w.commission,
			body{"reason": "approval_taken_back"},
			422,
			"value_unknown",
			"reason",
			nil,
		},
		{
			"removal of nothing",
			entryPath(w.list, nobody) + "/removal",
			w.commission,
			body{"reason": "dwelling_acquired"},
			404,
			"entry_unknown",
			"",
			nil,
		},
		{
			"removal from no list",
			entryPath(nobody, w.entry) + "/removal",
			w.commission,
			body{"reason": "dwelling_acquired"},
			404,
			"list_unknown",
			"",
			nil,
		},
		{
			"removal without a review",
			entryPath(w.list, w.entry) + "/removal",
			w.commission,
			removing,
			409,
			"entry_not_under_review",
			"",
			nil,
		},
		{
			"hearing without a review",
			entryPath(w.list, w.entry) + "/hearing",
			w.commission,
			body{"preliminary": secret},
			409,
			"entry_not_under_review",
			"",
			nil,
		},
		{
			"complaint about what stands",
			entryPath(w.list, w.entry) + "/complaint",
			w.operator,
			body{"grounds": secret},
			409,
			"entry_not_under_review",
			"",
			nil,
		},
		{
			"reinstatement by an act without a number",
			entryPath(w.list, w.entry) + "/reinstatement",
			w.commission,
			body{
				"ground":    "court_act",
				"court_act": body{"number": "", "on": "2026-03-01", "in_force_on": "2026-03-01"},
			},
			422,
			"required",
			"court_act.number",
			nil,
		},
		{
			"reinstatement of one who stands",
			entryPath(w.list, w.entry) + "/reinstatement",
			w.commission,
			body{"ground": "court_act"},
			409,
			"entry_not_removed",
			"",
			nil,
		},

		{"dwelling: no code", "/v1/dwellings", w.operator, body{"address": "A"}, 422, "required", "rka", nil},
		{
			"dwelling: address of spaces",
			"/v1/dwellings",
			w.operator,
			body{"rka": rka(), "address": " "},
			422,
			"required",
			"address",
			nil,
		},
		{
			"dwelling: KATO of 8 digits",
			"/v1/dwellings",
			w.operator,
			body{"rka": rka(), "address": "A", "kato": "71131000"},
			422,
			"malformed",
			"kato",
			nil,
		},
		{
			"dwelling: KATO of other digits",
			"/v1/dwellings",
			w.operator,
			body{"rka": rka(), "address": "A", "kato": "٧١١٣١٠٠٠٠"},
			422,
			"malformed",
			"kato",
			nil,
		},
		{
			"dwelling: RKA of letters",
			"/v1/dwellings",
			w.operator,
			body{"rka": "x" + secret, "address": "A"},
			422,
			"malformed",
			"rka",
			nil,
		},
		{
			"dwelling: KATO of no region",
			"/v1/dwellings",
			w.operator,
			body{"rka": rka(), "address": "A", "kato": "001310000"},
			422,
			"kato_format",
			"kato",
			nil,
		},
		{
			"dwelling: unknown owner",
			"/v1/dwellings",
			w.operator,
			body{"rka": rka(), "address": "A", "owners": []body{{"person_id": nobody}}},
			422,
			"person_unknown",
			"owners[0].person_id",
			nil,
		},
		{
			"dwelling: owner twice",
			"/v1/dwellings",
			w.operator,
			body{"rka": rka(), "address": "A", "owners": []body{{"person_id": w.owner}, {"person_id": w.owner}}},
			422,
			"named_twice",
			"owners[1].person_id",
			nil,
		},
		{
			"dwelling: share of a third and a bit",
			"/v1/dwellings",
			w.operator,
			body{"rka": rka(), "address": "A", "owners": []body{{"person_id": w.owner, "share": "1/3+"}}},
			422,
			"share_format",
			"owners[0].share",
			nil,
		},
		{
			"dwelling: more than whole",
			"/v1/dwellings",
			w.operator,
			body{
				"rka":     rka(),
				"address": "A",
				"owners":  []body{{"person_id": w.owner, "share": "2/3"}, {"person_id": w.guest, "share": "1/2"}},
			},
			422,
			"shares_exceed_one",
			"owners",
			nil,
		},
		{
			"owners of no dwelling",
			"/v1/dwellings/" + nobody + "/owners",
			w.operator,
			body{"owners": []body{}},
			404,
			"dwelling_unknown",
			"",
			nil,
		},
		{
			"owners from tomorrow",
			"/v1/dwellings/" + w.dwelling + "/owners",
			w.operator,
			body{"owners": []body{}, "effective_on": "2026-03-16"},
			422,
			"date_in_future",
			"effective_on",
			nil,
		},
		{
			"list: blank title",
			"/v1/queues",
			w.commission,
			body{"body": "b", "settlement": "s", "title": "\t"},
			422,
			"required",
			"title",
			nil,
		},
		{
			"search for no IIN",
			"/v1/persons/search",
			w.operator,
			body{"purpose": "service", "iin": secret[:11]},
			422,
			"iin_format",
			"iin",
			nil,
		},
		{"search for nobody", "/v1/persons/search", w.operator, body{"purpose": "service", "iin": secret}, 404, "person_unknown", "iin", nil},
	})

	t.Run("reads", func(t *testing.T) {
		auditor := w.token(domain.RoleAuditor)
		history, entries, residence := "/v1/persons/"+w.owner+"/history", "/v1/queues/"+w.list+"/entries", "/v1/persons/"+w.owner+"/residence"
		for _, row := range []struct {
			path   string
			send   []header
			status int
			code   domain.Code
			field  string
		}{
			{"/v1/cases/" + secret, nil, 422, "id_format", "path.id"},
			{"/v1/cases/urn:uuidx" + w.caseID, nil, 422, "id_format", "path.id"},
			{"/v1/cases/00000000-0000-0000-0000-000000000000", nil, 404, "case_unknown", ""},
			{"/v1/queues/" + w.list + "x/entries", nil, 422, "id_format", "path.list_id"},
			{history + "?cursor=x", nil, 422, "malformed", "query.cursor"},
			{history + "?cursor=" + strings.Repeat("9", 20), nil, 422, "malformed", "query.cursor"},
			{history + "?cursor=" + strings.Repeat("9", 21), nil, 422, "too_long", "query.cursor"},
			{history + "?cursor=-1", nil, 422, "malformed", "query.cursor"},
			{history + "?limit=0", nil, 422, "malformed", "query.limit"},
			{history + "?limit=1001", nil, 422, "malformed", "query.limit"},
			{history + "?limit=ten", nil, 422, "wrong_type", "query.limit"},
			{history + "?limit=1e3", nil, 422, "wrong_type", "query.limit"},
			{history + "?limit=99999999999999999999", nil, 422, "wrong_type", "query.limit"},
			{history + "?page=2", nil, 422, "unknown_field", "query.page"},
			{entries + "?cursor=x", nil, 422, "malformed", "query.cursor"},
			{entries + "?cursor=" + strings.Repeat("0", 68), nil, 422, "malformed", "query.cursor"},
			{entries + "?cursor=" + strings.Repeat("0", 201), nil, 422, "too_long", "query.cursor"},
			{entries + "?limit=501", nil, 422, "malformed", "query.limit"},
			{"/v1/queues/" + nobody + "/entries", nil, 404, "list_unknown", ""},
			{residence + "?as_of=2026-02-30", nil, 422, "date_format", "query.as_of"},
			{residence + "?as_of=yesterday", nil, 422, "date_format", "query.as_of"},
			{residence + "?as_of=9999-12-31T23:59:59Z", nil, 422, "date_format", "query.as_of"},
			{residence + "?as_of=0000-01-01T00:00:00%2B14:00", nil, 422, "date_format", "query.as_of"},
			{residence + "?as_of=", nil, 422, "malformed", "query.as_of"},
			{residence + "?known_at=2026-03-01T12:00:00+05:00", nil, 422, "date_format", "query.known_at"},
			{residence + "?known_at=9999-12-31T23:59:59-10:00", nil, 422, "date_format", "query.known_at"},
			{residence + "?as_of=2026-03-01&as_of=2026-03-02", nil, 422, "malformed", "query.as_of"},
			{residence, []header{{"Tizilim-Position", "x"}}, 422, "malformed", "header.Tizilim-Position"},
			{residence, []header{{"Tizilim-Position", "-1"}}, 422, "malformed", "header.Tizilim-Position"},
			{residence, []header{{"Tizilim-Position", strings.Repeat("9", 20)}}, 422, "malformed", "header.Tizilim-Position"},
			{"/v1/persons/" + nobody + "/residence", nil, 404, "person_unknown", ""},
			{"/v1/persons/" + nobody + "/residence?as_of=2026-03-01", nil, 404, "person_unknown", ""},
			{"/v1/persons/" + nobody + "/history", nil, 404, "person_unknown", ""},
			{"/v1/persons/" + w.dwelling + "/history", nil, 404, "person_unknown", ""},
			{"/v1/dwellings/" + nobody + "/history", []header{{"Accept", "application/x-ndjson"}}, 404, "dwelling_unknown", ""},
			{"/v1/dwellings/" + nobody + "/residents", nil, 404, "dwelling_unknown", ""},
			{"/v1/dwellings/" + w.owner + "/residents?known_at=2026-03-15", nil, 404, "dwelling_unknown", ""},
		} {
			t.Run(row.path+fmt.Sprint(row.send), func(t *testing.T) {
				a := r.at(t).get(row.path, auditor, row.send...).refused(row.status, row.code, row.field)
				if strings.Contains(a.text, secretPart) {
					t.Errorf("the refusal repeats the value: %s", a.text)
				}
			})
		}
	})

	t.Run("what is just within bounds is taken", func(t *testing.T) {
		s := r.at(t)
		dry := "?dry_run=true"
		s.command(registrations+dry, w.operator, w.stay.with(body{"until": "2027-03-15"})).is(200) // exactly a year
		s.command(registrations+dry, w.operator, w.stay.with(body{"until": "2026-04-15"})).is(200) // exactly a month
		s.command(registrations+dry, w.operator, w.stay, header{"If-Match", `"1"`}).is(200)
		s.command(persons+dry, w.operator, w.person.with(body{"name": strings.Repeat("Ә", 200)})).is(200)
		s.command(persons+dry, w.operator, w.person, header{"Content-Type", "application/json; charset=UTF-8"}).is(200)
		s.command(persons+dry, w.operator, w.person, header{"Accept", "text/html, */*;q=0.1"}).is(200)
		s.command(persons+dry, w.operator, w.person, header{"Idempotency-Key", strings.Repeat("k", 200)}).is(200)
		s.command(persons+dry, w.operator, w.person.with(body{"class": "refugee", "iin": nil})).is(200)
		s.command(persons+dry, w.operator, strings.ReplaceAll(`{"name":"😀 \\ud800","birth_date":"1990-05-17","class":"refugee"}`, "😀", `\ud83d\ude00`)).
			is(200)
		s.command(deregistrations+dry, w.operator, paper).is(200)
	})
}

func gzipped(t *testing.T, text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write([]byte(text))
	must(t, err)
	must(t, z.Close())
	return b.String()
}

// A second active entry is refused at the decision too, when both applications
// came before either was decided.
func TestTheSecondOfTwoApplicationsIsRefusedAtTheDecision(t *testing.T) {
	s := start(t).at(t)
	list, person := s.list(), s.citizen()
	first, second := s.applied(person, list), s.applied(person, list)
	s.placed(first)
	before := s.head()
	s.command("/v1/cases/"+second+"/decision", s.token(domain.RoleCommission), placing).
		refused(http.StatusConflict, domain.CodeAlreadyOnList, "applicant_id")
	s.command("/v1/cases/"+first+"/decision", s.token(domain.RoleCommission), placing).
		refused(http.StatusConflict, domain.CodeCaseDecided, "")
	if after := s.head(); after != before {
		t.Errorf("the log moved from %d to %d", before, after)
	}
}

// Requests that no HTTP client sends.
func TestRawRequests(t *testing.T) {
	s := start(t).at(t)
	head := "POST /v1/persons HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer " + s.token(
		domain.RoleOperator,
	) +
		"\r\nIdempotency-Key: raw\r\nContent-Type: application/json\r\n"
	for what, request := range map[string]string{
		"a body shorter than its length, then nothing": head + "Content-Length: 100\r\n\r\n{}",
		"chunks that are none":                         head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
	} {
		t.Run(what, func(t *testing.T) {
			conn, err := net.Dial("tcp", strings.TrimPrefix(s.http.URL, "http://"))
			must(t, err)
			defer conn.Close()
			_, err = io.WriteString(conn, request)
			must(t, err)
			must(t, conn.(*net.TCPConn).CloseWrite())
			text, err := io.ReadAll(conn)
			must(t, err)
			if !strings.HasPrefix(string(text), "HTTP/1.1 400 ") ||
				!strings.Contains(string(text), `"code":"malformed"`) {
				t.Errorf("answered %s", text)
			}
		})
	}
}

// Whatever has a body takes it in the one form that it declares, by whichever method it comes.
func TestNoOperationTakesABodyOfAnotherForm(t *testing.T) {
	s := start(t).at(t)
	asked := map[string]int{}
	for _, op := range s.operations() {
		if op.Example == "" || op.Of.Recorded() { // the right to the record is asked first
			continue
		}
		token := s.token(op.Roles[0])
		if op.Roles[0] == domain.RoleCitizen {
			token = s.as(s.citizen())
		}
		asked[op.Method]++
		for field, h := range map[string]header{
			"header.Content-Encoding": {"Content-Encoding", "gzip"},
			"header.Content-Type":     {"Content-Type", "application/xml"},
		} {
			s.send(op.Method, op.address(), token, op.Example, h).
				refused(http.StatusUnsupportedMediaType, domain.CodeMediaType, field)
		}
	}
	if asked["POST"] < 10 || asked["PUT"] < 1 {
		t.Errorf("asked: %v", asked)
	}
}
