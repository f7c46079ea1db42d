package httpapi

import (
	"slices"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/domain/body"
	"tizilim/domain/certificates"
	"tizilim/domain/housing"
	"tizilim/domain/notice"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
	"tizilim/httpapi/operation"
	"tizilim/projections"
)

// enumerations are the types whose values the API lists. The OpenAPI document and
// the checks of requests take the values from here. A type of fewer values than the
// domain has stands beside the operation that takes no others.
var enumerations = []operation.Enumeration{
	operation.Values(domain.Channels),
	operation.Values(domain.DocumentTypes),
	operation.Values(domain.ToldFacts),
	operation.Values(domain.Languages),
	operation.Values(domain.Papers),
	operation.Values(domain.PapersFor),
	operation.Values(append(slices.Clone(domain.Services), domain.Complaint)),
	operation.Values(domain.SharedValues),
	operation.Values(domain.SignatureMethods),
	operation.Values(domain.Votes),
	operation.Values(accesslog.Purposes),
	operation.Values(as[operation.StatedPurpose](accesslog.Stated)),
	operation.Values(body.EndKinds),
	operation.Values(body.Kinds),
	operation.Values(body.Offices),
	operation.Values(certificates.Fields),
	operation.Values(certificates.Kinds),
	operation.Values(certificates.Overtakings),
	operation.Values(certificates.Statuses),
	operation.Values(notice.Routes),
	operation.Values(notice.States),
	operation.Values(notice.Ways),

	operation.Values(residence.Answers),
	operation.Values(residence.Classes),
	operation.Values(residence.Confirmations),
	operation.Values(residence.Contacts),
	operation.Values(residence.CorrectionActions),
	operation.Values(residence.CorrectionGrounds),
	operation.Values(residence.ErasureBases),
	operation.Values(residence.GoneHows),
	operation.Values(residence.Grounds),
	operation.Values(residence.Kinds),
	operation.Values(residence.Kinships),
	operation.Values(residence.LeaseEndReasons),
	operation.Values(residence.OwnerKinds),
	operation.Values(residence.Places),
	operation.Values(residence.Reasons),
	operation.Values(residence.StockGrounds),
	operation.Values(residence.StockStates),
	operation.Values(residence.ReplacedIINs),
	operation.Values(residence.Representations),

	operation.Values(housing.ChangeKinds),
	operation.Values(housing.CheckSources),
	operation.Values(housing.ConsentPurposes),
	operation.Values(housing.ConsentScopes),
	operation.Values(housing.ConsentStates),
	operation.Values(housing.EntryStates),
	operation.Values(housing.FindingKinds),
	operation.Values(housing.OrderBases),
	operation.Values(housing.RefusalGrounds),
	operation.Values(housing.ReinstatementGrounds),
	operation.Values(housing.Relations),
	operation.Values(housing.ReviewReasons),
	operation.Values(housing.SkipReasons),
	operation.Values(housing.TransferCauses),

	operation.Values(foundHows),
	operation.Values(projections.DutyKinds),
	operation.Values(projections.DutyReasons),

	operation.Values(procedure.ComplaintOutcomes),
	operation.Values(procedure.Duties),
	operation.Values(procedure.Exemptions),
	operation.Values(procedure.HearingEnds),
	operation.Values(procedure.Offices),
	operation.Values(procedure.Parts),
	operation.Values(procedure.RecusalGrounds),
	operation.Values(procedure.RemedyKinds),
	operation.Values(procedure.LateTerms),
	operation.Values(procedure.States),
	operation.Values(procedure.TerminationGrounds),
	operation.Values(procedure.WaysOfNotice),

	operation.Values(projections.ChangeKinds),

	operation.Values(applicationChannels),
	operation.Values(as[toldFact](domain.ToldFacts)),
	operation.Values(as[allowedFact](domain.FactKinds)),
	operation.Values(servicesApplied),
	operation.Values(noticeSubjects),
	operation.Values(proposalOutcomes),
	operation.Values(consequences),
	operation.Values(ownershipConsequences),
	operation.Values(ownershipActions),
	operation.Values(contradictionsOfRecords),
	operation.Values(contradictions),
	operation.Values(unlikelyOfParents),
	operation.Values(warningsToAnswer),
	operation.Values(differences),
	operation.Values(birthsKnown),
	operation.Values(residence.DataChanges),
	operation.Values(dueKinds),
	operation.Values(personsOfCase),
	operation.Values(numberStates),
	operation.Values(standingStates),
	operation.Values(orders),
	operation.Values(listChanges),
}

// as converts the values of one type of strings to another.
func as[To, From ~string](values []From) []To {
	if values == nil {
		return nil
	}
	to := make([]To, len(values))
	for i, v := range values {
		to[i] = To(v)
	}
	return to
}
