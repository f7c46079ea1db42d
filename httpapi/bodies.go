package httpapi

import (
	"cmp"
	"context"
	"net/http"
	"slices"

	"tizilim/domain"
	"tizilim/domain/body"
	"tizilim/eventstore/command"
	"tizilim/httpapi/operation"
	"tizilim/httpapi/table"
)

func (s *Server) bodyOperations() []operation.Operation {
	return []operation.Operation{
		s.recordBody(),
		s.describeBody(),
		s.renameBody(),
		s.endBody(),
		s.appointOfficial(),
		s.endOffice(),
		s.openAccount(),
		s.closeAccount(),
		s.allowConsumer(),
		s.endAllowance(),
		s.setWebhook(),
		s.endWebhook(),
		s.listBodies(),
		s.getBody(),
	}
}

// bodyAddress is the path of a body.
const bodyAddress = "/v1/bodies/{id}"

// everybody are all who have a token, but the systems of other state bodies: they have the feed alone.
var everybody = slices.DeleteFunc(slices.Clone(domain.Roles), func(r domain.Role) bool { return r == domain.RoleConsumer })

// administrators record bodies, officials and accounts.
var administrators = []domain.Role{domain.RoleAdministrator}

type bodyNames struct {
	Kazakh  string `json:"kk" minLength:"1" maxLength:"200" example:"Астана қаласының тұрғын үй комиссиясы"`
	Russian string `json:"ru" minLength:"1" maxLength:"200" example:"Жилищная комиссия города Астаны"`
	English string `json:"en" minLength:"1" maxLength:"200" example:"Housing commission of Astana"`
}

// BodyDescription is what can change of a body. It is embedded.
type BodyDescription struct {
	Names     bodyNames     `json:"names" doc:"The name in the three languages of the registry"`
	BIN       domain.BIN    `json:"bin,omitempty" maxLength:"48" doc:"The business identification number, 12 digits" example:"160440007161"`
	Territory []domain.KATO `json:"territory,omitempty" maxItems:"100" doc:"The units of the classifier KATO in which the body acts, 9 digits each. Default: the whole country" example:"[\"710000000\"]"`
	ParentID  domain.BodyID `json:"parent_id,omitzero" format:"uuid" doc:"The body above it, which decides the complaints about it"`
}

func (b BodyDescription) description() body.Description {
	return body.Description{Names: body.Names(b.Names), BIN: b.BIN, Territory: b.Territory, Parent: b.ParentID}
}

func describedAs(d body.Description) BodyDescription {
	return BodyDescription{Names: bodyNames(d.Names), BIN: d.BIN, Territory: d.Territory, ParentID: d.Parent}
}

// descriptionProblems are those of a description.
var descriptionProblems = codes{
	domain.CodeBINFormat, domain.CodeBINControlDigit, domain.CodeKATOFormat, domain.CodeNamedTwice,
	domain.CodeParentNotAllowed, domain.CodeBodyUnknown, domain.CodeBodyEnded,
}

type recordBodyBody struct {
	Kind body.Kind `json:"kind" doc:"What the body is; the role of its accounts follows from it"`
	BodyDescription
}

type recordBodyInput struct {
	operation.Posted[recordBodyBody]
}

type recordedBody struct {
	BodyID domain.BodyID `json:"body_id" format:"uuid"`
	operation.Events
}

func (s *Server) recordBody() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "record-body", Path: "/v1/bodies", Tag: bodiesTag, Status: http.StatusCreated,
		Of: operation.OfNew,
		Summary: "Record a body: a commission, a desk, a department of the provider, an audit office, an " +
			"administration of the registry, or a consumer: the system of another state body",
		Doc: "Officials and accounts come after it. Until then nobody acts for it. The role of its accounts follows " +
			"from its kind: commission, operator (desk), provider, auditor (audit), administrator (administration), consumer (consumer).",
		Roles:    administrators,
		Problems: descriptionProblems.and(domain.CodeBodyRecorded),
		Example: `{
			"kind": "commission", "territory": ["710000000"],
			"names": {
				"kk": "Астана қаласының тұрғын үй комиссиясы", "ru": "Жилищная комиссия города Астаны",
				"en": "Housing commission of Astana"
			}
		}`,
	}, func(ctx context.Context, call operation.Call, in *recordBodyInput) (command.Receipt, recordedBody, error) {
		id := domain.BodyID{UUID: domain.DeriveID(call.ID.UUID, "body")}
		r, err := s.commands.RecordBody(ctx, call.Command, body.Record{
			BodyID: id, Kind: in.Body.Kind, Description: in.Body.description(),
		}, call.Options)
		return r, recordedBody{BodyID: id}, err
	})
}

type describeBodyInput struct {
	ID domain.BodyID `path:"id" format:"uuid"`
	operation.Posted[BodyDescription]
}

func (s *Server) describeBody() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "describe-body", Path: bodyAddress + "/description", Tag: bodiesTag,
		Of:       operation.OfBody,
		Summary:  "Change the names, the BIN, the territory or the parent of a body",
		Doc:      "The new description replaces the earlier one. A member that you leave out is empty from now on.",
		Roles:    administrators,
		Problems: descriptionProblems.and(domain.CodeNothingChanges),
		Example: `{
			"bin": "160440007161", "territory": ["710000000"],
			"names": {
				"kk": "Астана қаласының тұрғын үй комиссиясы", "ru": "Жилищная комиссия города Астаны",
				"en": "Housing commission of Astana"
			}
		}`,
	}, func(ctx context.Context, call operation.Call, in *describeBodyInput) (command.Receipt, recordedBody, error) {
		r, err := s.commands.DescribeBody(
			ctx, call.Command, in.ID, body.Describe{Description: in.Body.description()}, call.Options,
		)
		return r, recordedBody{BodyID: in.ID}, err
	})
}

type renameBodyBody struct {
	Names bodyNames   `json:"names" doc:"The new name in the three languages of the registry"`
	From  domain.Date `json:"from,omitzero" format:"date" doc:"The first day of the new name. Default: today"`
	Basis string      `json:"basis" minLength:"1" maxLength:"200" doc:"The act by which the body is renamed, without personal data" example:"resolution 118 of 2026-03-10"`
}

type renameBodyInput struct {
	ID domain.BodyID `path:"id" format:"uuid"`
	operation.Posted[renameBodyBody]
}

func (s *Server) renameBody() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "rename-body", Path: bodyAddress + "/name", Tag: bodiesTag,
		Of:       operation.OfBody,
		Summary:  "Rename a body from a day on",
		Doc:      "A document keeps the name that the body had when it was issued. All else stays as it is.",
		Roles:    administrators,
		Problems: endedProblems.and(domain.CodeNothingChanges, domain.CodeDateInFuture),
		Example: `{
			"names": {
				"kk": "Астана қаласының бірыңғай тұрғын үй комиссиясы", "ru": "Единая жилищная комиссия города Астаны",
				"en": "Joint housing commission of Astana"
			},
			"from": "2026-03-10", "basis": "resolution 118 of 2026-03-10"
		}`,
	}, func(ctx context.Context, call operation.Call, in *renameBodyInput) (command.Receipt, recordedBody, error) {
		r, err := s.commands.RenameBody(ctx, call.Command, in.ID, body.Rename{
			Names: body.Names(in.Body.Names), From: in.Body.From, Basis: in.Body.Basis,
		}, call.Options)
		return r, recordedBody{BodyID: in.ID}, err
	})
}

// endedProblems are those of an act on a body.
var endedProblems = codes{domain.CodeBodyUnknown, domain.CodeBodyEnded}

type endBodyBody struct {
	How         body.EndKind  `json:"how"`
	SuccessorID domain.BodyID `json:"successor_id,omitzero" format:"uuid" doc:"The body of the same kind that takes over its lists, cases, stock, certificates and complaints. Only a body that keeps nothing is wound up without one"`
	Basis       string        `json:"basis" minLength:"1" maxLength:"200" doc:"The act by which the body ends, without personal data" example:"resolution 119 of 2026-03-10"`
}

type endBodyInput struct {
	ID domain.BodyID `path:"id" format:"uuid"`
	operation.Posted[endBodyBody]
}

func (s *Server) endBody() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "end-body", Path: bodyAddress + "/end", Tag: bodiesTag,
		Of:      operation.OfBody,
		Summary: "Merge a body into another one, or wind it up",
		Doc: "From then on the successor has its place: its accounts act on the lists, whose numbers go on, on the " +
			"cases, whose terms run on, on the stock and the certificates, and on complaints. The accounts of the body " +
			"that has ended are not accepted any more; every process knows that within a second.",
		Roles: administrators,
		Problems: endedProblems.and(
			domain.CodeSuccessorRequired, domain.CodeSuccessorInvalid,
		),
		Example: `{
			"how": "merged", "successor_id": "7a0c3a44-2b3d-5f5e-9d7c-9b1b8f5f0e11", "basis": "resolution 119 of 2026-03-10"
		}`,
	}, func(ctx context.Context, call operation.Call, in *endBodyInput) (command.Receipt, recordedBody, error) {
		r, err := s.commands.EndBody(ctx, call.Command, in.ID, in.Body.SuccessorID, body.End{
			How: in.Body.How, Basis: in.Body.Basis,
		}, call.Options)
		return r, recordedBody{BodyID: in.ID}, err
	})
}

// OfficialNamed names a person who holds an office. It is embedded.
type OfficialNamed struct {
	PersonID domain.PersonID `json:"person_id,omitzero" format:"uuid" doc:"The official. Give this or iin"`
	IIN      string          `json:"iin,omitempty" maxLength:"48" doc:"The IIN of the official, 12 digits, instead of person_id. The person need not be recorded" example:"999999000012"`
}

// officialProblems are those of naming an official.
var officialProblems = codes{
	domain.CodeIINFormat, domain.CodeIINControlDigit, domain.CodeIINZero, domain.CodeBodyUnknown,
	domain.CodeOfficialUnknown, domain.CodeBodyEnded,
}

// official returns the person who is named.
func (s *Server) official(ctx context.Context, n OfficialNamed) (domain.PersonID, error) {
	if n.PersonID.IsZero() == (n.IIN == "") {
		return domain.PersonID{}, domain.Refuse(domain.Invalid, domain.CodeRequired,
			"name the official by person_id or by iin, and by one of them only").At("person_id")
	}
	if n.IIN == "" {
		return n.PersonID, nil
	}
	iin, err := parseIIN(n.IIN)
	if err != nil {
		return domain.PersonID{}, err
	}
	return s.personOf(ctx, iin)
}

type appointBody struct {
	OfficialNamed
	Office body.Office `json:"office" doc:"A body has one head at a time. Only the head and the deputies extend terms"`
	From   domain.Date `json:"from,omitzero" format:"date" doc:"The first day in the office. Default: today"`
	Until  domain.Date `json:"until,omitzero" format:"date" doc:"The first day without the office. Default: no end is known"`
	Basis  string      `json:"basis" minLength:"1" maxLength:"200" doc:"The order of appointment, without personal data" example:"order 12 of 2026-03-10"`
}

type appointInput struct {
	ID domain.BodyID `path:"id" format:"uuid"`
	operation.Posted[appointBody]
}

type officialChanged struct {
	BodyID   domain.BodyID   `json:"body_id" format:"uuid"`
	PersonID domain.PersonID `json:"person_id" format:"uuid"`
	operation.Events
}

func (s *Server) appointOfficial() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "appoint-official", Path: bodyAddress + "/officials", Tag: bodiesTag,
		Of:      operation.OfBody,
		Summary: "Appoint an official of a body for a term",
		Roles:   administrators,
		Problems: officialProblems.and(
			domain.CodeUntilBeforeFrom, domain.CodeOfficialAppointed, domain.CodeOfficeTaken,
		),
		Example: `{"iin": "999999000012", "office": "deputy_head", "basis": "order 12 of 2026-03-10"}`,
	}, func(ctx context.Context, call operation.Call, in *appointInput) (command.Receipt, officialChanged, error) {
		person, err := s.official(ctx, in.Body.OfficialNamed)
		if err != nil {
			return command.Receipt{}, officialChanged{}, err
		}
		from := in.Body.From
		if from.IsZero() {
			from = call.Today()
		}
		r, err := s.commands.AppointOfficial(ctx, call.Command, in.ID, body.Appoint{
			PersonID: person, Office: in.Body.Office, From: from, Until: in.Body.Until, Basis: in.Body.Basis,
		}, call.Options)
		return r, officialChanged{BodyID: in.ID, PersonID: person}, err
	})
}

type endOfficeBody struct {
	OfficialNamed
	Office body.Office `json:"office"`
	On     domain.Date `json:"on,omitzero" format:"date" doc:"The first day without the office. Default: today"`
	Basis  string      `json:"basis" minLength:"1" maxLength:"200" doc:"The order that ends the term, without personal data" example:"order 31 of 2026-09-01"`
}

type endOfficeInput struct {
	ID domain.BodyID `path:"id" format:"uuid"`
	operation.Posted[endOfficeBody]
}

func (s *Server) endOffice() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "end-office", Path: bodyAddress + "/officials/removal", Tag: bodiesTag,
		Of:       operation.OfBody,
		Summary:  "End the term of an official",
		Doc:      "The accounts of an official who holds no office of the body any more are not accepted.",
		Roles:    administrators,
		Problems: officialProblems.and(domain.CodeEndsBeforeBegin),
		Example:  `{"iin": "999999000012", "office": "deputy_head", "basis": "order 31 of 2026-09-01"}`,
	}, func(ctx context.Context, call operation.Call, in *endOfficeInput) (command.Receipt, officialChanged, error) {
		person, err := s.official(ctx, in.Body.OfficialNamed)
		if err != nil {
			return command.Receipt{}, officialChanged{}, err
		}
		on := in.Body.On
		if on.IsZero() {
			on = call.Today()
		}
		r, err := s.commands.EndOffice(ctx, call.Command, in.ID, body.EndOffice{
			PersonID: person, Office: in.Body.Office, On: on, Basis: in.Body.Basis,
		}, call.Options)
		return r, officialChanged{BodyID: in.ID, PersonID: person}, err
	})
}

type accountBody struct {
	OfficialNamed
	Account string `json:"account" minLength:"1" maxLength:"100" doc:"The name of the account in the tokens, without personal data. No two accounts of the registry have one name" example:"astana-commission-1"`
}

type accountInput struct {
	ID domain.BodyID `path:"id" format:"uuid"`
	operation.Posted[accountBody]
}

type accountChanged struct {
	BodyID  domain.BodyID `json:"body_id" format:"uuid"`
	Account string        `json:"account"`
	operation.Events
}

func (s *Server) openAccount() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "open-account", Path: bodyAddress + "/accounts", Tag: bodiesTag,
		Of:      operation.OfBody,
		Summary: "Open an account of an official of the body",
		Doc: "Whoever has a token of the account acts for this body and for no other. The person who uses the " +
			"account never decides a case of their own. The account of a body of the kind consumer is used by its " +
			"system: name nobody.",
		Roles:    administrators,
		Problems: officialProblems.and(domain.CodeAccountTaken),
		Example:  `{"iin": "999999000012", "account": "astana-commission-1"}`,
	}, func(ctx context.Context, call operation.Call, in *accountInput) (command.Receipt, accountChanged, error) {
		person, err := domain.PersonID{}, error(nil)
		if in.Body.OfficialNamed != (OfficialNamed{}) {
			person, err = s.official(ctx, in.Body.OfficialNamed)
		}
		if err != nil {
			return command.Receipt{}, accountChanged{}, err
		}
		r, err := s.commands.OpenAccount(ctx, call.Command, in.ID, body.OpenAccount{
			Account: in.Body.Account, PersonID: person,
		}, call.Options, s.directory)
		return r, accountChanged{BodyID: in.ID, Account: in.Body.Account}, err
	})
}

type closeAccountBody struct {
	Account string `json:"account" minLength:"1" maxLength:"100" example:"astana-commission-1"`
	Reasons string `json:"reasons" minLength:"1" maxLength:"400" doc:"Why the account is closed, without personal data"`
}

type closeAccountInput struct {
	ID domain.BodyID `path:"id" format:"uuid"`
	operation.Posted[closeAccountBody]
}

func (s *Server) closeAccount() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "close-account", Path: bodyAddress + "/accounts/removal", Tag: bodiesTag,
		Of:      operation.OfBody,
		Summary: "Close an account",
		Doc: "Every process of the registry refuses its tokens within a second. A closed account stays closed, and " +
			"its name is not given out again, because old events name it.",
		Roles: administrators,
		Problems: codes{
			domain.CodeBodyUnknown, domain.CodeBodyEnded, domain.CodeAccountUnknown, domain.CodeAccountClosed, domain.CodeReasonsRequired,
		},
		Example: `{"account": "astana-commission-1", "reasons": "the official has left the body"}`,
	}, func(ctx context.Context, call operation.Call, in *closeAccountInput) (command.Receipt, accountChanged, error) {
		r, err := s.commands.CloseAccount(ctx, call.Command, in.ID, body.CloseAccount{
			Account: in.Body.Account, Reasons: in.Body.Reasons,
		}, call.Options)
		return r, accountChanged{BodyID: in.ID, Account: in.Body.Account}, err
	})
}

type allowanceBody struct {
	Facts        []allowedFact        `json:"facts" minItems:"1" maxItems:"20" doc:"The kinds of fact that the system is told"`
	Values       []domain.SharedValue `json:"values,omitempty" maxItems:"20" doc:"The personal values that it is given with each fact. Default: none, only ids, kinds and days"`
	Territory    []domain.KATO        `json:"territory,omitempty" maxItems:"100" doc:"The units of the classifier KATO where the persons are of whom it is told. Give these or whole_country" example:"[\"710000000\"]"`
	WholeCountry bool                 `json:"whole_country,omitempty" doc:"It is told of persons wherever they are"`
	Basis        string               `json:"basis" minLength:"1" maxLength:"200" doc:"The act that entitles the system to this, without personal data" example:"agreement 14 of 2026-03-10 on the exchange of data"`
}

// allowedFact is a kind of fact that a system can be allowed.
type allowedFact domain.FactKind

func allowanceOf(a body.Allowance) *allowanceBody {
	return &allowanceBody{
		Facts: as[allowedFact](a.Facts), Values: a.Values, Territory: a.Territory, WholeCountry: a.WholeCountry, Basis: a.Basis,
	}
}

type allowanceInput struct {
	ID domain.BodyID `path:"id" format:"uuid"`
	operation.Posted[allowanceBody]
}

func (s *Server) allowConsumer() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "allow-consumer", Path: bodyAddress + "/allowance", Tag: bodiesTag,
		Of:      operation.OfBody,
		Summary: "Say what the system of another state body may have: kinds of fact, personal values, territory",
		Doc: "The new allowance replaces the earlier one. It holds for whatever the system is told from then on, also of " +
			"facts that were before. What became of an earlier fact (corrected, annulled) belongs to its kind, and an " +
			"erased person is always told.",
		Roles: administrators,
		Problems: endedProblems.and(
			domain.CodeNoConsumer, domain.CodeNothingChanges, domain.CodeKATOFormat, domain.CodeNamedTwice,
		),
		Example: `{
			"facts": ["registered", "deregistered", "moved", "died"], "values": ["iin"], "territory": ["710000000"],
			"basis": "agreement 14 of 2026-03-10 on the exchange of data"
		}`,
	}, func(ctx context.Context, call operation.Call, in *allowanceInput) (command.Receipt, recordedBody, error) {
		r, err := s.commands.AllowConsumer(ctx, call.Command, in.ID, body.Allow{Allowance: body.Allowance{
			Facts: as[domain.FactKind](in.Body.Facts), Values: in.Body.Values, Territory: in.Body.Territory,
			WholeCountry: in.Body.WholeCountry, Basis: in.Body.Basis,
		}}, call.Options)
		return r, recordedBody{BodyID: in.ID}, err
	})
}

type endAllowanceBody struct {
	Reasons string `json:"reasons" minLength:"1" maxLength:"400" doc:"Why the system may have nothing any more, without personal data" example:"the agreement has ended"`
}

type endAllowanceInput struct {
	ID domain.BodyID `path:"id" format:"uuid"`
	operation.Posted[endAllowanceBody]
}

func (s *Server) endAllowance() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "end-allowance", Path: bodyAddress + "/allowance/end", Tag: bodiesTag,
		Of:       operation.OfBody,
		Summary:  "Take away what the system of another state body may have",
		Doc:      "From then on it is told nothing. Every process knows that within a second.",
		Roles:    administrators,
		Problems: endedProblems.and(domain.CodeNoConsumer, domain.CodeNothingAllowed, domain.CodeReasonsRequired),
		Example:  `{"reasons": "the agreement has ended"}`,
	}, func(ctx context.Context, call operation.Call, in *endAllowanceInput) (command.Receipt, recordedBody, error) {
		r, err := s.commands.EndAllowance(
			ctx, call.Command, in.ID, body.EndAllowance{Reasons: in.Body.Reasons}, call.Options,
		)
		return r, recordedBody{BodyID: in.ID}, err
	})
}

// BodyLine is a body in a list. It is embedded.
type BodyLine struct {
	BodyID domain.BodyID `json:"body_id" format:"uuid"`
	Kind   body.Kind     `json:"kind"`
	BodyDescription
	Ended *endedLine `json:"ended,omitempty" doc:"How the body ended, if it is no more"`
}

type endedLine struct {
	How         body.EndKind  `json:"how" values:"open"`
	On          domain.Date   `json:"on" format:"date"`
	SuccessorID domain.BodyID `json:"successor_id,omitzero" format:"uuid" doc:"The body that took over its matters then"`
}

func lineOf(b *body.Body) BodyLine {
	line := BodyLine{b.ID, b.Kind, describedAs(b.Description), nil}
	if e := b.Ended; e != nil {
		line.Ended = &endedLine{e.How, domain.DateOf(e.EndedAt), e.SuccessorID}
	}
	return line
}

type bodiesBody struct {
	Bodies []BodyLine `json:"bodies" doc:"All bodies, by kind and name"`
}

type bodiesInput struct {
	Kind body.Kind `query:"kind" doc:"Only bodies of this kind"`
}

type bodiesOutput struct{ Body bodiesBody }

func (s *Server) listBodies() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "list-bodies", Method: http.MethodGet, Path: "/v1/bodies", Tag: bodiesTag,
		Of:      operation.OfPublic,
		Summary: "The bodies of the registry: what they are called and where they act",
		Doc:     "The answer has what the log delivered to this process, which is a moment behind.",
		Roles:   everybody,
		Rows:    table.Of[BodyLine]("bodies"),
		Shows:   operation.ShowsNobody("state bodies, and nobody in them"),
		FromLog: true,
	}, func(ctx context.Context, in *bodiesInput) (*bodiesOutput, error) {
		all, err := s.directory.Bodies(ctx)
		if err != nil {
			return nil, err
		}
		out := bodiesBody{Bodies: []BodyLine{}}
		for _, b := range all {
			if in.Kind == "" || in.Kind == b.Kind {
				out.Bodies = append(out.Bodies, lineOf(b))
			}
		}
		slices.SortFunc(out.Bodies, func(x, y BodyLine) int {
			return cmp.Or(
				cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Names.Kazakh, y.Names.Kazakh),
				cmp.Compare(x.BodyID.String(), y.BodyID.String()),
			)
		})
		return &bodiesOutput{out}, nil
	})
}

type officialLine struct {
	PersonID domain.PersonID `json:"person_id" format:"uuid"`
	Office   body.Office     `json:"office"`
	From     domain.Date     `json:"from" format:"date"`
	Until    domain.Date     `json:"until,omitzero" format:"date" doc:"The first day without the office"`
}

type accountLine struct {
	Account  string          `json:"account"`
	PersonID domain.PersonID `json:"person_id,omitzero" format:"uuid" doc:"The official who uses it; left out where the system of a consumer does"`
	Closed   bool            `json:"closed,omitempty"`
}

type bodyBody struct {
	BodyLine
	Officials []officialLine `json:"officials" doc:"In the order of their appointment, past terms too"`
	Accounts  []accountLine  `json:"accounts" doc:"In the order of their opening, closed ones too"`
	Allowance *allowanceBody `json:"allowance,omitempty" doc:"Of a consumer: what it may have now; left out where that is nothing"`
	Webhook   string         `json:"webhook,omitempty" doc:"Of a consumer: where it is called with its facts"`
}

type bodyInput struct {
	ID domain.BodyID `path:"id" format:"uuid"`
}

type bodyOutput struct {
	ETag string `header:"ETag" doc:"The revision of the record"`
	Body bodyBody
}

func (s *Server) getBody() operation.Operation {
	return operation.Read(operation.Declaration{
		ID: "get-body", Method: http.MethodGet, Path: bodyAddress, Tag: bodiesTag,
		Of:       operation.OfBody,
		Summary:  "A body with its officials and accounts",
		Doc:      "A commission finds here the ids of its members, which the minutes of its decisions name.",
		Roles:    []domain.Role{domain.RoleAdministrator, domain.RoleAuditor, domain.RoleCommission},
		Problems: []domain.Code{domain.CodeBodyUnknown},
		Shows:    operation.ShowsNobody("officials in their office, by id and without a name"),
		FromLog:  true,
	}, func(ctx context.Context, in *bodyInput) (*bodyOutput, error) {
		b, revision, err := s.commands.BodyAt(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		out := bodyBody{
			BodyLine:  lineOf(&b),
			Officials: make([]officialLine, len(b.Officials)), Accounts: make([]accountLine, len(b.Accounts)),
		}
		if a := b.Allowance; a != nil {
			out.Allowance = allowanceOf(*a)
		}
		if w := b.Webhook; w != nil {
			out.Webhook = w.URL
		}
		for i, o := range b.Officials {
			out.Officials[i] = officialLine(o)
		}
		for i, a := range b.Accounts {
			out.Accounts[i] = accountLine{a.Name, a.PersonID, a.Closed}
		}
		return &bodyOutput{ETag: operation.ETag(revision), Body: out}, nil
	})
}
