package httpapi

import (
	"context"
	"net/http"
	"time"

	"tizilim/domain"
	"tizilim/domain/notice"
	"tizilim/eventstore/command"
	"tizilim/httpapi/operation"
)

func (s *Server) noticeOperations() []operation.Operation {
	return []operation.Operation{
		s.getOwnNotices(),
		s.fileComplaint(),
	}
}

type noticesInput struct {
	Cursor   string          `query:"cursor" maxLength:"16" pattern:"^([0-9a-f]{16})?$" patternDescription:"a cursor of this API" doc:"The next of the previous page; leave it out for the first page"`
	Limit    int             `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Language domain.Language `query:"language" doc:"The language of the texts. Default: each text is in the language of its notice"`
	operation.AtLeast
}

// DeliveryLine is how far a notice is on one way.
type DeliveryLine struct {
	Way   notice.Way   `json:"way"`
	State notice.State `json:"state"`
	At    time.Time    `json:"at" doc:"When this state was reached"`
}

// NoticeLine is a notice in a personal account.
type NoticeLine struct {
	NoticeID   domain.NoticeID `json:"notice_id" format:"uuid"`
	Kind       notice.Kind     `json:"kind"`
	Text       string          `json:"text"`
	Language   domain.Language `json:"language" doc:"The language of the text" values:"open"`
	About      domain.EventRef `json:"about" doc:"The event that the notice is about, as stream@revision"`
	CaseID     domain.CaseID   `json:"case_id,omitzero" format:"uuid"`
	At         time.Time       `json:"at"`
	Deliveries []DeliveryLine  `json:"deliveries"`
	Appeal     *AppealLine     `json:"appeal,omitempty" doc:"How what the notice tells can be contested; left out where it cannot"`
}

// AppealLine says how what a notice tells can be contested.
type AppealLine struct {
	Route notice.Route `json:"route" doc:"case, entry and act: by POST /v1/complaints with the notice_id. court: the complaint is decided; a court follows"`
	Until domain.Date  `json:"until,omitzero" format:"date" doc:"The last day on which a complaint is in time. A later one is accepted too; say why it is late"`
}

// NoticesPage is a page of the notices in a personal account.
type NoticesPage struct {
	Notices      []NoticeLine    `json:"notices" doc:"The notices, the newest first"`
	All          int             `json:"all" doc:"How many notices the account has"`
	Next         string          `json:"next,omitempty" doc:"The cursor of the next page; left out on the last page"`
	AsOfPosition domain.Position `json:"as_of_position"`
}

func (s *Server) getOwnNotices() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "get-own-notices", Method: http.MethodGet, Path: "/v1/me/notices", Tag: accountTag,
		Of:       operation.OfCaller,
		Summary:  "The notices that the registry has sent me",
		Doc:      "Every notice is listed, whether or not it was delivered by SMS or e-mail.",
		Roles:    []domain.Role{domain.RoleCitizen},
		Problems: []domain.Code{domain.CodeNotFound},
		Shows:    operation.ShowsPersons(),
	}, func(ctx context.Context, in *noticesInput) (*operation.Listed[NoticesPage], error) {
		if err := in.Await(ctx, s.model); err != nil {
			return nil, err
		}
		inbox, err := s.model.Inbox(ctx, operation.Citizen(ctx), in.Cursor, in.Limit)
		if err != nil {
			return nil, err
		}
		page := NoticesPage{
			Notices: make([]NoticeLine, len(inbox.Notices)), All: inbox.All, Next: inbox.Next, AsOfPosition: inbox.AsOf,
		}
		for i, n := range inbox.Notices {
			language := n.Language
			if in.Language != "" {
				language = in.Language
			}
			line := NoticeLine{
				NoticeID: n.ID, Kind: n.Kind, Text: notice.TextOf(n.Kind, language, n.By, n.Represented), Language: language, About: n.About,
				CaseID: n.CaseID,
				At:     n.QueuedAt.In(domain.Zone), Deliveries: make([]DeliveryLine, len(n.Deliveries)),
			}
			if route := notice.RouteOf(n.Kind); route != notice.NoRoute {
				line.Appeal = &AppealLine{Route: route}
				if route != notice.ToCourt {
					line.Appeal.Until = s.commands.ComplainUntil(domain.DateOf(n.QueuedAt))
				}
			}
			for j, d := range n.Deliveries {
				line.Deliveries[j] = DeliveryLine{d.Way, d.State, d.At.In(domain.Zone)}
			}
			page.Notices[i] = line
		}
		return &operation.Listed[NoticesPage]{Position: operation.Position(inbox.AsOf), Body: page}, nil
	})
}

type filedComplaintBody struct {
	NoticeID domain.NoticeID `json:"notice_id" format:"uuid" doc:"The notice that tells of what is contested, as the personal account lists it"`
	Grounds  string          `json:"grounds" minLength:"1" maxLength:"4000" doc:"What the complaint is about, and why"`
	WhyLate  string          `json:"why_late,omitempty" maxLength:"4000" doc:"Why the complaint comes after its term, if it does"`
	Representing
}

type filedComplaint struct {
	ComplaintID string         `json:"complaint_id"`
	CaseID      domain.CaseID  `json:"case_id,omitzero" format:"uuid" doc:"The case in which the complaint is examined"`
	ListID      domain.ListID  `json:"list_id,omitzero" format:"uuid" doc:"With entry_id: the entry whose removal is contested"`
	EntryID     domain.EntryID `json:"entry_id,omitzero" format:"uuid"`
	operation.Events
}

// fileComplaint is the one door of every appeal that a notice promises (C28): whoever got the
// notice needs to know nothing else.
func (s *Server) fileComplaint() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "file-complaint", Path: "/v1/complaints", Tag: casesTag, Status: http.StatusCreated,
		Of:      operation.OfRequest,
		Summary: "Complain about what a notice tells",
		Doc: "The complaint goes where it belongs: to the case or the removal that was decided, or, for an act of a body that " +
			"belongs to no case (an ended priority, a corrected record, other owners), to a case of its own. The body that " +
			"acted satisfies or forwards it, and the body above it decides. A late complaint is accepted too (APPC 91, 92).",
		Roles: []domain.Role{domain.RoleCitizen, domain.RoleOperator},
		Problems: caseProblems.and(
			domain.CodeNoAppeal, domain.CodePersonUnknown, domain.CodeComplaintPending, domain.CodeNotFound, domain.CodeRepresentative,
			domain.CodeEntryNotReviewed, domain.CodeEntryUnknown, domain.CodeListUnknown, domain.CodeMemberNotAllowed,
		),
		Example: `{"notice_id": "ed90ba3a-a1e5-55cd-b69c-5fda8983422d", "grounds": "my category has not ended"}`,
	}, func(
		ctx context.Context, call operation.Call, in *operation.Posted[filedComplaintBody],
	) (command.Receipt, filedComplaint, error) {
		n, err := s.commands.Notice(ctx, in.Body.NoticeID)
		if err != nil {
			return command.Receipt{}, filedComplaint{}, err
		}
		if !n.Known() {
			return command.Receipt{}, filedComplaint{}, operation.NotYours()
		}
		who, err := s.commands.WhoIs(ctx, command.Whose(n)) // the record may have been merged into another one (R33)
		if err != nil {
			return command.Receipt{}, filedComplaint{}, err
		}
		if call.Command, err = s.acting(ctx, call.Command, who, in.Body.Representing); err != nil {
			return command.Receipt{}, filedComplaint{}, operation.Hide(ctx, err)
		}
		if err := s.inRequest(ctx, domain.DwellingID{}, who); err != nil {
			return command.Receipt{}, filedComplaint{}, err
		}
		channel := domain.ChannelStateCorp
		if operation.Caller(ctx).IsCitizen() {
			channel = domain.ChannelPortal
		}
		call.Channel = channel
		r, at, err := s.commands.Complain(ctx, call.Command, command.Complain{
			Notice: n, Grounds: domain.Personal(in.Body.Grounds), WhyLate: domain.Personal(in.Body.WhyLate), Channel: channel,
		}, call.Options)
		return r, filedComplaint{
			ComplaintID: at.ComplaintID, CaseID: at.CaseID, ListID: at.ListID, EntryID: at.EntryID,
		}, operation.Hide(ctx, err)
	})
}
