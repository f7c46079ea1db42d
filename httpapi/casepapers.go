package httpapi

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/domain/procedure"
	"tizilim/eventstore/command"
	"tizilim/eventstore/papers"
	"tizilim/httpapi/operation"
)

// Files of papers are uploaded into a case and read from it (C30).

const (
	// papersPerCase is how many files a case takes where nothing else is configured.
	papersPerCase = 50
	// paperTime bounds how long a client may take to read a file.
	paperTime = 5 * time.Minute
	// paperPiece is what is read of a file at once.
	paperPiece = 8 << 10
)

func (s *Server) paperOperations() []operation.Operation {
	return []operation.Operation{s.filePaper(), s.getPaper()}
}

type paperInput struct {
	ID domain.CaseID `path:"id" format:"uuid"`
	operation.Uploaded
}

// receivedPaper is a file on its way into a case.
type receivedPaper struct {
	draft *papers.Draft
	file  procedure.FilePaper
}

type filedPaper struct {
	CaseID    domain.CaseID       `json:"case_id" format:"uuid"`
	PaperID   domain.PaperID      `json:"paper_id" format:"uuid"`
	PersonID  domain.PersonID     `json:"person_id" format:"uuid" doc:"Whom it tells of"`
	Document  domain.DocumentType `json:"document_type"`
	MediaType string              `json:"media_type" doc:"As the content shows it" example:"application/pdf"`
	Size      int64               `json:"size" doc:"In bytes"`
	SHA256    string              `json:"sha256" doc:"Of the file, in small hex"`
	operation.Events
}

// paperForm is the form of an upload.
func paperForm() *huma.Schema {
	types := make([]any, len(domain.DocumentTypes))
	for i, t := range domain.DocumentTypes {
		types[i] = string(t)
	}
	return &huma.Schema{
		Type: huma.TypeObject, Required: []string{"document_type", "file"}, AdditionalProperties: false,
		Properties: map[string]*huma.Schema{
			"document_type": {Type: huma.TypeString, Enum: types, Description: "What the paper is"},
			"person_id": {Type: huma.TypeString, Format: "uuid", Description: "Whom it tells of: the applicant, or " +
				"another person of the application. Default: the applicant"},
			"file": {Type: huma.TypeString, Format: "binary", Description: "A PDF, JPEG or PNG with its name; the last " +
				"part of the form"},
		},
	}
}

func (s *Server) filePaper() operation.Operation {
	return operation.Upload(operation.Declaration{
		ID: "file-paper", Path: "/v1/cases/{id}/papers", Tag: casesTag, Status: http.StatusCreated,
		Of:      operation.OfCase,
		Summary: "Hand in the scan of a paper",
		Doc: "A form of type multipart/form-data whose last part is the file: PDF, JPEG or PNG, as its content shows, not " +
			"as it is named. The file is kept as it is and never changed. The event has its SHA-256; its name is a " +
			"personal value. A case takes a limited number of files.",
		Roles: []domain.Role{domain.RoleCitizen, domain.RoleOperator, domain.RoleProvider, domain.RoleCommission},
		Problems: []domain.Code{
			domain.CodeCaseUnknown, domain.CodeNotFound, domain.CodeRepresentative, domain.CodeMemberNotAllowed,
			domain.CodePaperType, domain.CodePaperTooLarge, domain.CodePaperInfected, domain.CodePapersFull,
			domain.CodePapersAway, domain.CodeScannerAway,
		},
		Example: `{"document_type": "passport", "file": "passport.pdf"}`,
	}, paperForm(), s.receivePaper, func(
		ctx context.Context, call operation.Call, in *paperInput, p receivedPaper,
	) (command.Receipt, filedPaper, error) {
		out := filedPaper{CaseID: in.ID}
		caller := operation.Caller(ctx)
		if caller.IsCitizen() {
			call.Channel = domain.ChannelPortal
		}
		if !call.Options.DryRun {
			if err := p.draft.Keep(ctx); err != nil {
				return command.Receipt{}, out, s.papersAway(err)
			}
		}
		p.file.PaperID = domain.PaperID{UUID: domain.DeriveID(call.ID.UUID, "paper")}
		r, err := s.commands.FilePaper(ctx, call.Command, in.ID, p.file, s.papersPerCase, func(c *procedure.Case) error {
			return concerns(caller, operation.Citizen(ctx), c, "file-paper")
		}, call.Options)
		named := false
		for _, rec := range r.Events {
			if e, ok := rec.Event.(procedure.PaperFiled); ok {
				named = named || e.Stored == p.draft.Hash
				out.PaperID, out.PersonID, out.Document, out.MediaType = e.PaperID, e.PersonID, e.Document, e.MediaType
				out.Size, out.SHA256 = e.Size, string(e.SHA256)
			}
		}
		refused := domain.CodeOf(err) != "" && !domain.IsKind(err, domain.Unavailable)
		if !call.Options.DryRun && !named && (r.Repeated || refused) { // no event names this file, and none will
			if left := s.paperStore.Remove(context.WithoutCancel(ctx), p.draft.Address); left != nil {
				s.log.Debug("a file that no event names stays for a day", "error", left)
			}
		}
		return r, out, operation.Hide(ctx, err)
	})
}

// receivePaper takes the file of an upload. A case that takes none is refused before.
func (s *Server) receivePaper(
	ctx context.Context, in *paperInput, f operation.File,
) (p receivedPaper, stated any, done func(), err error) {
	if s.paperStore == nil {
		return p, nil, nil, s.papersAway(errors.New("no paper store is configured"))
	}
	document := domain.DocumentType(f.Fields["document_type"])
	if !slices.Contains(domain.DocumentTypes, document) {
		return p, nil, nil, domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
			"say before the file what it is, by one of the types %v", domain.DocumentTypes).At("document_type")
	}
	var person domain.PersonID
	if text, sent := f.Fields["person_id"]; sent {
		if person.UUID, err = uuid.Parse(text); err != nil {
			return p, nil, nil, domain.Refuse(domain.Invalid, domain.CodeIDFormat, "write the id as the registry gave it").At("person_id")
		}
	}
	c, err := s.commands.Case(ctx, in.ID)
	if err == nil {
		err = concerns(operation.Caller(ctx), operation.Citizen(ctx), &c, "file-paper")
	}
	if err == nil { // the limit is judged with the command: a repetition must be answered
		err = c.TakesPaper(person, s.papersPerCase+1)
	}
	if err != nil {
		return p, nil, nil, operation.Hide(ctx, err)
	}
	if person.IsZero() {
		person = c.ApplicantID
	}
	draft, err := s.paperStore.Receive(ctx, in.ID, person, f)
	if err != nil {
		if domain.CodeOf(err) == "" {
			err = s.papersAway(err)
		}
		return p, nil, nil, err
	}
	file := procedure.FilePaper{
		PersonID: person, Document: document, MediaType: draft.MediaType, Size: draft.Size,
		Name: domain.Personal(f.Name), SHA256: domain.Personal(draft.SHA256), Stored: draft.Hash,
	}
	stated = []string{string(document), person.String(), f.Name, draft.SHA256}
	return receivedPaper{draft, file}, stated, draft.Discard, nil
}

// papersAway is the answer where the paper store cannot be used now.
func (s *Server) papersAway(err error) error {
	s.log.Warn("the paper store cannot be used now", "error", err)
	return domain.Refuse(domain.Unavailable, domain.CodePapersAway,
		"the files of papers cannot be reached now; send the same request again")
}

type paperPath struct {
	ID          domain.CaseID  `path:"id" format:"uuid"`
	PaperID     domain.PaperID `path:"paper_id" format:"uuid"`
	IfNoneMatch string         `header:"If-None-Match" maxLength:"100" doc:"The ETag of a file that the client has: the answer is 304"`
}

// shownPaper is whose data a file shows.
type shownPaper struct {
	CaseID   domain.CaseID
	PersonID domain.PersonID
}

func (s *Server) getPaper() operation.Operation {
	return operation.Stream(operation.Declaration{
		ID: "get-paper", Method: http.MethodGet, Path: "/v1/cases/{id}/papers/{paper_id}", Tag: casesTag,
		Of:      operation.OfCase,
		Summary: "The file of a paper that was handed in, as it was handed in",
		Doc: "GET /v1/cases/{id}/file lists them. A citizen sees those of a case that they applied for, or somebody whom they " +
			"represent.",
		Roles: []domain.Role{
			domain.RoleCitizen, domain.RoleOperator, domain.RoleProvider, domain.RoleCommission, domain.RoleAuditor,
		},
		Problems: []domain.Code{
			domain.CodeCaseUnknown, domain.CodeNotFound, domain.CodePaperUnknown, domain.CodePaperErased, domain.CodePapersAway,
		},
		Gives: papers.MediaTypes,
		Shows: operation.ShowsOthers(accesslog.Party),
		Class: operation.ClassExpensive,
	}, paperResponses, func(ctx context.Context, in *paperPath, reading *operation.Reading) (*huma.StreamResponse, error) {
		e, err := s.paperOf(ctx, in)
		if err != nil {
			return nil, operation.Hide(ctx, err)
		}
		if e.SHA256 == domain.Erased {
			return nil, paperErased()
		}
		if err := operation.Takes(ctx, e.MediaType); err != nil {
			return nil, err
		}
		if err := reading.Show(ctx, shownPaper{e.CaseID, e.PersonID}); err != nil {
			return nil, err
		}
		tag := `"` + string(e.SHA256) + `"`
		if in.IfNoneMatch == tag {
			return &huma.StreamResponse{Body: func(out huma.Context) {
				out.SetHeader("ETag", tag)
				out.SetStatus(http.StatusNotModified)
			}}, nil
		}
		content, err := s.openPaper(ctx, papers.Address{Case: e.CaseID, Hash: e.Stored})
		if err != nil {
			return nil, err
		}
		return &huma.StreamResponse{Body: func(out huma.Context) {
			defer content.Close()
			out.SetHeader("ETag", tag)
			out.SetHeader("Content-Type", e.MediaType)
			out.SetHeader("Content-Length", strconv.FormatInt(e.Size, 10))
			out.SetHeader("Content-Disposition", attachment(string(e.Name), e.MediaType))
			out.SetHeader("X-Content-Type-Options", "nosniff")
			if w, ok := out.BodyWriter().(http.ResponseWriter); ok {
				_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(paperTime))
			}
			if _, err := io.CopyBuffer(struct{ io.Writer }{out.BodyWriter()}, content, make([]byte, paperPiece)); err != nil {
				if errors.Is(err, papers.ErrDamaged) {
					s.log.Error("the file of a paper is not what was stored", "case", e.CaseID.String(), "file", e.Stored, "error", err)
				}
				panic(http.ErrAbortHandler) // half a file must not look like a whole one
			}
		}}, nil
	})
}

// paperOf finds the event of a file in a case that the caller may see.
func (s *Server) paperOf(ctx context.Context, in *paperPath) (procedure.PaperFiled, error) {
	c, err := s.commands.Case(ctx, in.ID)
	if err != nil {
		return procedure.PaperFiled{}, err
	}
	if citizen := operation.Citizen(ctx); !citizen.IsZero() && citizen != c.ApplicantID {
		return procedure.PaperFiled{}, operation.NotYours()
	}
	if !c.Known() {
		return procedure.PaperFiled{}, domain.Refuse(domain.NotFound, domain.CodeCaseUnknown, "no application with this id was received")
	}
	return s.commands.Paper(ctx, in.ID, in.PaperID)
}

func paperErased() error {
	return domain.Refuse(domain.NotFound, domain.CodePaperErased,
		"the personal values of whom this paper tells were erased, and the file with them")
}

func (s *Server) openPaper(ctx context.Context, at papers.Address) (io.ReadCloser, error) {
	if s.paperStore == nil {
		return nil, s.papersAway(errors.New("no paper store is configured"))
	}
	content, err := s.paperStore.Open(context.WithoutCancel(ctx), at)
	switch {
	case errors.Is(err, papers.ErrErased):
		return nil, paperErased()
	case domain.CodeOf(err) != "": // its key cannot be read now
		return nil, err
	case err != nil:
		s.log.Error("the file of a paper cannot be opened: see tizilim verify", "case", at.Case.String(), "file", at.Hash)
		return nil, s.papersAway(err)
	}
	return content, nil
}

// attachment is a Content-Disposition by which a browser stores the file, under a name whose
// ending says what it is.
func attachment(name, mediaType string) string {
	ending := map[string][]string{
		"application/pdf": {".pdf"}, "image/jpeg": {".jpg", ".jpeg"}, "image/png": {".png"},
	}[mediaType]
	if !slices.Contains(ending, strings.ToLower(filepath.Ext(name))) && len(ending) > 0 {
		name += ending[0]
	}
	return mime.FormatMediaType("attachment", map[string]string{"filename": name})
}

func paperResponses(func(reflect.Type) *huma.Schema) map[string]*huma.Response {
	text := &huma.Schema{Type: huma.TypeString}
	content := map[string]*huma.MediaType{}
	for _, m := range papers.MediaTypes {
		content[m] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}
	}
	tag := &huma.Param{Schema: text, Description: "The SHA-256 of the file"}
	return map[string]*huma.Response{
		"200": {Description: "The file", Headers: map[string]*huma.Param{"ETag": tag, "Content-Disposition": {Schema: text}}, Content: content},
		"304": {Description: "The client has this file already", Headers: map[string]*huma.Param{"ETag": tag}},
	}
}
