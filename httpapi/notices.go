package httpapi

import (
	"context"
	"net/http"
	"time"

	"tizilim/domain"
	"tizilim/domain/notice"
	"tizilim/httpapi/operation"
)

func (s *Server) noticeOperations() []operation.Operation {
	return []operation.Operation{
		s.getOwnNotices(),
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
			for j, d := range n.Deliveries {
				line.Deliveries[j] = DeliveryLine{d.Way, d.State, d.At.In(domain.Zone)}
			}
			page.Notices[i] = line
		}
		return &operation.Listed[NoticesPage]{Position: operation.Position(inbox.AsOf), Body: page}, nil
	})
}
