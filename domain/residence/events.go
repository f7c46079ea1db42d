package residence

import "tizilim/domain"

// Events are the types of event that this package declares.
var Events = []domain.EventType{
	domain.EventOf[PersonRecorded](),
	domain.EventOf[PersonDataChanged](),
	domain.EventOf[IINClaimed](),
	domain.EventOf[IINClaimVoided](),
	domain.EventOf[IINRecorded](),
	domain.EventOf[RecordsMerged](),
	domain.EventOf[RecordAbsorbed](),
	domain.EventOf[MergeUndone](),
	domain.EventOf[RecordSeparated](),
	domain.EventOf[PersonDied](),
	domain.EventOf[DeathAnnulled](),
	domain.EventOf[DeathFollowed](),
	domain.EventOf[DeathUnfollowed](),
	domain.EventOf[SuccessionAwaited](),
	domain.EventOf[SuccessionVoided](),
	domain.EventOf[RepresentativeDied](),
	domain.EventOf[RepresentativeLives](),
	domain.EventOf[ContactsStated](),
	domain.EventOf[ContactsConfirmed](),
	domain.EventOf[ContactCodeRejected](),
	domain.EventOf[RegistrationBegan](),
	domain.EventOf[RegistrationEnded](),
	domain.EventOf[RegistrationInserted](),
	domain.EventOf[RegistrationAnnulled](),
	domain.EventOf[RegistrationCorrected](),
	domain.EventOf[EndingAnnulled](),
	domain.EventOf[EndingCorrected](),
	domain.EventOf[CorrectionAnnulled](),
	domain.EventOf[RepresentativeRecorded](),
	domain.EventOf[RepresentationEnded](),
	domain.EventOf[WardNoted](),
	domain.EventOf[HoldPlaced](),
	domain.EventOf[HoldLifted](),
	domain.EventOf[PersonErased](),
	domain.EventOf[ErasureCompleted](),
	domain.EventOf[DwellingRecorded](),
	domain.EventOf[OwnersChanged](),
	domain.EventOf[OwnersChangeProposed](),
	domain.EventOf[OwnersChangeDeclined](),
	domain.EventOf[OwnersChangeLapsed](),
	domain.EventOf[LapseAnnulled](),
	domain.EventOf[DwellingDescribed](),
	domain.EventOf[DwellingRecoded](),
	domain.EventOf[DwellingCodeClaimed](),
	domain.EventOf[DwellingCodeClaimVoided](),
	domain.EventOf[TakenIntoStock](),
	domain.EventOf[LeaseBegan](),
	domain.EventOf[RegistrationDeclined](),
	domain.EventOf[LeaseVoided](),
	domain.EventOf[LeaseEnded](),
	domain.EventOf[DeregistrationApplied](),
	domain.EventOf[CoOwnerConfirmed](),
	domain.EventOf[CoOwnerDeclined](),
	domain.EventOf[ConfirmationRevoked](),
	domain.EventOf[ConfirmationsLapsed](),
	domain.EventOf[SilenceAnnulled](),
	domain.EventOf[DeregistrationDecided](),
	domain.EventOf[DepartureSheetIssued](),
	domain.EventOf[RefusalIssued](),
}

// atDwelling is the concern of an event about a dwelling, and about persons there.
func atDwelling(id domain.DwellingID, persons ...domain.PersonID) domain.Concern {
	return domain.Concern{Persons: persons, Dwellings: []domain.DwellingID{id}}
}

func (c Correction) concerns() domain.Concern { return atDwelling(c.DwellingID, c.PersonID) }
