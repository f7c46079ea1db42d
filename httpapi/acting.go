package httpapi

import (
	"context"
	"slices"

	"tizilim/domain"
	"tizilim/httpapi/operation"
)

// Who acts in whose place (R32). A citizen acts for themselves, or as a legal representative
// for somebody: the guard finds out for whom from the record that the path names
// ([rights.forWhom]), and the operation where the body of the request names the person
// ([Server.acting]). At a desk the request names the representative who signed the paper.

// representing is the member of a request at a desk that names who acts in the place of the
// person whose will it states. It is embedded: huma sees the members of exported types only.
type Representing struct {
	RepresentedBy domain.PersonID `json:"represented_by,omitzero" format:"uuid" doc:"Only at a desk: the legal representative who signed in the place of a minor, or of an adult whose guardian is recorded"`
}

// forWhom lets a citizen pass who acts for themselves, or as a legal representative. It
// returns in whose place they act; zero for themselves.
func (r rights) forWhom(ctx context.Context, a operation.Attempt) (domain.PersonID, error) {
	self, err := a.Caller.PersonID, error(nil)
	if a.OnBehalfOf.IsZero() || a.OnBehalfOf == self {
		if err = r.judge(ctx, a); err == nil {
			return domain.PersonID{}, r.actsAlone(ctx, a)
		}
		if !a.Of.Recorded() || !domain.IsKind(err, domain.NotFound) {
			return domain.PersonID{}, err
		}
	}
	represented, failed := r.s.commands.ActsFor(ctx, self)
	if failed != nil {
		return domain.PersonID{}, failed
	}
	if !a.OnBehalfOf.IsZero() && a.OnBehalfOf != self {
		err = operation.NotYours()
		represented = slices.DeleteFunc(represented, func(p domain.PersonID) bool { return p != a.OnBehalfOf })
	}
	for _, p := range represented {
		a.Caller.PersonID = p
		if err := r.judge(ctx, a); err == nil {
			return p, r.alive(ctx, a)
		} else if !domain.IsKind(err, domain.NotFound) {
			return domain.PersonID{}, err
		}
	}
	return domain.PersonID{}, err
}

// actsAlone refuses a command of a citizen on a record that names them where somebody else acts
// for them. What they tell of themselves alone, such as a telephone, they may always tell.
func (r rights) actsAlone(ctx context.Context, a operation.Attempt) error {
	if !a.Changes() || !a.Of.Recorded() {
		return nil
	}
	return r.s.actsForThemselves(ctx, a.Caller.PersonID)
}

// actsForThemselves refuses who is a minor or has a guardian.
func (s *Server) actsForThemselves(ctx context.Context, id domain.PersonID) error {
	actors, err := s.commands.ActorsOf(ctx, id)
	if err != nil || actors.Self {
		return err
	}
	return domain.Refuse(domain.Forbidden, domain.CodeRepresentative,
		"a legal representative acts in your place, with their own sign-in; at a desk they are recorded")
}

// acting returns the command with who acts in the place of the person (R32). Of a citizen it is
// the citizen, where the person is another; of staff whoever the request states.
func (s *Server) acting(
	ctx context.Context, cmd domain.Command, person domain.PersonID, by Representing,
) (domain.Command, error) {
	caller := operation.Caller(ctx)
	if caller.IsCitizen() {
		if !by.RepresentedBy.IsZero() {
			return cmd, domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed,
				"you act with your own sign-in: leave represented_by out").At("represented_by")
		}
		if caller.PersonID == person {
			return cmd, s.actsForThemselves(ctx, person)
		}
		represented, err := s.commands.ActsFor(ctx, caller.PersonID)
		if err != nil {
			return cmd, err
		}
		if !slices.Contains(represented, person) {
			return cmd, operation.NotYours()
		}
		cmd.RepresentedBy = caller.PersonID
		return cmd, s.commands.CheckAlive(ctx, person, "")
	}
	actors, err := s.commands.ActorsOf(ctx, person)
	if err != nil {
		return cmd, err
	}
	if err := actors.Admit(by.RepresentedBy, "represented_by"); err != nil {
		return cmd, err
	}
	if by.RepresentedBy.IsZero() {
		return cmd, nil
	}
	cmd.RepresentedBy = by.RepresentedBy
	return cmd, s.commands.CheckAlive(ctx, by.RepresentedBy, "represented_by")
}

// statement is a request that states somebody's will at a desk.
type statement interface {
	// whose says whose will it is, where the record is that of the applicant or holder.
	whose(holder domain.PersonID) domain.PersonID
	by() Representing
}

func (r Representing) whose(holder domain.PersonID) domain.PersonID { return holder }
func (r Representing) by() Representing                             { return r }

// actingInCase is [Server.acting] for a request on a case whose applicant it is about. For a
// citizen the guard has found out in whose place they act.
func (s *Server) actingInCase(ctx context.Context, call *operation.Call, id domain.CaseID, body any) error {
	m, err := s.commands.MatterOf(ctx, id, false)
	if err != nil || !m.Known() {
		return err
	}
	return s.actingAtDesk(ctx, call, m.Applicant, body)
}

// actingForHolder is actingInCase for a request on an entry.
func (s *Server) actingForHolder(ctx context.Context, call *operation.Call, at EntryPath, body any) error {
	q, err := s.commands.KnownList(ctx, at.ListID, false)
	if err != nil || !q.Known() {
		return err
	}
	e, ok := q.Entry(at.EntryID)
	if !ok {
		return nil
	}
	return s.actingAtDesk(ctx, call, e.PersonID, body)
}

// actingAtDesk lets staff pass who state nobody's will, or that of a person who acts.
func (s *Server) actingAtDesk(ctx context.Context, call *operation.Call, holder domain.PersonID, body any) error {
	stated, ok := body.(statement)
	if !ok {
		return nil
	}
	if operation.Caller(ctx).IsCitizen() {
		holder = operation.Citizen(ctx)
	} else {
		holder = stated.whose(holder)
	}
	var err error
	call.Command, err = s.acting(ctx, call.Command, holder, stated.by())
	return err
}
