package httpapi

import (
	"cmp"
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

// forWhom lets a citizen pass who acts for themselves, or as a legal representative, and
// says in whose place. Who may not act any more passes with a command that the log has
// already: it is answered again.
func (r rights) forWhom(ctx context.Context, a operation.Attempt) (operation.Standing, error) {
	self, err := a.Caller.PersonID, error(nil)
	if a.OnBehalfOf.IsZero() || a.OnBehalfOf == self {
		if err = r.judge(ctx, a); err == nil {
			return r.alone(ctx, a)
		}
		if !a.Of.Recorded() || !domain.IsKind(err, domain.NotFound) {
			return operation.Standing{}, err
		}
	}
	represented, former, failed := r.s.commands.ActsFor(ctx, self)
	if failed != nil {
		return operation.Standing{}, failed
	}
	if !a.OnBehalfOf.IsZero() && a.OnBehalfOf != self {
		err = operation.NotYours()
		other := func(p domain.PersonID) bool { return p != a.OnBehalfOf }
		represented, former = slices.DeleteFunc(represented, other), slices.DeleteFunc(former, other)
	}
	if !a.Changes() {
		former = nil
	}
	for i, p := range slices.Concat(represented, former) {
		a.Caller.PersonID = p
		a.ActAs = func(other domain.PersonID) { p = other } // a record that was merged into theirs
		refused := r.judge(ctx, a)
		switch {
		case refused == nil && i < len(represented):
			return operation.Standing{For: p}, r.alive(ctx, a)
		case refused == nil:
			return r.unlessCarried(ctx, a, operation.Standing{For: p, Barred: operation.NotYours()})
		case !domain.IsKind(refused, domain.NotFound):
			return operation.Standing{}, refused
		}
	}
	return operation.Standing{}, err
}

// unlessCarried refuses with what bars the attempt, unless the log has its command.
func (r rights) unlessCarried(
	ctx context.Context, a operation.Attempt, standing operation.Standing,
) (operation.Standing, error) {
	if standing.Barred == nil {
		return standing, nil
	}
	if id, ok := idOf(a); ok {
		for category, record := range recordsOfStreams {
			if record.of != a.Of && !(record.of == operation.OfList && a.Of == operation.OfEntry) {
				continue
			}
			done, err := r.s.commands.Carried(ctx, category+"-"+id.String(), a.Command)
			if err != nil || done {
				return standing, err
			}
		}
	}
	return operation.Standing{}, standing.Barred
}

// alone bars a command of a citizen on a record that names them where somebody else acts for
// them. What they tell of themselves alone, such as a telephone, they may always tell.
func (r rights) alone(ctx context.Context, a operation.Attempt) (operation.Standing, error) {
	if !a.Changes() || !a.Of.Recorded() {
		return operation.Standing{}, nil
	}
	refused, err := r.s.actsForThemselves(ctx, a.Caller.PersonID)
	if err != nil {
		return operation.Standing{}, err
	}
	return r.unlessCarried(ctx, a, operation.Standing{Barred: refused})
}

// actsForThemselves returns the refusal of who is a minor or has a guardian; nil for others.
func (s *Server) actsForThemselves(ctx context.Context, id domain.PersonID) (refused, err error) {
	actors, err := s.commands.ActorsOf(ctx, id)
	if err != nil || actors.Self {
		return nil, err
	}
	return domain.Refuse(domain.Forbidden, domain.CodeRepresentative,
		"a legal representative acts in your place, with their own sign-in; at a desk they are recorded"), nil
}

// acting returns the command with who acts in the place of the person (R32): of a citizen the
// citizen, where the person is another; of staff whoever the request states. The command is
// barred where they do not act, or do not act any more.
func (s *Server) acting(
	ctx context.Context, cmd domain.Command, person domain.PersonID, by Representing,
) (domain.Command, error) {
	if operation.Caller(ctx).IsCitizen() {
		return s.actingOnPortal(ctx, cmd, person, by)
	}
	actors, err := s.commands.ActorsOf(ctx, person)
	if err != nil {
		return cmd, err
	}
	cmd.RepresentedBy = by.RepresentedBy
	if cmd.Barred == nil {
		cmd.Barred = actors.Admit(by.RepresentedBy, "represented_by")
	}
	if cmd.Barred == nil && !by.RepresentedBy.IsZero() {
		cmd.Barred, err = refusal(s.commands.CheckAlive(ctx, by.RepresentedBy, "represented_by"))
	}
	return cmd, err
}

func (s *Server) actingOnPortal(
	ctx context.Context, cmd domain.Command, person domain.PersonID, by Representing,
) (domain.Command, error) {
	self := operation.Caller(ctx).PersonID
	if !by.RepresentedBy.IsZero() {
		return cmd, domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed,
			"you act with your own sign-in: leave represented_by out").At("represented_by")
	}
	if self == person {
		barred, err := s.actsForThemselves(ctx, person)
		cmd.Barred = cmp.Or(cmd.Barred, barred)
		return cmd, err
	}
	represented, former, err := s.commands.ActsFor(ctx, self)
	if err != nil {
		return cmd, err
	}
	cmd.RepresentedBy = self
	switch {
	case slices.Contains(former, person):
		cmd.Barred = cmp.Or[error](cmd.Barred, operation.NotYours())
		return cmd, nil
	case !slices.Contains(represented, person):
		return cmd, operation.NotYours()
	}
	barred, err := refusal(s.commands.CheckAlive(ctx, person, ""))
	cmd.Barred = cmp.Or(cmd.Barred, barred)
	return cmd, err
}

// refusal parts what the registry decided from what kept it from deciding.
func refusal(err error) (refused, failed error) {
	if domain.CodeOf(err) == "" || domain.IsKind(err, domain.Unavailable) {
		return nil, err
	}
	return err, nil
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
