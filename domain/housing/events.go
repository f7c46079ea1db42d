package housing

import "tizilim/domain"

// Events are the types of event that this package declares.
var Events = []domain.EventType{
	domain.EventOf[ListOpened](),
	domain.EventOf[EntryPlaced](),
	domain.EventOf[EntryRemoved](),
	domain.EventOf[EntryReinstated](),
	domain.EventOf[NoticeGiven](),
	domain.EventOf[EntryRedated](),
	domain.EventOf[RedatingUndone](),
	domain.EventOf[EntryTransferred](),
	domain.EventOf[HolderCertified](),
	domain.EventOf[PriorityRuleSet](),
	domain.EventOf[PriorityRuleFollowed](),
	domain.EventOf[EntryPrioritised](),
	domain.EventOf[PriorityEnded](),
	domain.EventOf[ProtectionRecorded](),
	domain.EventOf[ProtectionLifted](),
	domain.EventOf[InventoryConfirmed](),
	domain.EventOf[ReviewOpened](),
	domain.EventOf[ReviewClosed](),
	domain.EventOf[InventoryRequested](),
	domain.EventOf[ChangeReported](),
	domain.EventOf[ServiceEnded](),
	domain.EventOf[ServiceEndUndone](),
	domain.EventOf[LookupConsentWithdrawn](),
	domain.EventOf[LookupConsentRenewed](),
	domain.EventOf[LookupConsentExpired](),
	domain.EventOf[RequestAnnulled](),
	domain.EventOf[ReviewAnnulled](),
	domain.EventOf[ConsentExpiryAnnulled](),
	domain.EventOf[ProvisionDecided](),
	domain.EventOf[ProvisionCompleted](),
	domain.EventOf[ProvisionVoided](),
	domain.EventOf[ProvisionDeclined](),
	domain.EventOf[EntryProvided](),
	domain.EventOf[EntryLeft](),
	domain.EventOf[DwellingDeclined](),
	domain.EventOf[DeclineTakenBack](),
	domain.EventOf[ApplicationReceived](),
	domain.EventOf[MemberConsented](),
	domain.EventOf[MemberDeclined](),
	domain.EventOf[MembersDropped](),
	domain.EventOf[NeedExamined](),
	domain.EventOf[PlacementApproved](),
	domain.EventOf[ApprovalVoided](),
	domain.EventOf[PlacementCertified](),
	domain.EventOf[ApplicationRefused](),
}

// personInCase is the concern of an event about a person that is a step of a
// case; of no case where the id is zero.
func personInCase(person domain.PersonID, id domain.CaseID) domain.Concern {
	return domain.Concern{Persons: []domain.PersonID{person}, Case: id}
}

// ofFamily is the concern of an event about the entry of a holder that counts a
// family.
func ofFamily(holder domain.PersonID, family []FamilyMember) domain.Concern {
	return domain.ConcernsPersons(append([]domain.PersonID{holder}, idsOf(family)...)...)
}

func idsOf(family []FamilyMember) []domain.PersonID {
	var ids []domain.PersonID
	for _, m := range family {
		ids = append(ids, m.PersonID)
	}
	return ids
}

// aboutAList is why an event is in no history.
const aboutAList = "it is about a list and about nobody on it"
