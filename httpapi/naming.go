package httpapi

import (
	"context"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/httpapi/operation"
)

// NamedPerson is how a request names another person: by the id, or as a citizen knows them. It is
// embedded: huma sees the members of exported types only.
type NamedPerson struct {
	PersonID domain.PersonID `json:"person_id,omitzero" format:"uuid" doc:"The id, if you know it. Otherwise give iin and name"`
	IIN      string          `json:"iin,omitempty" maxLength:"48" doc:"Only on the portal, in the place of person_id: the IIN, with the name" example:"999999000020"`
	Name     string          `json:"name,omitempty" maxLength:"200" doc:"With the IIN: surname and first name at least, in any order. Alphabet and upper and lower case do not count" example:"Әбенов Ерлан"`
}

// namingProblems are those of a person who is named by IIN and name.
var namingProblems = codes{
	domain.CodeIINFormat, domain.CodeIINControlDigit, domain.CodeIINZero, domain.CodeNotIdentified,
}

// naming finds whom a request of a citizen names by IIN and name (R55). The refusal is the same
// whether nobody has the IIN, somebody of another name has it, or their data was erased; it comes
// after the same looks at the log. Everybody who is found reads of it in their access log.
type naming struct {
	*Server
	call   operation.Call
	op     string // that is called
	stream string // which has the events of the command, once it is carried out

	asked, carried bool // whether the log was asked for the command, and whether it has it
	named          []domain.Named
}

func (s *Server) naming(call operation.Call, op, stream string) *naming {
	return &naming{Server: s, call: call, op: op, stream: stream}
}

// who returns the id of the person. at is the path of the member that names them.
func (n *naming) who(ctx context.Context, b NamedPerson, at string) (domain.PersonID, error) {
	invalid := func(code domain.Code, member, format string, args ...any) (domain.PersonID, error) {
		return domain.PersonID{}, domain.Refuse(domain.Invalid, code, format, args...).At(at + "." + member)
	}
	switch byName := b.IIN != "" || b.Name != ""; {
	case !byName && b.PersonID.IsZero():
		return invalid(domain.CodeRequired, "person_id", "say who it is: on the portal by iin and name, elsewhere by the id")
	case !byName:
		return b.PersonID, nil
	case !operation.Caller(ctx).IsCitizen():
		return invalid(domain.CodeMemberNotAllowed, "iin", "find the person first, and give the id")
	case !b.PersonID.IsZero():
		return invalid(domain.CodeMemberNotAllowed, "person_id", "give the id, or iin and name, but not both")
	case b.IIN == "":
		return invalid(domain.CodeRequired, "iin", "a name alone finds nobody: add the IIN")
	case b.Name == "":
		return invalid(domain.CodeRequired, "name", "an IIN alone finds nobody: add the name")
	}
	iin, err := domain.ParseIIN(b.IIN)
	if err != nil {
		return domain.PersonID{}, atField(err, at+".iin")
	}
	id, err := n.personOf(ctx, iin)
	if err != nil {
		return id, err
	}
	if err := n.identify(ctx, id, domain.Personal(b.Name), at); err != nil {
		return id, err
	}
	n.named = append(n.named, domain.Named{PersonID: id, IIN: domain.Personal(b.IIN), Name: domain.Personal(b.Name)})
	return id, nil
}

// identify refuses who does not bear the name. A command that the log has already is not asked again.
func (n *naming) identify(ctx context.Context, id domain.PersonID, name domain.Personal, at string) error {
	if !n.asked {
		carried, err := n.commands.Carried(ctx, n.stream, n.call.ID)
		if err != nil {
			return err
		}
		n.asked, n.carried = true, carried
	}
	if n.carried {
		return nil
	}
	if err := n.api.Count(ctx, operation.ClassNaming); err != nil {
		return err
	}
	p, err := n.commands.Person(ctx, id)
	if err != nil {
		return err
	}
	if !p.Bears(name) {
		return notIdentified().At(at)
	}
	return n.tell(ctx, id)
}

func notIdentified() *domain.Error {
	return domain.Refuse(domain.NotFound, domain.CodeNotIdentified,
		"nobody is found who has this IIN and this name: compare both with the identity document. Somebody who is not "+
			"recorded yet records themselves by an EDS, or goes to a desk of the State Corporation")
}

// tell writes into the access log of the person that they were named. Its id follows from the command,
// so a repetition adds nothing.
func (n *naming) tell(ctx context.Context, id domain.PersonID) error {
	p := operation.Caller(ctx)
	if id == p.PersonID {
		return nil
	}
	return n.events.RecordAccess(ctx, domain.DeriveID(n.call.ID.UUID, "named "+id.String()), accesslog.PersonalDataRead{
		PersonID: id, Reader: p.Account, Role: p.Role, Operation: n.op, Purpose: accesslog.Named, ReadAt: n.call.Now,
	}, domain.Meta{
		Correlation: n.call.ID.UUID, Causation: n.call.ID, Actor: p.Account, Role: p.Role,
	})
}

// documents are those of the request. A document names by the IIN alone somebody whom the request has
// named with it before.
func (n *naming) documents(bodies []documentBody) ([]domain.Document, error) {
	list := documents(bodies)
	for i, b := range bodies {
		if b.IIN == "" {
			continue
		}
		at := domain.Path("documents", i, "iin")
		if !b.PersonID.IsZero() {
			return nil, domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed,
				"give person_id or iin, but not both").At(at)
		}
		for _, known := range n.named {
			if string(known.IIN) == b.IIN {
				list[i].PersonID = known.PersonID
			}
		}
		if list[i].PersonID.IsZero() {
			return nil, domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed,
				"the application names nobody by this IIN: name the person there first, or leave it out").At(at)
		}
	}
	return list, nil
}
