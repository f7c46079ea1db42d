package httpapi

import (
	"context"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/domain/certificates"
	"tizilim/domain/housing"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
	"tizilim/httpapi/operation"
	"tizilim/projections"
)

// filePersonBody is somebody whom a case is about.
type filePersonBody struct {
	PersonLine
	As       personOfCase     `json:"as"`
	Relation housing.Relation `json:"relation,omitempty" doc:"Of a member of the family, to the applicant, as stated"`
}

// personOfCase is what somebody is in a case.
type personOfCase string

const (
	asApplicant   personOfCase = "applicant"
	asFamily      personOfCase = "family"
	asToBeRemoved personOfCase = "to_be_deregistered"
	asOwner       personOfCase = "owner"
)

var personsOfCase = []personOfCase{asApplicant, asFamily, asToBeRemoved, asOwner}

type filePaperBody struct {
	Document documentBody    `json:"document"`
	Event    domain.EventRef `json:"event" doc:"With which it was handed in"`
}

// handedInBody is a file that was handed in.
type handedInBody struct {
	PaperID   domain.PaperID      `json:"paper_id" format:"uuid"`
	Document  domain.DocumentType `json:"document_type"`
	PersonID  domain.PersonID     `json:"person_id" format:"uuid" doc:"Whom it tells of"`
	Name      string              `json:"name" doc:"Of the file, as it was handed in"`
	MediaType string              `json:"media_type"`
	Size      int64               `json:"size" doc:"In bytes"`
	SHA256    string              `json:"sha256"`
	FiledAt   time.Time           `json:"filed_at"`
	Path      string              `json:"path" doc:"Where the file is read"`
}

// fieldBody is what a step takes.
type fieldBody struct {
	Name     string `json:"name"`
	Required bool   `json:"required,omitempty"`
	Doc      string `json:"doc,omitempty"`
}

type nextStepBody struct {
	Operation string      `json:"operation" doc:"The operation id in /openapi.json"`
	Method    string      `json:"method"`
	Path      string      `json:"path"`
	Summary   string      `json:"summary"`
	Text      string      `json:"text" doc:"What the step does, in the language that was asked for" example:"өтініш бойынша шешім қабылдау"`
	Takes     []fieldBody `json:"takes" doc:"The members of its body"`

	roles     []domain.Role
	ofHousing bool // for applications for housing alone
}

type fileBody struct {
	CaseID       domain.CaseID         `json:"case_id" format:"uuid"`
	Number       string                `json:"number" doc:"The number of the case, as the talon shows it" example:"S000-2026-1A2B-3C4D-5E6F"`
	Service      domain.Service        `json:"service"`
	State        projections.CaseState `json:"state"`
	Persons      []filePersonBody      `json:"persons" doc:"The applicant, then the others"`
	Address      string                `json:"address,omitempty" doc:"Of the dwelling from which persons are to be deregistered"`
	List         *listBody             `json:"list,omitempty" doc:"That the application is for"`
	Papers       []filePaperBody       `json:"papers" doc:"What was handed in, in that order"`
	Files        []handedInBody        `json:"files" doc:"The scans that were handed in, in that order"`
	Due          []dueBody             `json:"due" doc:"What is due, the first first"`
	Next         []nextStepBody        `json:"next" doc:"What you can do now, by your role and by where the case stands. A step can still be refused for what it says"`
	Events       []operation.EventLine `json:"events" doc:"All that was done in the case, in the order of the log. An applicant does not see the accounts of officials"`
	AsOfPosition domain.Position       `json:"as_of_position"`
}

type fileInput struct {
	ID domain.CaseID `path:"id" format:"uuid"`
	Wording
	operation.AtLeast
}

func (s *Server) getCaseFile() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "get-case-file", Method: http.MethodGet, Path: "/v1/cases/{id}/file", Tag: casesTag,
		Of:      operation.OfCase,
		Summary: "A case as a file: who, the papers, all that was said and done in it, what is due, and your next steps",
		Doc:     "A citizen sees only a case that they applied for, or somebody whom they represent.",
		Roles: []domain.Role{
			domain.RoleCitizen, domain.RoleOperator, domain.RoleProvider, domain.RoleCommission, domain.RoleAuditor,
		},
		Problems: []domain.Code{domain.CodeCaseUnknown, domain.CodeNotFound},
		Shows:    operation.ShowsOthers(accesslog.Party),
	}, func(ctx context.Context, in *fileInput) (*operation.Found[fileBody], error) {
		if err := in.Await(ctx, s.model); err != nil {
			return nil, err
		}
		item, err := s.model.WorkItem(ctx, in.ID)
		if err != nil {
			return nil, operation.Hide(ctx, err)
		}
		citizen := operation.Citizen(ctx)
		if !citizen.IsZero() && citizen != item.ApplicantID {
			return nil, operation.NotYours()
		}
		body := fileBody{
			CaseID: item.ID, Number: certificates.NumberOf(item.Service, item.ID, item.ReceivedAt), Service: item.Service,
			State: item.State, Due: s.dueBodies(item.Due), Next: s.nextSteps(ctx, item.Case, in.language()),
			Papers: []filePaperBody{}, Files: []handedInBody{}, AsOfPosition: item.AsOf,
		}
		relations := map[domain.PersonID]housing.Relation{}
		for rec, err := range s.events.Read(ctx, in.ID.Stream(), 0) {
			if err != nil {
				return nil, err
			}
			if rec.Revision > item.Revision { // the rest is later than the answer
				break
			}
			body.file(rec, citizen, relations)
		}
		if err := s.fileNames(ctx, item.Case, relations, &body); err != nil {
			return nil, err
		}
		return operation.Answer(body, item.Revision, item.AsOf), nil
	})
}

// file adds an event of the case.
func (b *fileBody) file(rec domain.Recorded, citizen domain.PersonID, relations map[domain.PersonID]housing.Relation) {
	line := operation.LineOf(rec)
	if !citizen.IsZero() {
		line = withoutAccounts(line)
	}
	b.Events = append(b.Events, line)
	var handedIn []domain.Document
	switch e := rec.Event.(type) {
	case housing.ApplicationReceived:
		handedIn = e.Documents
		for _, m := range e.Family {
			relations[m.PersonID] = m.Relation
		}
	case residence.DeregistrationApplied:
		handedIn = e.Documents
	case procedure.CorrectionReceived:
		handedIn = e.Documents
	case procedure.PaperFiled:
		b.Files = append(b.Files, handedInBody{
			e.PaperID, e.Document, e.PersonID, string(e.Name), e.MediaType, e.Size, string(e.SHA256), e.FiledAt.In(domain.Zone),
			"/v1/cases/" + e.CaseID.String() + "/papers/" + e.PaperID.String(),
		})
	}
	for _, d := range handedIn {
		b.Papers = append(b.Papers, filePaperBody{documentOf(d), domain.EventRef{Stream: rec.Stream, Revision: rec.Revision}})
	}
}

// withoutAccounts hides which official has acted, and how each member has voted: whom the case is
// about sees the role, and the number and day of the minutes.
func withoutAccounts(line operation.EventLine) operation.EventLine {
	if line.Role != domain.RoleCitizen {
		line.Actor = ""
	}
	if m := line.Minutes; m != nil {
		line.Minutes = &operation.MinutesLine{Number: m.Number, Day: m.Day}
	}
	data := reflect.New(reflect.TypeOf(line.Data)).Elem()
	data.Set(reflect.ValueOf(line.Data))
	for i := range data.NumField() {
		if data.Field(i).Type() == account {
			data.Field(i).SetZero()
		}
	}
	line.Data = data.Interface().(domain.Event)
	return line
}

var account = reflect.TypeFor[domain.Account]()

func documentOf(d domain.Document) documentBody {
	return documentBody{
		Type: d.Type, Number: string(d.Number), PersonID: d.PersonID, Persons: d.Persons, ClaimantID: d.ClaimantID,
		DwellingID: d.DwellingID, InForceOn: d.InForceOn, Surrendered: d.Surrendered,
	}
}

// fileNames adds who and what the ids of the case mean.
func (s *Server) fileNames(
	ctx context.Context, c projections.Case, relations map[domain.PersonID]housing.Relation, body *fileBody,
) error {
	ids, as := []domain.PersonID{c.ApplicantID}, []personOfCase{asApplicant}
	others := asToBeRemoved
	if c.Service == domain.S000 {
		others = asFamily
	}
	for _, p := range c.Persons {
		ids, as = append(ids, p), append(as, others)
	}
	for _, o := range c.CoOwners {
		ids, as = append(ids, o.PersonID), append(as, asOwner)
	}
	lines, err := s.personLines(ctx, ids)
	if err != nil {
		return err
	}
	for i, line := range lines {
		body.Persons = append(body.Persons, filePersonBody{line, as[i], relations[line.PersonID]})
	}
	if !c.ListID.IsZero() {
		l, err := s.model.List(ctx, c.ListID)
		if err != nil {
			return err
		}
		heirs, err := s.directory.Heirs(ctx)
		if err != nil {
			return err
		}
		shown, err := s.listOf(ctx, l, heirs)
		if err != nil {
			return err
		}
		body.List = &shown
	}
	if !c.DwellingID.IsZero() {
		d, err := s.commands.KnownDwelling(ctx, c.DwellingID, true)
		if err != nil {
			return err
		}
		body.Address = d.AddressOn(domain.DateOf(s.now()))
	}
	return nil
}

// openSteps are the operations that carry out each step of the procedure.
var openSteps = []struct {
	step      procedure.Step
	operation string
}{
	{procedure.TakeUp, "review"},
	{procedure.RequestCorrection, "correction-request"},
	{procedure.Correct, "correction"},
	{procedure.Forward, "forwarding"},
	{procedure.Recuse, "recusal"},
	{procedure.Examine, "examine-need"},
	{procedure.AnnounceHearing, "hearing"},
	{procedure.Object, "objection"},
	{procedure.CloseHearing, "hearing-end"},
	{procedure.Extend, "extension"},
	{procedure.Grant, "decide-case"},
	{procedure.Withdraw, "withdrawal"},
	{procedure.Terminate, "termination"},
	{procedure.Complain, "complaint"},
	{procedure.FollowCourt, "court-act"},
}

// stepsOpen returns the operations that the state of the case allows.
func stepsOpen(c projections.Case) (ops []string) {
	for _, s := range openSteps {
		if _, ok := procedure.Next(c.State, s.step); ok && (s.step != procedure.Complain || c.Complaint == nil) {
			ops = append(ops, s.operation)
		}
	}
	owes := func(duties ...procedure.Duty) bool {
		return slices.ContainsFunc(c.Owed, func(o procedure.Owed) bool { return slices.Contains(duties, o.Duty) })
	}
	_, notifies := procedure.Next(c.State, procedure.Notify)
	if notifies && c.NotifiedAt.IsZero() ||
		owes(procedure.NoticeOfForwarding, procedure.NoticeOfExtension, procedure.NoticeOfTermination) {
		ops = append(ops, "notice")
	}
	if owes(procedure.ForwardingOfComplaint) {
		ops = append(ops, "complaint-forwarding")
	}
	if owes(procedure.ForwardingOfComplaint, procedure.DecisionOnComplaint) {
		ops = append(ops, "complaint-decision")
	}
	if owes(procedure.RemedyAfterComplaint) {
		ops = append(ops, "remedy")
	}
	if c.Complaint != nil {
		ops = append(ops, "complaint-withdrawal")
	}
	return append(ops, "file-paper")
}

// nextSteps are the operations that are open to the caller.
func (s *Server) nextSteps(ctx context.Context, c projections.Case, l domain.Language) []nextStepBody {
	role := operation.Caller(ctx).Role
	next := []nextStepBody{}
	if role == domain.RoleCommission && c.ListID.IsZero() || role == domain.RoleProvider && !c.ListID.IsZero() {
		return next
	}
	for _, id := range stepsOpen(c) {
		step := s.steps[id]
		if !slices.Contains(step.roles, role) || c.Service != domain.S000 && step.ofHousing {
			continue
		}
		step.Path, step.Text = strings.ReplaceAll(step.Path, "{id}", c.ID.String()), operationText(id, l)
		next = append(next, step)
	}
	return next
}

// stepsTaken are the commands on cases, as [nextSteps] offers them.
func (s *Server) stepsTaken() map[string]nextStepBody {
	steps := map[string]nextStepBody{}
	for _, op := range s.api.Operations() {
		if op.Of == operation.OfCase && op.Changes() {
			steps[op.ID] = nextStepBody{
				Operation: op.ID, Method: op.Method, Path: op.Path, Summary: op.Summary, Takes: fieldsOf(s.api.BodyOf(op)),
				roles: op.Roles, ofHousing: op.Tag == housingTag,
			}
		}
	}
	return steps
}

// fieldsOf says what a body has, the required members first.
func fieldsOf(schema *huma.Schema) []fieldBody {
	fields := []fieldBody{}
	for name, member := range schema.Properties {
		fields = append(fields, fieldBody{name, slices.Contains(schema.Required, name), member.Description})
	}
	slices.SortFunc(fields, func(a, b fieldBody) int {
		if a.Required != b.Required {
			return map[bool]int{true: -1, false: 1}[a.Required]
		}
		return strings.Compare(a.Name, b.Name)
	})
	return fields
}
