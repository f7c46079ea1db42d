package httpapi

import (
	"context"
	"net/http"

	"tizilim/domain"
	"tizilim/domain/procedure"
	"tizilim/eventstore/command"
)

// A removal is an adverse act: the holder is heard before it and may complain
// about it. The steps are those of a case, on an entry of a list.

// entryStepInput is a step on the review of an entry, or on its removal.
type entryStepInput[B any] struct {
	EntryPath
	Posted[B]
}

type complained struct {
	EntryID     domain.EntryID `json:"entry_id" format:"uuid"`
	ComplaintID string         `json:"complaint_id" doc:"Name it where the entry is reinstated after it"`
	Events
}

// entryStep registers POST /v1/queues/{list_id}/entries/{entry_id}/name.
func entryStep[B any](s *Server, name, summary, doc string, take takeStep[B]) {
	post(s, operation{
		id: "entry-" + name, path: "/v1/queues/{list_id}/entries/{entry_id}/" + name, tag: "Service housing", status: http.StatusOK,
		summary: summary, doc: doc,
	}, func(ctx context.Context, cmd domain.Command, opt command.Options, in *entryStepInput[B]) (command.Receipt, entryChanged, error) {
		r, err := s.stepOnEntry(ctx, cmd, in.EntryPath, func(c *procedure.Case, t procedure.Terms) ([]domain.Event, error) {
			return take(c, cmd, t, in.Body)
		}, opt)
		return r, entryChanged{in.EntryID, eventsOf(r)}, err
	})
}

// stepOnEntry takes a step, of a citizen on their own entry only.
func (s *Server) stepOnEntry(ctx context.Context, cmd domain.Command, at EntryPath, take func(*procedure.Case, procedure.Terms) ([]domain.Event, error), opt command.Options) (command.Receipt, error) {
	if principal(ctx).Role == domain.RoleCitizen {
		cmd.Channel = domain.ChannelPortal
	}
	r, err := s.commands.StepOnEntry(ctx, cmd, at.ListID, at.EntryID, holder(ctx), take, opt)
	return r, hide(ctx, err)
}

func (s *Server) removals() {
	entryStep(s, "hearing", "Tell the holder of an entry under review of an intended removal",
		"The removal follows three working days later at the earliest; objections are open for two (APPC 73). The entry keeps its number.",
		func(c *procedure.Case, cmd domain.Command, t procedure.Terms, b hearingBody) ([]domain.Event, error) {
			return c.AnnounceHearing(cmd, domain.Personal(b.Preliminary), t)
		})
	entryStep(s, "objection", "Object to an intended removal", "A citizen on their own entry.",
		func(c *procedure.Case, cmd domain.Command, _ procedure.Terms, b objectionBody) ([]domain.Event, error) {
			return c.Object(cmd, domain.Personal(b.Objection))
		})
	entryStep(s, "hearing-end", "End a hearing on an intended removal without a written objection",
		"Where the time for the objection passes, the registry ends it by itself.",
		func(c *procedure.Case, cmd domain.Command, _ procedure.Terms, b hearingEndBody) ([]domain.Event, error) {
			return c.CloseHearing(cmd, b.How, domain.Personal(b.Protocol))
		})

	post(s, operation{
		id: "entry-complaint", path: "/v1/queues/{list_id}/entries/{entry_id}/complaint", tag: "Service housing", status: http.StatusOK,
		summary: "Complain of a removal", doc: "Through the commission that removed the entry; a late complaint is taken too (APPC 91, 92). A citizen about their own entry.",
	}, func(ctx context.Context, cmd domain.Command, opt command.Options, in *entryStepInput[complaintBody]) (command.Receipt, complained, error) {
		id := domain.DeriveID(cmd.ID.UUID, "complaint").String()
		r, err := s.stepOnEntry(ctx, cmd, in.EntryPath, func(c *procedure.Case, t procedure.Terms) ([]domain.Event, error) {
			by := in.Body.ComplainantID
			if by.IsZero() {
				by = c.ApplicantID
			}
			return c.FileComplaint(cmd, id, by, domain.Personal(in.Body.Grounds), t)
		}, opt)
		return r, complained{in.EntryID, id, eventsOf(r)}, err
	})
	entryStep(s, "complaint-forwarding", "Forward a complaint about a removal with the file to the reviewing body", "Within three working days (APPC 91).",
		func(c *procedure.Case, cmd domain.Command, t procedure.Terms, b bodyNamed) ([]domain.Event, error) {
			return c.ForwardComplaint(cmd, b.To, t)
		})
	entryStep(s, "complaint-decision", "Decide a complaint about a removal",
		"The commission itself can satisfy it before it is forwarded; then the reviewing body decides. Where the removal falls, the entry is reinstated by naming the complaint.",
		func(c *procedure.Case, cmd domain.Command, t procedure.Terms, b complaintDecisionBody) ([]domain.Event, error) {
			return c.DecideComplaint(cmd, b.Outcome, domain.Personal(b.Reasons), t)
		})
}
