package httpapi

import (
	"context"
	"net/http"

	"tizilim/domain"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
	"tizilim/httpapi/operation"
)

type recordSelfBody struct {
	Class     residence.Class `json:"class" doc:"The legal class; citizen, since others are recorded at a desk"`
	Signature signatureBody   `json:"signature" doc:"By eds: its certificate says the IIN and the name"`
}

type recordSelfInput struct {
	operation.Posted[recordSelfBody]
}

func (s *Server) recordSelf() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "record-myself", Path: "/v1/me/record", Tag: accountTag, Status: http.StatusCreated,
		Of:      operation.OfCaller,
		Summary: "Record myself by an electronic signature",
		Doc: "For a citizen of full age whom nobody has recorded: the certificate of the signature says the IIN and the " +
			"name, and the IIN says the birth date. Others are recorded at a desk, by their documents.",
		Roles: []domain.Role{domain.RoleCitizen},
		Problems: signatureProblems.and(
			domain.CodePersonRecorded, domain.CodeSelfRecord, domain.CodeMemberNotAllowed, domain.CodeNotFound,
		),
		Example: `{"class": "citizen", "signature": {"method": "eds", "cms": "MIIC1gYJKoZIhvcNAQcC"}}`,
	}, func(ctx context.Context, call operation.Call, in *recordSelfInput) (command.Receipt, recordedPerson, error) {
		out := recordedPerson{PersonID: operation.Caller(ctx).PersonID}
		if operation.Citizen(ctx) != out.PersonID {
			return command.Receipt{}, out, operation.NotYours()
		}
		if in.Body.Signature.Method != domain.SignatureEDS {
			return command.Receipt{}, out, domain.Refuse(domain.Invalid, domain.CodeSignatureMethod,
				"only an EDS names you by its certificate: sign with it").At("signature.method")
		}
		var err error
		if call.Options.Signed, err = signed(in.Request(), in.Body.Signature); err != nil {
			return command.Receipt{}, out, err
		}
		call.Channel = domain.ChannelPortal
		r, err := s.commands.RecordSelf(ctx, call.Command, residence.RecordPerson{
			PersonID: out.PersonID, Class: in.Body.Class,
		}, func(c *residence.RecordPerson) {
			c.Likeness, c.NameKeys = s.likeness(c.Data()), s.nameKeys(c.Data())
		}, call.Options)
		return r, out, err
	})
}
