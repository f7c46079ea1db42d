package httpapi_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"tizilim/domain"
	"tizilim/domain/notice"
	"tizilim/httpapi"
	"tizilim/httpapi/operation"
)

// unversioned are the routes that the document does not describe: those of
// operation, pages, and the document itself.
var unversioned = []string{
	"GET /healthz", "GET /readyz",
	"GET /", "GET /docs", "GET /docs/{file}", "GET /problems", "GET /problems/{code}", "GET /assets/{file}", "GET /openapi.json", "GET /openapi.yaml", "GET /openapi-3.0.json", "GET /openapi-3.0.yaml",
}

func TestTheDocumentListsExactlyTheRoutes(t *testing.T) {
	s := start(t).at(t)
	documented := slices.Clone(unversioned)
	for _, op := range s.operations() {
		documented = append(documented, op.Method+" "+op.Path)
	}
	slices.Sort(documented)
	routes := httpapi.Routes(s.server)
	slices.Sort(routes)
	if !slices.Equal(documented, routes) {
		t.Errorf("documented:\n%s\nrouted:\n%s", strings.Join(documented, "\n"), strings.Join(routes, "\n"))
	}
	for _, route := range unversioned {
		if !strings.HasPrefix(route, "GET ") {
			t.Errorf("%s is not a mere look", route)
		}
		path := strings.NewReplacer("/docs/{file}", "/docs/swagger-ui.css", "/assets/{file}", "/assets/site.css",
			"{code}", string(domain.CodeIDFormat)).Replace(strings.TrimPrefix(route, "GET "))
		s.get(path, "").is(http.StatusOK)
	}
}

func TestTheDocumentIsWhatTheToolPrints(t *testing.T) {
	s := start(t).at(t)
	printed, err := httpapi.OpenAPI("test")
	must(t, err)
	var want map[string]any
	must(t, json.Unmarshal(printed, &want))
	if got := s.document(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Error("/openapi.json and the tool differ")
	}
}

// schemas compiles the schemas of the document, which for OpenAPI 3.1 are those
// of JSON Schema 2020-12; compiling checks them against its meta-schema.
type schemas struct {
	t        tester
	compiler *jsonschema.Compiler
}

const documentURL = "https://registry.invalid/openapi.json"

func newSchemas(t tester, document map[string]any) schemas {
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	must(t, c.AddResource(documentURL, document))
	return schemas{t, c}
}

func (s schemas) at(pointer ...string) *jsonschema.Schema {
	s.t.Helper()
	for i, p := range pointer {
		pointer[i] = strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(p)
	}
	schema, err := s.compiler.Compile(documentURL + "#/" + strings.Join(pointer, "/"))
	if err != nil {
		s.t.Fatalf("schema at %v: %v", pointer, err)
	}
	return schema
}

func TestTheDocumentIsValidOpenAPI31(t *testing.T) {
	s := start(t).at(t)
	doc := s.document()
	if v, _ := doc["openapi"].(string); !strings.HasPrefix(v, "3.1.") {
		t.Errorf("openapi: %q", v)
	}
	info := doc["info"].(map[string]any)
	if info["title"] == "" || info["version"] != "test" {
		t.Errorf("info: %v", info)
	}
	all := newSchemas(t, doc)
	components := doc["components"].(map[string]any)
	for name := range components["schemas"].(map[string]any) {
		all.at("components", "schemas", name)
	}
	security := components["securitySchemes"].(map[string]any)
	if len(security) != 1 || security["bearer"].(map[string]any)["type"] != "http" {
		t.Errorf("security schemes: %v", security)
	}
	ids := map[string]bool{}
	for _, op := range s.operations() {
		t.Run(op.ID, func(t *testing.T) {
			if ids[op.ID] {
				t.Error("the id is not its own")
			}
			ids[op.ID] = true
			if op.doc["summary"] == nil || len(op.doc["tags"].([]any)) == 0 {
				t.Error("no summary, or no tag")
			}
			open := slices.Contains(op.Roles, operation.Anyone)
			if (fmt.Sprint(op.doc["security"]) == "[map[bearer:[]]]") == open {
				t.Errorf("security: %v", op.doc["security"])
			}
			inPath := map[string]bool{}
			for _, p := range pathParameter.FindAllString(op.Path, -1) {
				inPath[strings.Trim(p, "{}")] = true
			}
			parameters := map[string]map[string]any{}
			list, _ := op.doc["parameters"].([]any)
			for i, p := range list {
				p := p.(map[string]any)
				name, in := p["name"].(string), p["in"].(string)
				parameters[name] = p
				all.at("paths", op.Path, strings.ToLower(op.Method), "parameters", fmt.Sprint(i), "schema")
				switch in {
				case "path":
					if !inPath[name] || p["required"] != true {
						t.Errorf("parameter %s: not in the path, or not required", name)
					}
					delete(inPath, name)
					if p["schema"].(map[string]any)["format"] != "uuid" && name != "code" && name != "service" { // neither names a person
						t.Errorf("parameter %s is no UUID", name)
					}
				case "query", "header":
				default:
					t.Errorf("parameter %s in %s", name, in)
				}
			}
			if len(inPath) > 0 {
				t.Errorf("parameters of the path that are not described: %v", inPath)
			}
			want := []string{"400", "401", "403", "404", "406", "422", "429", "500", "503"}
			if open {
				want = []string{"400", "404", "406", "422", "429", "500", "503"}
			}
			_, hasBody := op.doc["requestBody"]
			if hasBody {
				want = append(want, "408", "413", "415")
				all.at("paths", op.Path, strings.ToLower(op.Method), "requestBody", "content", mediaOf(op.doc["requestBody"]), "schema")
			}
			if hasBody != (op.Method == "POST" || op.Method == "PUT") {
				t.Errorf("%s with body: %v", op.Method, hasBody)
			}
			if op.Changes() {
				want = append(want, "409", "412")
				if parameters["Idempotency-Key"]["required"] != true {
					t.Error("a command that can do without an Idempotency-Key")
				}
				if parameters["If-Match"] == nil || parameters["dry_run"]["in"] != "query" {
					t.Error("a command without If-Match or dry_run")
				}
			} else if parameters["Idempotency-Key"] != nil {
				t.Error("a read with an Idempotency-Key")
			}
			successes := 0
			var got []string
			for status, response := range op.doc["responses"].(map[string]any) {
				if status == "304" { // says nothing
					continue
				}
				content := response.(map[string]any)["content"].(map[string]any)
				if status < "400" {
					successes++
					if given, forms := slices.Sorted(maps.Keys(content)), slices.Sorted(slices.Values(op.Forms())); !slices.Equal(given, forms) {
						t.Errorf("%s is described as %v, and given as %v", status, given, forms)
					}
					all.at(
						"paths",
						op.Path,
						strings.ToLower(op.Method),
						"responses",
						status,
						"content",
						mediaOf(op.doc["responses"].(map[string]any)[status]),
						"schema",
					)
					continue
				}
				got = append(got, status)
				if types := slices.Collect(maps.Keys(content)); !slices.Equal(
					types,
					[]string{"application/problem+json"},
				) {
					t.Errorf("%s is of %v", status, types)
				}
			}
			slices.Sort(got)
			slices.Sort(want)
			ways := 1
			if op.Pending != "" { // or it waits for another act
				ways = 2
			}
			if !slices.Equal(got, want) || successes != ways {
				t.Errorf("documented refusals %v, want %v; successes: %d", got, want, successes)
			}
		})
	}
}

// mediaOf is the media type of a body or an answer: JSON where it can be JSON.
func mediaOf(described any) string {
	content := described.(map[string]any)["content"].(map[string]any)
	types := slices.Sorted(maps.Keys(content))
	if slices.Contains(types, "application/json") {
		return "application/json"
	}
	return types[0]
}

// The example of an operation passes the form checks of its body, and the document
// shows it.
func TestTheExampleOfABodyIsWhatItsSchemaSays(t *testing.T) {
	s := start(t).at(t)
	all := newSchemas(t, s.document())
	for _, op := range s.operations() {
		if op.Example == "" {
			continue
		}
		media := mediaOf(op.doc["requestBody"])
		schema := all.at("paths", op.Path, strings.ToLower(op.Method), "requestBody", "content", media, "schema")
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(op.Example))
		must(t, err)
		if err := schema.Validate(v); err != nil {
			t.Errorf("the example of %s: %v", op.ID, err)
		}
		content := op.doc["requestBody"].(map[string]any)["content"].(map[string]any)[media].(map[string]any)
		shown, err := json.Marshal(content["example"])
		must(t, err)
		var want any
		must(t, json.Unmarshal([]byte(op.Example), &want))
		declared, err := json.Marshal(want)
		must(t, err)
		if string(shown) != string(declared) {
			t.Errorf("%s: the document shows %s", op.ID, shown)
		}
		if op.Changes() && media == "application/json" { // what the schema does not know, such as days and ids, is checked when the body is read
			a := s.command(op.address()+"?dry_run=true", s.token(op.Roles[0]), op.Example)
			if code := fmt.Sprint(a.body["code"]); slices.Contains(
				[]string{"malformed", "id_format", "date_format", "wrong_type", "unknown_field"},
				code,
			) {
				t.Errorf("the example of %s is refused: %s", op.ID, a.text)
			}
		}
	}
}

// Every operation answers once for real, and its answer is what its schema says;
// so is a refusal.
func TestAnswersAreWhatTheirSchemasSay(t *testing.T) {
	r := start(t)
	s := r.at(t)
	doc := s.document()
	all := newSchemas(t, doc)
	documented := map[string]route{}
	for _, op := range s.operations() {
		documented[op.ID] = op
	}
	examples := readExamples(t)
	fits := func(id, media string, a *answer) *answer {
		t.Helper()
		op, ok := documented[id]
		if !ok {
			t.Fatalf("%s is not documented, or was proven before", id)
		}
		delete(documented, id)
		if got := a.header.Get("Content-Type"); got != media {
			t.Errorf("%s: answer of type %q, want %q", id, got, media)
		}
		responses := op.doc["responses"].(map[string]any)
		response, ok := responses[fmt.Sprint(a.status)].(map[string]any)
		if !ok {
			t.Fatalf("%s answers %d, which is not documented: %s", id, a.status, a.text)
		}
		schema := all.at(
			"paths",
			op.Path,
			strings.ToLower(op.Method),
			"responses",
			fmt.Sprint(a.status),
			"content",
			media,
			"schema",
		)
		for line := range strings.Lines(a.text) {
			if media == "application/pdf" {
				break
			}
			v, err := jsonschema.UnmarshalJSON(strings.NewReader(line))
			must(t, err)
			if err := schema.Validate(v); err != nil {
				t.Errorf("%s: %v\n%s", id, err, line)
			}
		}
		if media == "application/json" {
			examples.see(t, id, a, response["content"].(map[string]any)[media].(map[string]any)["example"], schema)
		}
		headers, _ := response["headers"].(map[string]any)
		for name := range headers {
			if a.header.Get(name) == "" {
				t.Errorf("%s: documented header %s is missing", id, name)
			}
		}
		for _, name := range []string{"ETag", "Tizilim-Position", "Idempotent-Replayed"} {
			if a.header.Get(name) != "" && headers[name] == nil {
				t.Errorf("%s: header %s is not documented", id, name)
			}
		}
		if got := a.header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s: Cache-Control %q", id, got)
		}
		return a
	}
	json, operator, commission, auditor := "application/json", s.token(
		domain.RoleOperator,
	), s.token(
		domain.RoleCommission,
	), s.token(
		domain.RoleAuditor,
	)

	iin := s.iin()
	owner := fits("record-person", json, s.command("/v1/persons", operator, body{
		"iin": iin, "name": "Айгүл", "birth_date": "1990-05-17", "class": "citizen",
	}).is(201)).id("person_id")
	fits("search-person", json, s.send("POST", "/v1/persons/search", operator, body{"purpose": "service", "iin": iin}).is(200))
	fits("preview-signature", json, s.send("POST", "/v1/signatures/preview", s.as(owner), body{
		"request": "POST /v1/housing-applications", "idempotency_key": "a key", "application": body{"consent": true},
	}).is(200))
	s.reachable(owner, "+77010000000")
	fits("send-password", json, s.command("/v1/otp", s.as(owner), body{"digest": strings.Repeat("0", 64)}).is(201))
	dwelling := fits("record-dwelling", json, s.command("/v1/dwellings", operator, body{
		"rka": rka(), "address": "Астана", "owners": []body{{"person_id": owner, "share": "1/2"}},
	}).is(201)).id("dwelling_id")
	fits(
		"describe-dwelling",
		json,
		s.command("/v1/dwellings/"+dwelling+"/description", operator, body{"place": "apartment", "useful_area": 54.3}).
			is(200),
	)
	s.command("/v1/dwellings", operator, body{"rka": rka(), "kato": "711310000", "address": "Астана, Ескі көше, 1"}).is(201)
	street := fits("rename-street", json, s.command("/v1/street-renamings", s.token(domain.RoleProvider), body{
		"kato": "711310000", "from": "Ескі көше", "to": "Жаңа көше", "basis": paper,
	}).is(201)).id("renaming_id")
	fits("get-street-renaming", json, s.get("/v1/street-renamings/"+street, operator).is(200))
	shed := s.command("/v1/dwellings", operator, body{"rka": rka(), "address": "Астана"}).is(201).id("dwelling_id")
	fits("end-dwelling", json, s.command("/v1/dwellings/"+shed+"/end", s.token(domain.RoleProvider), body{
		"how": "demolished", "basis": paper,
	}).is(200))
	code := rka()
	fits("recode-dwelling", json, s.command("/v1/dwellings/"+dwelling+"/codes", operator, body{"rka": code, "basis": paper}).is(200))
	fits("search-dwelling", json, s.send("POST", "/v1/dwellings/search", operator, body{"address": "Ескі көше 1"}).is(200))
	sale := fits(
		"change-owners",
		json,
		s.command("/v1/dwellings/"+dwelling+"/owners", operator, body{"owners": []body{{"person_id": owner}}, "basis": paper}).is(202),
	)
	sold := fits(
		"answer-owners-change",
		json,
		s.command("/v1/dwellings/"+dwelling+"/owners/confirmation", s.secondOfficial(), body{
			"proposal_id": sale.at("pending", "proposal_id"), "outcome": "confirm",
		}).is(200),
	)
	fits("correct-owners", json, s.command("/v1/dwellings/"+dwelling+"/owners/corrections", s.token(domain.RoleProvider), body{
		"event": eventRef(sold, 0), "action": "correct", "owners": []body{{"person_id": owner, "share": "1/1"}},
		"ground": "clerical_error", "reasons": "r", "basis": paper,
	}).is(201))
	s.registered(owner, s.dwelling(), "2026-02-01", "")
	moved := fits(
		"register-residence",
		json,
		s.command("/v1/registrations", operator, registration(owner, dwelling, "2026-03-01", "")).is(201),
	)
	fits("request-departure-sheet", json, s.sheetOf(owner, moved.at("ended", 0).(string), operator).is(201))
	temporary := s.registered(owner, s.dwelling(), "2026-03-01", "2026-06-01")
	fits("get-person-residence", json, s.seen("/v1/persons/"+owner+"/residence", auditor, temporary))
	fits("get-dwelling-residents", json, s.seen("/v1/dwellings/"+dwelling+"/residents", auditor, temporary))
	fits(
		"correct-residence",
		json,
		s.command("/v1/persons/"+owner+"/corrections", s.token(domain.RoleProvider), correction(body{
			"registration_id": temporary.id("registration_id"), "action": "correct", "until": "2026-05-01",
		})).is(201),
	)
	fits("change-person-data", json, s.command("/v1/persons/"+s.child()+"/data", operator, body{
		"kind": "correction", "name": "Дәурен Асқарұлы", "basis": paper,
	}).is(200))
	fits("give-iin", json, s.command("/v1/persons/"+s.recorded("refugee")+"/iin", operator, body{
		"iin": s.iin(), "basis": paper,
	}).is(200))
	twin := "/v1/persons/" + s.recorded("refugee") + "/merges"
	merged := fits("merge-records", json, s.command(twin, operator, body{
		"survivor_id": s.recorded("refugee"), "replaced_iin": "of_absorbed", "basis": paper,
	}).is(200))
	fits("undo-merge", json, s.command(twin+"/undo", s.token(domain.RoleProvider), body{
		"merge": eventRef(merged, 0), "reasons": "a namesake", "basis": paper,
	}).is(200))
	dead := "/v1/persons/" + s.child() + "/death"
	died := fits("record-death", json, s.command(dead, operator, body{"died_on": "2026-03-01", "basis": paper}).is(200))
	fits("annul-death", json, s.command(dead+"/annulment", s.token(domain.RoleProvider), body{
		"death": eventRef(died, 0), "reasons": "a namesake", "basis": paper,
	}).is(200))
	represented := "/v1/persons/" + s.child() + "/representatives"
	fits(
		"record-representative",
		json,
		s.command(represented, operator, body{"representative_id": owner, "kind": "guardian"}).is(201),
	)
	fits("get-representatives", json, s.get(represented, operator).is(200))
	fits(
		"end-representation",
		json,
		s.command(represented+"/removal", operator, body{"representative_id": owner, "reasons": "r"}).is(200),
	)
	forgotten := "/v1/persons/" + s.child()
	held := s.command(forgotten+"/holds", s.token(domain.RoleProvider), body{"basis": "ruling 7"}).is(201)
	fits("place-hold", json, held)
	fits("lift-hold", json, s.command(forgotten+"/holds/lifting", s.token(domain.RoleProvider), body{
		"hold_id": held.id("hold_id"), "basis": "decision 8",
	}).is(200))
	s.notify(nil) // from here on
	fits(
		"confirm-own-contacts",
		json,
		s.command("/v1/me/contacts", s.as(owner), body{"phone": "+77010000001", "email": "owner@example.kz", "language": "kk"}).
			is(200),
	)
	fits(
		"confirm-contacts",
		json,
		s.command("/v1/persons/"+owner+"/contacts", operator, body{"phone": "+77010000001", "email": "owner@example.kz", "language": "ru", "basis": paper}).
			is(200),
	)
	codes := s.mobile.messages()
	fits(
		"confirm-own-contact",
		json,
		s.command("/v1/me/contacts/confirmation", s.as(owner), codeOf(codes[len(codes)-2])).is(200),
	)
	fits(
		"confirm-contact",
		json,
		s.command("/v1/persons/"+owner+"/contacts/confirmation", operator, codeOf(codes[len(codes)-1])).is(200),
	)
	fits("get-own-contacts", json, s.get("/v1/me/contacts", s.as(owner)).is(200))
	myself := bornAs(t, "9912312")
	fits("record-myself", json, s.command(selfPath, s.withToken(myself),
		s.named(myself, "СЕРІКОВА АЙГҮЛ", asCitizen, header{"Idempotency-Key", "myself"}), header{"Idempotency-Key", "myself"}).is(201))
	fits("keep-draft", json, s.send("PUT", draftPath, s.as(owner), body{"form": body{"consent": true}}).is(200))
	fits("get-draft", json, s.get(draftPath, s.as(owner)).is(200))
	fits("discard-draft", json, s.send("DELETE", draftPath, s.as(owner), nil).is(200))
	fits("get-prefilled", json, s.get(draftPath+"/prefilled", s.as(owner)).is(200))
	guest := s.citizen()
	consenting.Store(dwelling, []body{{"person_id": owner}})
	s.registered(guest, dwelling, "2026-03-01", "")
	out := fits(
		"deregister",
		json,
		s.command("/v1/deregistrations", s.as(owner), removal(owner, dwelling, guest, owner)).is(201),
	)
	s.notify(out)
	fits("get-own-notices", json, s.seen("/v1/me/notices", s.as(owner), s.notify(out)))
	half := s.dwelling(owner, guest)
	lodger := s.citizen()
	s.registered(lodger, half, "2026-03-01", "")
	asked := s.command("/v1/deregistrations", s.as(owner), removal(owner, half, lodger)).is(201)
	fits(
		"confirm-deregistration",
		json,
		s.command("/v1/cases/"+asked.id("case_id")+"/confirmation", s.as(guest), answered("confirm")).is(200),
	)
	fits("get-case", json, s.seen("/v1/cases/"+out.id("case_id"), auditor, out))
	fits("list-duties", json, s.get("/v1/duties", s.token(domain.RoleOperator)).is(200))
	fits("search-case", json, s.send("POST", "/v1/cases/search", auditor, seeks(body{
		"number": s.numberOf(out.id("case_id"), domain.S001),
	})).is(200))
	fits("list-cases", json, s.get("/v1/cases?overdue=true", auditor).is(200))

	administrator := s.token(domain.RoleAdministrator)
	office := "/v1/bodies/" + fits("record-body", json, s.command("/v1/bodies", administrator, commissionOf()).is(201)).
		id("body_id")
	official := body{"iin": s.iin(), "office": "head", "basis": "order 1"}
	fits("describe-body", json, s.command(office+"/description", administrator,
		body{"names": bodyNames, "bin": "160440007161"}).is(200))
	fits("appoint-official", json, s.command(office+"/officials", administrator, official).is(200))
	account := body{"iin": official["iin"], "account": "office-1"}
	fits("open-account", json, s.command(office+"/accounts", administrator, account).is(200))
	fits("close-account", json, s.command(office+"/accounts/removal", administrator,
		body{"account": "office-1", "reasons": "r"}).is(200))
	fits("end-office", json, s.command(office+"/officials/removal", administrator,
		official.with(body{"on": "2026-03-20"})).is(200))
	fits("rename-body", json, s.command(office+"/name", administrator, body{"names": jointNames, "basis": "r"}).is(200))
	fits("end-body", json, s.command(office+"/end", administrator, body{"how": "wound_up", "basis": "r"}).is(200))
	system := "/v1/bodies/" + s.command("/v1/bodies", administrator, consumerOf()).is(201).id("body_id")
	fits("allow-consumer", json, s.command(system+"/allowance", administrator, allowanceOf("iin", "address")).is(200))
	fits("get-body", json, s.get(system, administrator).is(200))
	_, consumer := s.consumer("tax-1", allowanceOf("iin", "name", "birth_date", "address"))
	told := s.citizen()
	s.registered(told, s.dwelling(told), "2026-03-01", "")
	fits("get-feed", json, s.get("/v1/feed?limit=500", consumer).is(200))
	fits("get-feed-changes", json, s.send("POST", "/v1/feed/changes", consumer, body{
		"purpose": "service", "persons": []string{told}}).is(200))
	fits("set-webhook", json, s.command(system+"/webhook", administrator, body{"url": "https://tax.example.kz/facts"}).is(200))
	fits("end-webhook", json, s.command(system+"/webhook/end", administrator, body{}).is(200))
	fits("end-allowance", json, s.command(system+"/allowance/end", administrator, body{"reasons": "r"}).is(200))
	fits("list-bodies", json, s.get("/v1/bodies", administrator).is(200))

	list := fits(
		"open-queue",
		json,
		s.command("/v1/queues", commission, body{"body": "b", "settlement": "s", "title": "t"}).is(201),
	).id("list_id")
	applied := fits(
		"apply-for-housing",
		json,
		s.command("/v1/housing-applications", operator, application(owner, list).with(body{
			"family": []body{
				{"person_id": guest, "relation": "spouse"},
			}, "documents": []body{{"type": "other", "number": "7"}},
		})).is(201),
	).id("case_id")
	fits(
		"answer-as-family-member",
		json,
		s.command("/v1/cases/"+applied+"/member-consent", operator, body{"given": true, "person_id": guest, "basis": paper}).is(200),
	)
	unmarried := s.command("/v1/housing-applications", operator, application(s.citizen(), list).with(body{
		"family": []body{{"person_id": guest, "relation": "spouse"}},
	})).is(201).id("case_id")
	fits(
		"drop-family-members",
		json,
		s.command("/v1/cases/"+unmarried+"/family-correction", operator, body{"drop": []string{guest}}).is(200),
	)
	s.step(applied, owner, caseStep{"review", nil, domain.RoleCommission}).is(200)
	fits("examine-need", json, s.step(applied, owner, caseStep{"examination", body{
		"findings": []body{
			{
				"kind":            "dwelling_owned",
				"person_id":       guest,
				"source":          "systems",
				"share":           "1/2",
				"before_marriage": true,
			},
			{"kind": "past_benefit", "person_id": guest, "source": "documents", "benefit": "housing_payments"},
		},
		"lookups": []body{{"person_id": owner, "scope": "health"}},
	}, domain.RoleCommission}).is(200))
	fits(
		"change-case-consent",
		json,
		s.command("/v1/cases/"+applied+"/consent", s.as(owner), body{"given": false}).is(200),
	)
	s.command("/v1/cases/"+applied+"/consent", s.as(owner), body{"given": true}).is(200)
	scanned := fits("file-paper", json, s.upload("/v1/cases/"+applied+"/papers", s.as(owner), "a.pdf", scan(9), s.key(), "document_type", "other"))
	fits("get-paper", "application/pdf", s.get("/v1/cases/"+applied+"/papers/"+scanned.id("paper_id"), auditor))
	placed := fits("decide-case", json, s.placed(applied))
	entry := entryPath(list, placed.at("placement", "entry_id").(string))
	fits("get-case-comparison", json, s.get("/v1/cases/"+applied+"/comparison", auditor).is(200))
	fits("get-entry-comparison", json, s.get(entry+"/comparison", commission).is(200))
	fits("get-me", json, s.seen("/v1/me", s.as(owner), placed))
	fits("get-my-services", json, s.seen("/v1/me/services?limit=2", s.as(owner), placed))
	fits("get-my-queue", json, s.seen("/v1/me/queue", s.as(owner), placed))
	fits("get-my-entries", json, s.seen("/v1/me/entries", s.as(owner), placed))
	fits("get-my-accesses", json, s.get("/v1/me/accesses?limit=2", s.as(owner)).is(200))
	fits("list-entries", json, s.seen("/v1/queues/"+list+"/entries", commission, placed))
	s.command(entry+"/review", commission, body{"note": "n"}).is(200)
	fits("entry-hearing", json, s.command(entry+"/hearing", commission, body{"preliminary": "n"}).is(200))
	fits(
		"entry-hearing-end",
		json,
		s.command(entry+"/hearing-end", commission, body{"how": "waived", "protocol": "n"}).is(200),
	)
	s.command(entry+"/hearing", commission, body{"preliminary": "n"}).is(200)
	fits("entry-objection", json, s.command(entry+"/objection", s.as(owner), body{"objection": "n"}).is(200))
	removed := fits(
		"remove-entry",
		json,
		s.command(entry+"/removal", commission, removing.with(body{"note": "n"})).is(200),
	)
	gone := s.seen(entry, commission, removed)
	complaint := fits("entry-complaint", json, s.command(entry+"/complaint", s.as(owner), body{"grounds": "n"}).is(200))
	fits(
		"get-entry",
		json,
		s.seen(
			entry,
			commission,
			fits(
				"entry-complaint-forwarding",
				json,
				s.command(entry+"/complaint-forwarding", commission, body{"to": "ministry"}).is(200),
			),
		),
	)
	fits(
		"entry-complaint-decision",
		json,
		s.command(entry+"/complaint-decision", s.staff(domain.RoleCommission, "commission-2"), body{
			"outcome": "act_annulled", "reasons": "n",
		}).is(200),
	)
	fits(
		"reinstate-entry",
		json,
		s.command(entry+"/reinstatement", commission, body{"ground": "complaint_satisfied", "complaint_id": complaint.id("complaint_id")}).
			is(200),
	)
	leaving := s.citizen()
	s.registered(leaving, dwelling, "2026-03-02", "")
	sheets := s.command("/v1/deregistrations", s.as(owner), removal(owner, dwelling, leaving).with(body{"departure_sheet": true})).
		is(201)
	paper := "/v1/certificates/" + s.issued(sheets, "departure_sheet")
	shown := fits("get-certificate", json, s.seen(paper, auditor, sheets))
	fits("search-certificate", json, s.send("POST", "/v1/certificates/search", auditor, seeks(body{"number": shown.at("number")})).is(200))
	fits("check-certificate", json, s.get("/v1/certificates/check/"+shown.id("check_code"), "").is(200))
	fits("correct-certificate", json, s.command(paper+"/correction", operator, body{
		"corrections": []body{{"field": "address", "value": "Астана, Абай даңғылы, 1"}}, "slip": "s",
	}).is(200))
	fits("duplicate-certificate", json, s.command(paper+"/duplicate", operator, body{}).is(201))
	fits(
		"set-priority-rule",
		json,
		s.command("/v1/queues/"+list+"/priority-rule", commission, body{"categories": []string{"orphan"}, "basis": "act 5"}).
			is(200),
	)
	fits("prioritise-entry", json, s.command(entry+"/priority", commission, body{"category": "orphan"}).is(200))
	fits("report-change", json, s.command(entry+"/change", s.as(owner), body{
		"kind": "family", "happened_on": "2026-03-10", "family": []body{{"person_id": guest, "relation": "disabled_child"}},
		"papers": []body{{"person_id": guest, "document": shownBy("birth_certificate")}},
	}).is(200))
	s.command(entry+"/review", commission, body{"close": true, "note": "n"}.with(lookedAt)).is(200)
	fits(
		"protect-entry",
		json,
		s.command(entry+"/protection", commission, body{"category": "large_family", "because": "n"}).is(200),
	)
	fits("review-entry", json, s.command(entry+"/review", commission, body{"note": "n"}).is(200))
	s.command(entry+"/review", commission, body{"note": "n", "close": true}).is(200)
	fits("change-consent", json, s.command(entry+"/consent", s.as(owner), body{"given": false}).is(200))
	check := body{"on": "2026-03-15", "source": "documents", "in_need": true}
	fits(
		"transfer-entry",
		json,
		s.command(entry+"/transfer", commission, body{"person_id": guest, "cause": "death", "on": "2026-03-10", "need_check": check}.with(lookedAt)).
			is(200),
	)
	r.clock.pass(2 * 24 * time.Hour)
	redated := fits(
		"redate-entry",
		json,
		s.command(entry+"/redating", commission, body{"ground_arose_on": "2026-03-16", "reasons": "n"}).is(200),
	)
	fits("undo-redating", json, s.command(entry+"/redating/undo", commission, body{
		"redating": eventRef(redated, 0), "basis": declining("")["basis"], "reasons": "n",
	}).is(200))
	fits("confirm-entry", json, s.command(entry+"/inventory", commission, body{}).is(200))
	service, other := s.dwelling(), s.service()
	s.command("/v1/dwellings/"+service+"/description", s.token(domain.RoleOperator), body{"place": "house", "useful_area": 30, "rooms": 1}).is(200)
	fits("withdraw-from-stock", json, s.command("/v1/dwellings/"+other+"/stock-withdrawal", commission,
		body{"ground": "unfit", "basis": declining("")["basis"]}).is(200))
	fits("take-into-stock", json, s.command("/v1/dwellings/"+service+"/stock", commission, body{"basis": declining("")["basis"]}).is(200))
	offered := fits("offer-dwelling", json, s.command(entry+"/offer", commission,
		body{"dwelling_id": service, "answer_by": "2026-03-30"}).is(200))
	fits("list-stock", json, s.seen("/v1/bodies/"+ownCommission+"/stock", commission, offered).is(200))
	fits("decline-dwelling", json, s.command(entry+"/decline", commission, declining(service)).is(200))
	ended := fits("end-service", json, s.command(entry+"/service-end", commission, body{
		"on": "2026-03-10", "reasons": "r", "basis": shownBy("other"),
	}).is(200))
	fits("undo-service-end", json, s.command(entry+"/service-end/undo", commission, body{
		"service_end": fmt.Sprint(ended.at("events", 0, "stream"), "@", ended.at("events", 0, "revision")), "reasons": "r", "basis": shownBy("other"),
	}).is(200))
	provided := fits("provide-dwelling", json, s.command(entry+"/provision", commission, body{
		"dwelling_id": service, "useful_area": 30, "rooms": 1, "need_check": check, "minutes": body{"number": "12"},
	}.with(lookedAt)).is(200))
	fits("get-entry-numbers", json, s.seen(entry+"/numbers", auditor, provided))
	fits("list-queues", json, s.get("/v1/queues", auditor).is(200))
	fits("get-requirements", json,
		s.get("/v1/services/s001/requirements?channel=portal&class=citizen&ground=owner_application", "").is(200))
	fits("get-queue", json, s.get("/v1/queues/"+list, auditor).is(200))
	fits("get-public-list", json, s.get("/v1/queues/"+list+"/public", auditor).is(200))
	fits(
		"end-lease",
		json,
		s.command("/v1/dwellings/"+service+"/lease-end", commission, body{"reason": "returned", "on": "2026-03-17"}).
			is(200),
	)
	_, leaver, _ := s.entry(list)
	fits("leave-list", json, s.command(entryPath(list, leaver)+"/leaving", commission, body{"basis": declining("")["basis"]}).is(200))
	s.notify(nil) // notices are given from here on
	holder, second, _ := s.entry(list)
	contested := s.told(holder, notice.Removed, s.removed(list, second))
	fits("file-complaint", json, s.contests(holder, contested))
	fits("entry-complaint-withdrawal", json,
		s.command(entryPath(list, second)+"/complaint-withdrawal", s.as(holder), body{}).is(200))
	fits(
		"give-notice",
		json,
		s.command(entryPath(list, second)+"/notice", commission, body{"grounds": "n", "given_on": "2026-03-17"}).
			is(200),
	)
	s.entry(list)
	r.clock.pass(366 * 24 * time.Hour)
	fits(
		"take-inventory",
		json,
		s.command("/v1/queues/"+list+"/inventory", s.token(domain.RoleCommission), body{}).is(200),
	)
	r.proven()
	fits("get-log-head", json, s.get("/v1/log/head", "").is(200))
	fits("get-log-key", json, s.get("/v1/log/key", "").is(200))
	fits("get-inclusion-proof", json, s.get("/v1/log/proofs/inclusion?event=residence-"+owner+"@0", auditor).is(200))
	fits("get-consistency-proof", json, s.get("/v1/log/proofs/consistency?from=1", "").is(200))
	fits("get-person-history", json, s.seen("/v1/persons/"+owner+"/history?limit=3", auditor, placed))
	fits("get-case-history", json, s.seen("/v1/cases/"+applied+"/history", auditor, placed))
	fits("get-queue-history", json, s.get("/v1/queues/"+list+"/history?order=newest", auditor).is(200))
	fits("get-queue-diff", json, s.get("/v1/queues/"+list+"/diff?from=2026-03-01&to=2026-12-31", auditor).is(200))
	fits("get-person-accesses", json, s.get("/v1/persons/"+owner+"/accesses?limit=2", auditor).is(200))
	fits("get-body-history", json, s.get(office+"/history", auditor).is(200))
	fits("list-acts", json, s.seen("/v1/acts?account=commission-1", auditor, placed))
	fits("list-accesses", json, s.seen("/v1/accesses?account=commission-1", auditor, placed))
	fits("get-dwelling-history", "application/x-ndjson", s.get(
		"/v1/dwellings/"+dwelling+"/history",
		auditor,
		header{
			"Accept",
			"application/x-ndjson",
		},
		header{"Tizilim-Position", placed.header.Get("Tizilim-Position")},
	).is(200))
	for _, way := range [][]caseStep{longWay(), {{"review", nil, domain.RoleCommission}, {"recusal", body{"ground": "interested", "decider": "commission-2"}, domain.RoleCommission}, {"extension", body{"office": "head", "until": domain.DateOf(r.clock.Now()).AddMonths(2).String(), "reasons": "r"}, reviewer},
		{"termination", body{"ground": "other_by_law", "reasons": "r"}, reviewer}}, {{"forwarding", body{"to": "b"}, domain.RoleCommission}}, {{"withdrawal", nil, domain.RoleCitizen}}, objecting()} {
		person := s.citizen()
		id := s.applied(person, list)
		for _, st := range way {
			a := s.step(id, person, st).is(200)
			if _, ok := documented[st.name]; ok {
				fits(st.name, json, a)
			}
			if _, ok := documented["get-case-file"]; ok && st.name == "complaint" {
				fits("get-case-file", json, s.seen("/v1/cases/"+id+"/file", s.token(domain.RoleCommission), a).is(200))
			}
		}
	}
	tenant := s.citizen()
	home := s.dwelling(tenant)
	s.registered(tenant, home, domain.DateOf(r.clock.Now()).String(), "")
	left := s.command("/v1/deregistrations", s.as(tenant), removal(tenant, home, tenant)).is(201).id("case_id")
	for _, st := range madeGood() {
		if a := s.step(left, tenant, st).is(200); st.name == "remedy" {
			fits(st.name, json, a)
		}
	}
	s.step(left, tenant, caseStep{"complaint", body{"grounds": "g"}, domain.RoleCitizen}).is(200)
	fits("complaint-withdrawal", json, s.step(left, tenant, caseStep{"complaint-withdrawal", body{}, domain.RoleCitizen}).is(200))
	today := domain.DateOf(r.clock.Now()).String()
	fits("court-act", json, s.step(left, "", caseStep{"court-act", courtsAct.with(body{
		"court_act": body{"number": "2-114/26", "on": today, "in_force_on": today},
	}), domain.RoleProvider}).is(200))
	late := s.applied(s.citizen(), list)
	r.clock.pass(retention)
	fits("erase-person", json, s.command(forgotten+"/erasure", s.token(domain.RoleProvider), body{
		"basis": "retention_over", "reference": "order 15",
	}).is(200))
	s.until("the case is marked late", func() bool {
		s.timer()
		return len(s.stream("case-"+late)) > 1
	})
	fits("step-annulment", json, s.command("/v1/cases/"+late+"/step-annulment", commission, body{
		"event": "case-" + late + "@1", "reasons": "r", "basis": body{
			"type": "other", "number": "17", "issued_on": "2026-03-10", "issuer": "operators",
			"sha256": domain.TextDigest([]byte("a file")),
		},
	}).is(200))
	s.timer()
	s.until("the case is late again", func() bool { s.timer(); return len(s.stream("case-"+late)) > 3 })
	fits("annul-act", json, s.command("/v1/annulments", commission, body{
		"event": "case-" + late + "@3", "reasons": "r", "basis": clockPaper,
	}).is(200))
	for id := range documented {
		t.Errorf("%s was not asked", id)
	}
	examples.written(t)

	number := all.at("components", "schemas", "NumberBody")
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(gone.text))
	must(t, err)
	if err := number.Validate(v); err != nil {
		t.Errorf("the number of a removed entry: %v\n%s", err, gone.text)
	}
	problem := all.at("components", "schemas", "Problem")
	for _, a := range []*answer{
		s.command("/v1/persons", s.token(domain.RoleOperator), `{"a":1,"b":[2]}`).is(422),
		s.command("/v1/persons", s.token(domain.RoleOperator), `{`).is(400),
		s.get("/v1/cases/"+nobody, s.token(domain.RoleAuditor)).is(404),
		s.get("/v1/cases/"+nobody, "").is(401),
		s.get("/v2", "").is(404),
	} {
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(a.text))
		must(t, err)
		if err := problem.Validate(v); err != nil {
			t.Errorf("problem: %v\n%s", err, a.text)
		}
	}
}
