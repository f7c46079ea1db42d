package httpapi

import (
	"cmp"
	"context"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	bodies "tizilim/domain/body"
	"tizilim/domain/certificates"
	"tizilim/domain/housing"
	"tizilim/domain/proof"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
	"tizilim/httpapi/body"
	pages "tizilim/httpapi/documents"
	"tizilim/httpapi/operation"
	"tizilim/projections"
)

func (s *Server) certificateOperations() []operation.Operation {
	return []operation.Operation{
		s.getCertificate(),
		s.checkCertificate(),
		s.searchCertificate(), // numbersearch.go
		s.requestDepartureSheet(),
		s.duplicateCertificate(),
		s.correctCertificate(),
	}
}

// checkPath is where anybody checks a document by its code.
const checkPath = "/v1/certificates/check/"

func (s *Server) checkCertificate() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "check-certificate", Method: http.MethodGet, Path: checkPath + "{code}", Tag: documentsTag,
		Of:      operation.OfPublic,
		Summary: "Check a document by the code that is printed on it",
		Doc: "No token is needed. The answer says what the document is and whether it is valid. It says nothing " +
			"about the persons in the document. A document that another act has overtaken is void: it was issued, and is " +
			"no longer in force since the day of that act.",
		Roles:    []domain.Role{operation.Anyone},
		Problems: []domain.Code{domain.CodeCertificateUnknown, domain.CodeCheckCodeFormat},
		Shows:    operation.ShowsNobody("kind, number and day of a document"),
	}, s.check)
}

type checkInput struct {
	Code     string          `path:"code" maxLength:"80"`
	Language domain.Language `query:"language" default:"kk" doc:"The language of the reason"`
	operation.AtLeast
}

// checked is all that the public learns of a document.
type checked struct {
	Body struct {
		Kind      certificates.Kind       `json:"kind"`
		Number    string                  `json:"number"`
		IssuedOn  domain.Date             `json:"issued_on" format:"date"`
		Status    certificates.Status     `json:"status"`
		VoidSince domain.Date             `json:"void_since,omitzero" format:"date" doc:"The day since which the document is not in force"`
		VoidBy    certificates.Overtaking `json:"void_by,omitempty" values:"open" doc:"What overtook the document"`
		Reason    string                  `json:"reason,omitempty" doc:"Why the document is void, in words" example:"issued, no longer in force since 20 March 2026: the entry was removed from the register"`
	}
}

// check answers by the code alone. A guess succeeds with one chance in 2^80 for
// each document and version.
func (s *Server) check(ctx context.Context, in *checkInput) (*checked, error) {
	code, err := certificates.ParseCheckCode(in.Code)
	if err != nil {
		return nil, err
	}
	if err := in.Await(ctx, s.model); err != nil {
		return nil, err
	}
	found, err := s.model.Located(ctx, code.Locator())
	if err != nil {
		return nil, err
	}
	for _, c := range found {
		version, ok := s.commands.ProvenVersion(code, c.ID, c.Version)
		if !ok {
			continue
		}
		out := &checked{}
		out.Body.Kind, out.Body.Number, out.Body.IssuedOn = c.Kind, c.Number, c.IssuedOn
		out.Body.Status = certificates.StatusOf(c.Superseded || version < c.Version, c.VoidSince)
		if out.Body.Status == certificates.Void {
			out.Body.VoidSince, out.Body.VoidBy = c.VoidSince, c.VoidBy
			out.Body.Reason = pages.NoLonger(c.VoidBy, c.VoidSince, cmp.Or(in.Language, domain.Kazakh))
		}
		return out, nil
	}
	return nil, domain.Refuse(domain.NotFound, domain.CodeCertificateUnknown,
		"the registry has issued no document with this code; compare it with the document, letter by letter")
}

type certificateInput struct {
	ID          domain.CertificateID `path:"id" format:"uuid"`
	Language    domain.Language      `query:"language" doc:"The language of the titles, the lines and the page. Default: the language of the application"`
	Version     int                  `query:"version" minimum:"1" maximum:"1000000" doc:"An earlier version of a corrected document. Default: the newest"`
	Accept      string               `header:"Accept" doc:"application/pdf gives the page as it is handed out"`
	IfNoneMatch string               `header:"If-None-Match" maxLength:"100" doc:"The ETag of a page that the client has: the answer is 304 if the page has not changed"`
	operation.AtLeast
}

type duplicateBody struct {
	Copy     int                  `json:"copy" doc:"The number of the duplicate: 1 for the first"`
	Replaces domain.CertificateID `json:"replaces" format:"uuid"`
}

type certifiedPlacement struct {
	ListID       domain.ListID  `json:"list_id" format:"uuid"`
	EntryID      domain.EntryID `json:"entry_id" format:"uuid"`
	RegisteredOn domain.Date    `json:"registered_on" format:"date"`
	Number       int            `json:"number" doc:"The ordinal number at the time of placing"`
}

type certifiedRefusal struct {
	ListID  domain.ListID         `json:"list_id" format:"uuid"`
	Ground  housing.RefusalGround `json:"ground" values:"open"`
	Reasons string                `json:"reasons"`
}

type certifiedDeparture struct {
	RegistrationID domain.RegistrationID `json:"registration_id" format:"uuid"`
	DwellingID     domain.DwellingID     `json:"dwelling_id" format:"uuid"`
	Kind           residence.Kind        `json:"kind" values:"open"`
	Reason         residence.Reason      `json:"reason" values:"open"`
	EndedOn        domain.Date           `json:"ended_on" format:"date"`
}

type certifiedStay struct {
	DwellingID domain.DwellingID `json:"dwelling_id" format:"uuid"`
	Code       domain.Code       `json:"code" doc:"Why the person was not deregistered, as in the result of the case"`
}

type certifiedAcceptance struct {
	ReceivedAt time.Time      `json:"received_at"`
	Registered time.Time      `json:"registered_at" doc:"When the office registered the application; outside working time, when the office opened next"`
	Deadline   time.Time      `json:"deadline"`
	Channel    domain.Channel `json:"channel" values:"open"`
	AcceptedBy string         `json:"accepted_by" doc:"The account that accepted the application; empty if the portal accepted it automatically"`
	AcceptedAs domain.Role    `json:"accepted_as"`
}

// certificateBody is a document: what it is, whether it is valid, its facts, and the
// lines of its page.
type certificateBody struct {
	CertificateID domain.CertificateID    `json:"certificate_id" format:"uuid"`
	Kind          certificates.Kind       `json:"kind"`
	CaseID        domain.CaseID           `json:"case_id,omitzero" format:"uuid" doc:"The case that issued the document; left out for a departure sheet that no case issued, and for the certificate of an entry that passed to another holder"`
	Service       domain.Service          `json:"service"`
	Number        string                  `json:"number" example:"S000-2026-1A2B-3C4D-5E6F"`
	IssuedOn      domain.Date             `json:"issued_on" format:"date"`
	IssuedAt      time.Time               `json:"issued_at"`
	Status        certificates.Status     `json:"status" doc:"superseded: a newer version or a duplicate replaces this document. void: another act has overtaken it since"`
	VoidSince     domain.Date             `json:"void_since,omitzero" format:"date" doc:"The day since which the document is not in force"`
	VoidBy        certificates.Overtaking `json:"void_by,omitempty" values:"open" doc:"What overtook the document"`
	Version       int                     `json:"version" doc:"The number of the version: 1 for the original, 2 after the first correction"`
	Versions      int                     `json:"versions" doc:"How many versions there are"`
	CorrectedAt   *time.Time              `json:"corrected_at,omitempty" doc:"When this version was made"`
	Duplicate     *duplicateBody          `json:"duplicate,omitempty"`
	ReplacedBy    domain.CertificateID    `json:"replaced_by,omitzero" format:"uuid" doc:"The duplicate that is valid instead"`
	PersonID      domain.PersonID         `json:"person_id" format:"uuid" doc:"The person whom the document names"`
	Placement     *certifiedPlacement     `json:"placement,omitempty"`
	Refusal       *certifiedRefusal       `json:"refusal,omitempty"`
	Departure     *certifiedDeparture     `json:"departure,omitempty"`
	NotRemoved    *certifiedStay          `json:"not_deregistered,omitempty"`
	Talon         *certifiedAcceptance    `json:"talon,omitempty"`
	SignedBy      *signedBody             `json:"signed_by,omitempty" doc:"Who signed it, by the record of their body at that instant; left out if the registry issued it by itself"`
	Minutes       *minutesCount           `json:"minutes,omitempty" doc:"The minutes of the meeting that took the decision; left out if the official decided alone"`
	Language      domain.Language         `json:"language"`
	StateBody     string                  `json:"state_body"`
	Title         string                  `json:"title"`
	Marks         []string                `json:"marks,omitempty" doc:"What is special about this copy: no longer valid, a duplicate, a corrected version"`
	Lines         []pages.Line            `json:"lines" doc:"The facts, in the words of the page"`
	CheckCode     string                  `json:"check_code"`
	CheckURL      string                  `json:"check_url"`
	Proof         *proof.Inclusion        `json:"proof,omitempty" doc:"Proof that the log has the event that issued the document. The public key of the log checks it"`
	ProofFollows  bool                    `json:"proof_follows,omitempty" doc:"The document was issued seconds ago and no signed head of the log covers it yet: read it again for its proof"`
}

// signedBody is who signed a document.
type signedBody struct {
	Account string        `json:"account"`
	Name    string        `json:"name,omitempty" doc:"Left out if no official is recorded for the account, or the person is not recorded"`
	Office  bodies.Office `json:"office,omitempty" values:"open" doc:"Left out if no office is recorded"`
	Body    string        `json:"body" doc:"In the language of the document"`
}

// minutesCount are the minutes on a document: it says how many voted how, and not who.
type minutesCount struct {
	Number    string      `json:"number"`
	Day       domain.Date `json:"day" format:"date"`
	Present   int         `json:"present"`
	For       int         `json:"for"`
	Against   int         `json:"against"`
	Abstained int         `json:"abstained"`
}

// document reads a document from the log: what the stream issued, and what the
// registry knows of the person, the list and the dwelling that it names.
func (s *Server) document(ctx context.Context, in *certificateInput) (
	body certificateBody, page pages.Document, revision uint64, err error,
) {
	if err := in.Await(ctx, s.model); err != nil {
		return body, page, 0, err
	}
	where, err := s.locate(ctx, in.ID)
	if err != nil {
		return body, page, 0, operation.Hide(ctx, err)
	}
	file, err := s.commands.Certificates(ctx, where.Stream, in.ID)
	if err != nil {
		return body, page, 0, err
	}
	newest, ok := file.Find(in.ID)
	if !ok {
		return body, page, 0, s.missing(where.Stream, "certificate_id", in.ID)
	}
	if p := operation.Citizen(ctx); !p.IsZero() && !file.OpenTo(newest, p) {
		return body, page, 0, operation.NotYours()
	}
	issued, err := s.commands.Page(ctx, file, in.ID, in.Version)
	if domain.CodeOf(err) == domain.CodeVersionUnknown {
		err = atField(err, "query.version")
	}
	if err != nil {
		return body, page, 0, err
	}
	page = pages.Document(issued.Page)
	page.Trial = s.trial != nil
	page.CheckURL = s.baseURL + checkPath + page.CheckCode.Grouped()
	if in.Language != "" {
		page.Language = in.Language
	}
	body = certificateOf(file, issued, page)
	err = s.prove(ctx, &body, issued.Document.IssuedBy)
	return body, page, file.Revision, err
}

// prove adds the proof of the event that issued the document.
func (s *Server) prove(ctx context.Context, body *certificateBody, by domain.EventRef) error {
	if s.proofs == nil {
		return nil
	}
	p, err := s.proofs.Inclusion(ctx, by)
	switch {
	case domain.CodeOf(err) == domain.CodeProofPending:
		body.ProofFollows = true
		return nil
	case domain.CodeOf(err) == domain.CodeEventUnknown: // the log has it: the document was just read from it
		return domain.Refuse(domain.Unavailable, domain.CodeLogTampered,
			"the proven log does not have the event that issued this document; an operator must examine it")
	case err != nil:
		return err
	}
	body.Proof = &p
	return nil
}

// certificateOf is a document as JSON.
func certificateOf(file certificates.Documents, issued command.IssuedPage, page pages.Document) certificateBody {
	d := issued.Document
	body := certificateBody{
		CertificateID: d.ID, Kind: d.Kind, CaseID: file.Case(), Service: d.Service, Number: page.Number,
		IssuedOn: page.IssuedOn, IssuedAt: d.IssuedAt, Status: issued.Status, VoidSince: d.VoidSince, VoidBy: d.VoidBy,
		Version: d.Version(), Versions: issued.Versions, ReplacedBy: d.ReplacedBy, PersonID: file.Named(d),
		Language: page.Language, StateBody: page.StateBody(), Title: page.Title(), Marks: page.Marks(),
		Lines: page.Lines(), CheckCode: page.CheckCode.Grouped(), CheckURL: page.CheckURL,
	}
	if c := d.Last(); c != nil {
		body.CorrectedAt = &c.CorrectedAt
	}
	if by := page.Signer; by != (certificates.Signer{}) {
		body.SignedBy = &signedBody{by.Account, string(by.Name), by.Office, by.Body.In(page.Language)}
	}
	if m := page.Minutes; m != nil {
		body.Minutes = &minutesCount{
			m.Number, m.Day, len(m.Present), m.Count(domain.VotedFor), m.Count(domain.VotedAgainst), m.Count(domain.Abstained),
		}
	}
	if d.Copy > 0 {
		body.Duplicate = &duplicateBody{d.Copy, d.Replaces}
	}
	switch e := d.Fact.(type) {
	case housing.PlacementCertified:
		body.Placement = &certifiedPlacement{e.ListID, e.EntryID, e.RegisteredOn, e.Number}
	case housing.HolderCertified:
		body.Placement = &certifiedPlacement{e.ListID, e.EntryID, e.RegisteredOn, e.Number}
	case housing.ApplicationRefused:
		body.Refusal = &certifiedRefusal{e.ListID, e.Ground, string(page.Reasons)}
	case residence.DepartureSheetIssued:
		body.Departure = &certifiedDeparture{e.RegistrationID, e.DwellingID, e.Kind, e.Reason, e.On}
	case residence.RefusalIssued:
		body.NotRemoved = &certifiedStay{e.DwellingID, e.Code}
	default:
		body.Talon = &certifiedAcceptance{
			page.ReceivedAt, page.RegisteredAt, page.Deadline, page.Channel, page.Acceptor, page.AcceptedAs,
		}
	}
	return body
}

// locate finds the stream of a document.
func (s *Server) locate(ctx context.Context, id domain.CertificateID) (projections.Certificate, error) {
	return operation.RetryNotFound(ctx, s.watch, func(ctx context.Context) (projections.Certificate, error) {
		return s.model.Certificate(ctx, id)
	})
}

// getCertificate is the read of a document, whose answer is JSON or PDF.
func (s *Server) getCertificate() operation.Operation {
	return operation.Stream(operation.Declaration{
		ID: "get-certificate", Method: http.MethodGet, Path: "/v1/certificates/{id}", Tag: documentsTag,
		Of:      operation.OfCertificate,
		Summary: "A document that the registry has issued, as JSON or as a PDF page",
		Doc: "The documents are certificates of placing and of refusal, departure sheets, refusals to deregister, and the " +
			"talon (receipt) of every application. A citizen sees the documents of their cases, and the departure sheets " +
			"and refusals that they asked for or that are about them. A PDF carries its proof as the attachment proof.json, once a signed " +
			"head of the log covers the event that issued the document, which takes seconds.",
		Roles: []domain.Role{
			domain.RoleCitizen, domain.RoleOperator, domain.RoleProvider, domain.RoleCommission, domain.RoleAuditor,
		},
		Problems: []domain.Code{domain.CodeCertificateUnknown, domain.CodeVersionUnknown, domain.CodeNotFound},
		Gives:    []string{operation.JSON, operation.PDF},
		Shows:    operation.ShowsOthers(accesslog.Party),
		Class:    operation.ClassExpensive,
	}, certificateResponses, func(
		ctx context.Context, in *certificateInput, reading *operation.Reading,
	) (*huma.StreamResponse, error) {
		shown, page, revision, err := s.document(ctx, in)
		if err != nil {
			return nil, err
		}
		if err := reading.Show(ctx, shown); err != nil {
			return nil, err
		}
		if in.Accept == operation.PDF {
			return s.pdfResponse(ctx, shown, page, in.IfNoneMatch)
		}
		content, err := body.Marshal(shown)
		if err != nil {
			return nil, err
		}
		return &huma.StreamResponse{Body: func(out huma.Context) {
			out.SetHeader("ETag", operation.ETag(revision))
			out.SetHeader("Content-Type", operation.JSON)
			out.SetHeader("Content-Language", string(page.Language))
			if _, err := out.BodyWriter().Write(content); err != nil {
				s.log.Debug("the client went away", "error", err)
			}
		}}, nil
	})
}

// pdfResponse answers with the page, or with 304 where the client has it already.
func (s *Server) pdfResponse(
	ctx context.Context, body certificateBody, page pages.Document, ifNoneMatch string,
) (*huma.StreamResponse, error) {
	drawn, err := s.printed(ctx, body, page)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(out huma.Context) {
		out.SetHeader("ETag", drawn.tag)
		if ifNoneMatch == drawn.tag {
			out.SetStatus(http.StatusNotModified)
			return
		}
		out.SetHeader("Content-Type", operation.PDF)
		out.SetHeader("Content-Language", string(page.Language))
		out.SetHeader("Content-Disposition", `inline; filename="`+page.Number+`.pdf"`)
		if _, err := out.BodyWriter().Write(drawn.content); err != nil {
			s.log.Debug("the client went away", "error", err)
		}
	}}, nil
}

func certificateResponses(schema func(reflect.Type) *huma.Schema) map[string]*huma.Response {
	text := &huma.Schema{Type: huma.TypeString}
	tag := &huma.Param{Schema: text, Description: "For JSON: the revision of the case, or of the person whose stream " +
		"issued the document, for If-Match. For a page: its content"}
	language := &huma.Param{Schema: text, Description: "The language of the titles and the lines"}
	return map[string]*huma.Response{
		"200": {
			Description: "The document",
			Headers:     map[string]*huma.Param{"ETag": tag, "Content-Language": language},
			Content: map[string]*huma.MediaType{
				operation.JSON: {Schema: schema(reflect.TypeFor[certificateBody]())},
				operation.PDF:  {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
			},
		},
		"304": {Description: "The client has this page already", Headers: map[string]*huma.Param{"ETag": tag}},
	}
}

type sheetRequestBody struct {
	RegistrationID domain.RegistrationID `json:"registration_id" format:"uuid" doc:"The registration that has ended"`
	Language       domain.Language       `json:"language,omitempty" default:"kk"`
}

type sheetRequestInput struct {
	ID domain.PersonID `path:"id" format:"uuid" doc:"The person who left"`
	operation.Posted[sheetRequestBody]
}

type certificateIssued struct {
	CertificateID domain.CertificateID `json:"certificate_id" format:"uuid" doc:"The document that is valid now"`
	Version       int                  `json:"version"`
	operation.Events
}

func (s *Server) requestDepartureSheet() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "request-departure-sheet", Path: "/v1/persons/{id}/departure-sheets", Tag: documentsTag,
		Of:      operation.OfPerson,
		Status:  http.StatusCreated,
		Summary: "Issue the departure sheet of a registration that has ended",
		Doc: "It does not matter how the registration ended: by a move, with its term, or by a deregistration " +
			"without a sheet. Each ending has one sheet; a person who has lost it asks for a duplicate. A citizen " +
			"can ask only for their own sheet.",
		Roles: []domain.Role{domain.RoleCitizen, domain.RoleOperator, domain.RoleProvider},
		Problems: []domain.Code{
			domain.CodePersonUnknown, domain.CodeFactUnknown, domain.CodeNotEnded, domain.CodeSheetIssued,
			domain.CodeNotFound, domain.CodeRepresentative,
		},
		Example: `{"registration_id": "1dff55d9-aad9-56f1-9741-f1f1b2d2e58a", "language": "ru"}`,
	}, func(ctx context.Context, call operation.Call, in *sheetRequestInput) (command.Receipt, certificateIssued, error) {
		if p := operation.Citizen(ctx); !p.IsZero() {
			if p != in.ID {
				return command.Receipt{}, certificateIssued{}, operation.NotYours()
			}
			call.Channel = domain.ChannelPortal
		}
		r, err := s.commands.RequestDepartureSheet(ctx, call.Command, in.ID, residence.RequestDepartureSheet{
			RegistrationID: in.Body.RegistrationID, Language: in.Body.Language,
		}, call.Options)
		out := certificateIssued{Version: 1}
		for _, rec := range r.Events {
			if e, ok := rec.Event.(residence.DepartureSheetIssued); ok {
				out.CertificateID = e.CertificateID
			}
		}
		return r, out, err
	})
}

type duplicateInput struct {
	ID domain.CertificateID `path:"id" format:"uuid"`
	operation.Posted[struct{}]
}

func (s *Server) duplicateCertificate() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "duplicate-certificate", Path: "/v1/certificates/{id}/duplicate", Tag: documentsTag, Status: http.StatusCreated,
		Of:      operation.OfCertificate,
		Summary: "Issue a duplicate of a departure sheet",
		Doc: "The duplicate is marked as a duplicate and has its own number. The earlier sheet is no longer " +
			"valid.",
		Roles: []domain.Role{domain.RoleOperator, domain.RoleProvider},
		Problems: []domain.Code{
			domain.CodeCertificateUnknown, domain.CodeCertificateSuperseded, domain.CodeDuplicateNotIssued,
			domain.CodeCertificateVoid,
		},
		Example: `{}`,
	}, func(ctx context.Context, call operation.Call, in *duplicateInput) (command.Receipt, certificateIssued, error) {
		where, err := s.locate(ctx, in.ID)
		if err != nil {
			return command.Receipt{}, certificateIssued{}, err
		}
		r, err := s.commands.DuplicateCertificate(ctx, call.Command, where.Stream, in.ID, call.Options)
		out := certificateIssued{Version: 1}
		for _, rec := range r.Events {
			if e, ok := rec.Event.(certificates.Duplicated); ok {
				out.CertificateID = e.CertificateID
			}
		}
		return r, out, err
	})
}

type fieldCorrection struct {
	Field certificates.Field `json:"field"`
	Value string             `json:"value" minLength:"1" maxLength:"4000" doc:"The right text"`
}

type correctionBody struct {
	Corrections []fieldCorrection `json:"corrections" minItems:"1" maxItems:"10"`
	Slip        string            `json:"slip" minLength:"1" maxLength:"2000" doc:"What was wrong, in words"`
}

type correctionInput struct {
	ID domain.CertificateID `path:"id" format:"uuid"`
	operation.Posted[correctionBody]
}

func (s *Server) correctCertificate() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "correct-certificate", Path: "/v1/certificates/{id}/correction", Tag: documentsTag,
		Of:      operation.OfCertificate,
		Summary: "Correct slips of the pen in a document",
		Doc: "It makes a new version of the document, but no new decision. The earlier versions can still be " +
			"read; their codes show them as superseded.",
		Roles: []domain.Role{domain.RoleOperator, domain.RoleProvider, domain.RoleCommission},
		Problems: []domain.Code{
			domain.CodeNamedTwice, domain.CodeReasonsRequired, domain.CodeCertificateUnknown,
			domain.CodeCertificateSuperseded, domain.CodeNotASlip, domain.CodeCertificateVoid,
		},
		Example: `{
			"corrections": [{"field": "address", "value": "Астана, Абай даңғылы, 1"}],
			"slip": "the number of the house was left out"
		}`,
	}, func(ctx context.Context, call operation.Call, in *correctionInput) (command.Receipt, certificateIssued, error) {
		where, err := s.locate(ctx, in.ID)
		if err != nil {
			return command.Receipt{}, certificateIssued{}, err
		}
		c := certificates.Correct{CertificateID: in.ID, Slip: domain.Personal(in.Body.Slip)}
		for _, f := range in.Body.Corrections {
			c.Corrections = append(
				c.Corrections,
				certificates.Correction{Field: f.Field, Value: domain.Personal(f.Value)},
			)
		}
		r, err := s.commands.CorrectCertificate(ctx, call.Command, where.Stream, c, call.Options)
		out := certificateIssued{CertificateID: in.ID}
		for _, rec := range r.Events {
			if e, ok := rec.Event.(certificates.Corrected); ok {
				out.Version = e.Version
			}
		}
		return r, out, err
	})
}
