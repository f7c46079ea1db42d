package httpapi

import (
	"context"

	"tizilim/domain"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
	"tizilim/httpapi/operation"
)

func (s *Server) mergeOperations() []operation.Operation {
	return []operation.Operation{
		s.mergeRecords(),
		s.undoMerge(),
	}
}

// difference is a code that a merge can accept.
type difference domain.Code

var differences = as[difference](residence.AcceptableDifferences)

type mergeBody struct {
	SurvivorID domain.PersonID       `json:"survivor_id" format:"uuid" doc:"The other record of the same human, which stands for both from now on"`
	Replaced   residence.ReplacedIIN `json:"replaced_iin,omitempty" doc:"Only if the records have different IINs: whose was replaced by the other one, as the document says"`
	Basis      *basisBody            `json:"basis" doc:"The document that shows that both records are of one human"`
	Accept     []difference          `json:"accept,omitempty" maxItems:"5" doc:"The codes of the differences that the document explains; a refusal lists them"`
}

type mergeInput struct {
	ID domain.PersonID `path:"id" format:"uuid"`
	operation.Posted[mergeBody]
}

type recordsMerged struct {
	PersonID domain.PersonID `json:"person_id" format:"uuid" doc:"The record that stands for the human now"`
	operation.Events
}

func (s *Server) mergeRecords() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "merge-records", Path: "/v1/persons/{id}/merges", Tag: residenceTag,
		Of:      operation.OfPerson,
		Summary: "Merge the record of a person into another record of the same human",
		Doc: "The record of the path is absorbed, the other one survives. The history of each shows both from now on, and " +
			"IIN, tokens and reads of the absorbed record mean the survivor. A command that names the absorbed record is " +
			"refused (record_merged). What is in force does not go over: a registration, an entry, an open case, a lease, " +
			"ownership, a representation or a hold of the absorbed record bars the merge (merge_barred), and the refusal " +
			"lists what to do first. Names and birth dates that differ are refused until accept names the code. The person " +
			"gets a notice.",
		Roles: []domain.Role{domain.RoleOperator, domain.RoleProvider},
		Problems: codes{
			domain.CodePersonUnknown, domain.CodeSameRecord, domain.CodeMergeBarred,
			domain.CodePeriodOverlaps, domain.CodeDeathsDiffer, domain.CodeIINsDiffer, domain.CodeMemberNotAllowed,
			domain.CodeWarningsOpen, domain.CodeNamesDiffer, domain.CodeBirthDatesDiffer, domain.CodeHashFormat,
			domain.CodeDateInFuture,
		},
		Example: `{
			"survivor_id": "1c825553-b624-8752-a2f1-3f9e5fd3a0ef", "accept": ["names_differ"],
			"basis": {
				"type": "identity_card", "number": "045120338", "issued_on": "2026-03-02", "issuer": "ҚР ІІМ",
				"sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
			}
		}`,
	}, func(ctx context.Context, call operation.Call, in *mergeInput) (command.Receipt, recordsMerged, error) {
		out := recordsMerged{PersonID: in.Body.SurvivorID}
		if err := s.inRequest(ctx, domain.DwellingID{}, in.Body.SurvivorID); err != nil {
			return command.Receipt{}, out, err
		}
		r, err := s.commands.MergeRecords(ctx, call.Command, in.ID, residence.MergeRecords{
			SurvivorID: in.Body.SurvivorID, Replaced: in.Body.Replaced, Basis: in.Body.Basis.basis(),
			Accept: as[domain.Code](in.Body.Accept),
		}, call.Options)
		return r, out, err
	})
}

type undoMergeBody struct {
	Merge   domain.EventRef `json:"merge" maxLength:"80" doc:"The event that merged the record, as stream@revision"`
	Reasons string          `json:"reasons" minLength:"1" maxLength:"4000"`
	Basis   *basisBody      `json:"basis" doc:"The document that shows it"`
}

type undoMergeInput struct {
	ID domain.PersonID `path:"id" format:"uuid"`
	operation.Posted[undoMergeBody]
}

type mergeUndone struct {
	PersonID domain.PersonID `json:"person_id" format:"uuid" doc:"The record that stands for itself again"`
	operation.Events
}

func (s *Server) undoMerge() operation.Operation {
	return operation.Command(operation.Declaration{
		ID: "undo-merge", Path: "/v1/persons/{id}/merges/undo", Tag: residenceTag,
		Of:      operation.OfPerson,
		Summary: "Undo a merge of two records, by its reference",
		Doc: "The path names the record that was absorbed. It stands for itself again, with its IIN. What was recorded of " +
			"the survivor since the merge stays there. Both get a notice.",
		Roles: []domain.Role{domain.RoleProvider},
		Problems: codes{
			domain.CodePersonUnknown, domain.CodeFactNotInForce, domain.CodeReasonsRequired, domain.CodeEventRefFormat,
			domain.CodeDateInFuture, domain.CodeHashFormat,
		},
		Example: `{
			"merge": "residence-1c825553-b624-8752-a2f1-3f9e5fd3a0ef@4", "reasons": "the card is that of a namesake",
			"basis": {
				"type": "court_decision", "number": "2-114/2026", "issued_on": "2026-03-12", "issuer": "Алматы аудандық соты",
				"sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
			}
		}`,
	}, func(ctx context.Context, call operation.Call, in *undoMergeInput) (command.Receipt, mergeUndone, error) {
		out := mergeUndone{PersonID: in.ID}
		if err := notBlank("reasons", in.Body.Reasons); err != nil {
			return command.Receipt{}, out, err
		}
		r, err := s.commands.UndoMerge(ctx, call.Command, in.ID, residence.UndoMerge{
			Merge: in.Body.Merge, Reasons: domain.Personal(in.Body.Reasons), Basis: in.Body.Basis.basis(),
		}, call.Options)
		return r, out, err
	})
}

// asOneOfThem decides an attempt of somebody whose record stands for others too (R33). A citizen
// whom the record of their own does not let through acts as one of the others where that one may,
// so what they had before the merge stays theirs. An official does not act where one of the
// others is concerned.
func (r rights) asOneOfThem(ctx context.Context, a operation.Attempt, err error) error {
	citizen := a.Caller.IsCitizen()
	switch {
	case a.Caller.PersonID.IsZero(), citizen && (err == nil || domain.IsKind(err, domain.Unavailable)),
		!citizen && (err != nil || !a.Changes()):
		return err
	}
	others, failed := r.s.commands.AbsorbedBy(ctx, a.Caller.PersonID, citizen)
	if failed != nil {
		return failed
	}
	for _, other := range others {
		as := a
		as.Caller.PersonID = other
		switch refused := r.byRecord(ctx, as); {
		case citizen && refused == nil:
			a.ActAs(other)
			return nil
		case !citizen && refused != nil:
			return refused
		}
	}
	return err
}
