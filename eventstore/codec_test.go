package eventstore

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/domain/certificates"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/notice"
	"tizilim/domain/otp"
	"tizilim/domain/procedure"
	"tizilim/domain/residence"
	"tizilim/domain/rules"
)

// Until release 1.0 the samples may be written anew; after it they are only
// added to, for what was stored once must decode for ever.
var update = flag.Bool("update", false, "write testdata/events for the current version of every event type (until 1.0)")

// sample is an event as it lies in the log.
type sample struct {
	Data     json.RawMessage `json:"data"`
	Metadata json.RawMessage `json:"metadata"`
}

func samplePath(name string, version int) string {
	return filepath.Join("testdata", "events", fmt.Sprintf("%s.v%d.json", name, version))
}

var (
	person = domaintest.ID[domain.PersonID]("aigul")
	flat   = domaintest.ID[domain.DwellingID]("flat")
	list   = domaintest.ID[domain.ListID]("list")
	entry  = domaintest.ID[domain.EntryID]("entry")
	kase   = domaintest.ID[domain.CaseID]("case")
	at     = time.Date(2026, 3, 15, 12, 0, 0, 123456789, domain.Zone)
	today  = domain.DateOf(at)
	since  = housing.Seniority{At: at, Position: 4711, Priority: true}

	household = []housing.FamilyMember{{PersonID: domaintest.ID[domain.PersonID]("daur"), Relation: housing.Spouse}}
	given     = housing.ServiceDwelling{ID: flat, Area: 32, Rooms: 1}
	checked   = housing.NeedCheck{On: today, Source: housing.FromSystems, Scope: []housing.ConsentScope{housing.ScopeRealEstate}, InNeed: true}
	agreed    = housing.Consent{State: housing.ConsentGiven, ConsentTerms: housing.ConsentTerms{
		Purpose: housing.ForHousing, Scope: []housing.ConsentScope{housing.ScopeHealth}, Until: today.AddMonths(12),
	}}
	half, _   = rules.ParseFraction("1/2")
	judgement = housing.Judgement{
		Edition: "kz-2025-11", On: today, InNeed: true, Grounds: []rules.NeedGround{rules.ChronicIllness},
		Bars: []housing.Bar{{Code: domain.CodePastBenefit, PersonID: person, Benefit: "housing_payments"}}, Family: household,
	}
	stay  = domaintest.ID[domain.RegistrationID]("registration")
	proof = domaintest.ID[domain.CertificateID]("certificate")
	told  = domaintest.ID[domain.NoticeID]("notice")
)

var challenge = domaintest.ID[domain.ChallengeID]("challenge")

// signature, every field set; no method sets them all.
var signature = domain.Evidence{
	Signer: person, Text: `{"application":{}}`, SHA256: domain.Personal(domain.TextDigest([]byte(`{"application":{}}`))),
	CMS: domain.PersonalBytes("CMS"), Certificate: "2a", ClaimedAt: at, Challenge: challenge,
}

// correction of a registration, every field set.
var correction = residence.Correction{
	PersonID: person, RegistrationID: stay, DwellingID: flat, Kind: residence.Temporary,
	Corrects: domain.EventRef{Stream: person.Stream(), Revision: 3}, Ground: residence.ClericalError, Reasons: "the desk mistook the day",
	Accepted: []domain.Code{domain.CodeLeavesHole}, Warnings: []residence.Warning{{Code: domain.CodeChildLeft, PersonID: domaintest.ID[domain.PersonID]("daur")}},
	Was: residence.Standing{From: today, Until: today.AddMonths(6), EndedOn: today.AddMonths(1), Reason: residence.OwnerApplication, CaseID: kase},
	Now: residence.Standing{From: today, Until: today.AddMonths(6), Void: true},
}

// examples are the events of which the samples are written: every field set.
var examples = []domain.Event{
	residence.PersonRecorded{PersonID: person, IIN: "999999000012", Name: "Айгүл Сейітқызы", BirthDate: domaintest.Day("1990-01-01"), Class: residence.Citizen, RecordedAt: at},
	residence.ContactsConfirmed{PersonID: person, Phone: "+77010000000", Email: "aigul@example.kz", Language: domain.Kazakh, ConfirmedAt: at},
	residence.RegistrationBegan{
		PersonID: person, RegistrationID: stay, DwellingID: flat, Kind: residence.Temporary, From: today, Until: today.AddMonths(6),
		CaseID: kase, Consents: []residence.Consent{{PersonID: domaintest.ID[domain.PersonID]("daur"), GivenOn: today}},
		Kinship:  residence.Kinship{Kind: residence.SpouseOf, PersonID: domaintest.ID[domain.PersonID]("daur")},
		Warnings: []residence.Warning{{Code: domain.CodeChildApart, PersonID: person}},
	},
	residence.RegistrationEnded{
		PersonID: person, RegistrationID: stay, DwellingID: flat, Kind: residence.Permanent,
		Reason: residence.OwnerApplication, On: today, CaseID: kase,
		Warnings: []residence.Warning{{Code: domain.CodeChildLeft, PersonID: domaintest.ID[domain.PersonID]("daur")}},
	},
	residence.RegistrationInserted(correction),
	residence.RegistrationAnnulled(correction),
	residence.RegistrationCorrected(correction),
	residence.EndingAnnulled(correction),
	residence.EndingCorrected(correction),
	residence.CorrectionAnnulled(correction),
	residence.RepresentativeRecorded{PersonID: person, RepresentativeID: domaintest.ID[domain.PersonID]("daur"), Kind: residence.Guardian, RecordedAt: at},
	residence.RepresentationEnded{PersonID: person, RepresentativeID: domaintest.ID[domain.PersonID]("daur"), Reasons: "the guardian was released", EndedAt: at},
	residence.WardNoted{PersonID: person, WardID: domaintest.ID[domain.PersonID]("daur"), NotedAt: at},
	residence.DwellingRecorded{DwellingID: flat, RKA: "0201300012345678", CadastralNumber: "20-313-001-001", KATO: "750000000", Address: "Алматы, Абай даңғылы, 1", RecordedAt: at},
	residence.OwnersChanged{DwellingID: flat, Owners: []residence.Owner{{PersonID: person, Share: "1/2"}, {PersonID: domaintest.ID[domain.PersonID]("daur")}}, On: today},
	residence.DwellingDescribed{DwellingID: flat, Place: residence.Apartment, UsefulArea: 54.3, DescribedAt: at},
	residence.DeregistrationApplied{
		CaseID: kase, Channel: domain.ChannelStateCorp, Language: domain.Kazakh, Ground: residence.GroundCourtDecision, DwellingID: flat,
		ApplicantID: person, ApplicantClass: residence.Citizen, Persons: []domain.PersonID{domaintest.ID[domain.PersonID]("daur")},
		Documents: []domain.Document{{
			Type: domain.DocumentCourtDecision, Number: "7514-26", PersonID: domaintest.ID[domain.PersonID]("daur"), DwellingID: flat, InForceOn: today, Surrendered: true,
		}},
		DepartureSheet: true, Signature: domain.SignatureEDS, Evidence: signature, CoOwners: []domain.PersonID{domaintest.ID[domain.PersonID]("bolat")},
		ReceivedAt: at, RegisteredAt: at.Add(21 * time.Hour), ConfirmBy: at.Add(72 * time.Hour), Deadline: at.Add(30 * time.Minute),
	},
	residence.CoOwnerConfirmed{CaseID: kase, PersonID: person, Signature: domain.SignatureEDS, Evidence: signature, ConfirmedAt: at, Deadline: at.Add(30 * time.Minute)},
	residence.CoOwnerDeclined{CaseID: kase, PersonID: person, Signature: domain.SignatureEDS, Evidence: signature, DeclinedAt: at},
	residence.ConfirmationRevoked{CaseID: kase, PersonID: person, Signature: domain.SignatureEDS, Evidence: signature, RevokedAt: at},
	residence.ConfirmationsLapsed{CaseID: kase, Silent: []domain.PersonID{person}, LapsedAt: at},
	residence.DeregistrationDecided{
		CaseID: kase, Results: []residence.Result{
			{PersonID: person, Ended: []domain.RegistrationID{stay}, Warnings: []residence.Warning{{Code: domain.CodeChildLeft, PersonID: person}}},
			{PersonID: domaintest.ID[domain.PersonID]("daur"), Code: domain.CodeNotRegisteredHere, Reason: "not registered at the dwelling"},
		}, Edition: "kz-2025-11", DecidedAt: at,
	},
	housing.ListOpened{ListID: list, Body: "Ministry of Defence", Settlement: "Алматы", Title: "Service housing", OpenedAt: at},
	housing.EntryPlaced{ListID: list, EntryID: entry, PersonID: person, CaseID: kase, Seniority: since, Family: household, Consent: agreed, RegisteredOn: today, Number: 3, InventoryDueOn: today.AddMonths(12), PlacedAt: at},
	housing.EntryRemoved{ListID: list, EntryID: entry, PersonID: person, CaseID: kase, Edition: "kz-2025-11", Seniority: since, Reason: housing.DwellingAcquired, Note: "bought a flat", NoticeDueOn: today.AddDays(10), RemovedAt: at},
	housing.EntryReinstated{
		ListID: list, EntryID: entry, PersonID: person, CaseID: kase, Seniority: since, Ground: housing.CourtAct, ComplaintID: "complaint-1",
		CourtAct: housing.Act{Number: "2-114/26", On: today, InForceOn: today}, Note: "act 12", InventoryDueOn: today.AddMonths(12), ReinstatedAt: at,
	},
	housing.NoticeGiven{ListID: list, EntryID: entry, PersonID: person, Grounds: "bought a flat", AppealRoute: housing.AppealRoute, DueOn: today, On: today.AddDays(1), Late: true, RecordedAt: at},
	housing.EntryRedated{ListID: list, EntryID: entry, PersonID: person, From: since, Seniority: since, GroundArose: today, Reasons: "sold the flat then", RedatedAt: at},
	housing.EntryTransferred{ListID: list, EntryID: entry, From: person, PersonID: domaintest.ID[domain.PersonID]("daur"), Family: household, Cause: housing.HolderDied, On: today, Need: checked, TransferredAt: at},
	housing.PriorityRuleSet{ListID: list, Categories: []housing.PriorityCategory{housing.PriorityOrphan}, Basis: "order 5", SetAt: at},
	housing.EntryPrioritised{ListID: list, EntryID: entry, PersonID: person, Category: housing.PriorityOrphan, From: since, Seniority: since, PrioritisedAt: at},
	housing.PriorityEnded{ListID: list, EntryID: entry, PersonID: person, From: since, Seniority: since, EndedAt: at},
	housing.ProtectionRecorded{ListID: list, EntryID: entry, PersonID: person, Category: housing.ProtectedLargeFamily, Document: "certificate 9", RecordedAt: at},
	housing.ProtectionLifted{ListID: list, EntryID: entry, PersonID: person, Category: housing.ProtectedLargeFamily, Reasons: "of age", LiftedAt: at},
	housing.InventoryConfirmed{ListID: list, EntryID: entry, PersonID: person, On: today, NextDueOn: today.AddMonths(12), Review: housing.Doubt, ConfirmedAt: at},
	housing.InventoryRequested{ListID: list, EntryID: entry, PersonID: person, DueOn: today, AnswerBy: today.AddDays(14), RequestedAt: at},
	housing.ReviewOpened{ListID: list, EntryID: entry, PersonID: person, CaseID: kase, Reason: housing.Doubt, Note: "owns a flat?", OpenedAt: at},
	housing.ReviewClosed{ListID: list, EntryID: entry, PersonID: person, CaseID: kase, Note: "owns none", NextDueOn: today.AddMonths(12), ClosedAt: at},
	housing.ChangeReported{ListID: list, EntryID: entry, PersonID: person, Kind: housing.FamilyChanged, Family: household, Note: "a child", HappenedOn: today, DueOn: today.AddDays(14), ReportedAt: at},
	housing.LookupConsentWithdrawn{CaseID: kase, ListID: list, EntryID: entry, PersonID: person, WithdrawnAt: at},
	housing.LookupConsentRenewed{CaseID: kase, ListID: list, EntryID: entry, PersonID: person, ConsentTerms: agreed.ConsentTerms, RenewedAt: at},
	housing.LookupConsentExpired{CaseID: kase, ListID: list, EntryID: entry, PersonID: person, ExpiredAt: at},
	housing.ProvisionDecided{ListID: list, EntryID: entry, PersonID: person, Family: household, CaseID: kase, Dwelling: given, Norm: housing.Norm{Min: 15, Max: 18}, Edition: "kz-2025-11", Need: checked, Declined: []domain.EntryID{entry}, Minutes: "12", RegisteredFrom: today, DecidedAt: at},
	housing.ProvisionCompleted{CaseID: kase, ListID: list, EntryID: entry, DwellingID: flat, Residence: housing.Residence{RegistrationID: stay, Code: domain.CodeRegisteredHere, Reason: "registered there"}, CompletedAt: at},
	housing.ProvisionVoided{CaseID: kase, Code: domain.CodeDwellingLeased, Reason: "let", VoidedAt: at},
	housing.ProvisionDeclined{ListID: list, EntryID: entry, CaseID: kase, Code: domain.CodeNotFirstEligible, Reason: "another stands before", DeclinedAt: at},
	housing.EntryProvided{ListID: list, EntryID: entry, PersonID: person, CaseID: kase, Seniority: since, Number: 2, Persons: 2, Dwelling: given, Skipped: []housing.Skip{{EntryID: entry, Reason: housing.SkipTooSmall}}, ProvidedAt: at},
	residence.RegistrationDeclined{PersonID: person, DwellingID: flat, CaseID: kase, Code: domain.CodeRegisteredHere, Reason: "registered there", DeclinedAt: at},
	residence.LeaseBegan{DwellingID: flat, PersonID: person, Family: []domain.PersonID{domaintest.ID[domain.PersonID]("daur")}, CaseID: kase, On: today, BeganAt: at},
	residence.LeaseVoided{DwellingID: flat, PersonID: person, CaseID: kase, Code: domain.CodeNotFirstEligible, VoidedAt: at},
	residence.LeaseEnded{DwellingID: flat, PersonID: person, CaseID: kase, Reason: residence.EmploymentEnded, On: today, EndedAt: at},
	housing.ApplicationReceived{
		CaseID: kase, ListID: list, ApplicantID: person, Family: []housing.FamilyMember{{PersonID: domaintest.ID[domain.PersonID]("daur"), Relation: housing.Spouse}},
		Consent: true, Terms: agreed.ConsentTerms, Documents: []domain.Document{{
			Type: domain.DocumentOther, Number: "045671234", PersonID: person, DwellingID: flat, InForceOn: today, Surrendered: true,
		}},
		Channel: domain.ChannelPortal, Language: domain.Russian, Signature: domain.SignatureOTP, Evidence: signature, ReceivedAt: at, RegisteredAt: at.Add(21 * time.Hour), Deadline: today.AddDays(30).End(),
	},
	housing.NeedExamined{
		CaseID: kase, ApplicantID: person, Family: household, Settlement: "Алматы", AppliedOn: today, Findings: []housing.Finding{{
			Kind: housing.FoundAlienation, PersonID: person, Source: housing.FromSystems, Settlement: "Алматы", Share: half, BeforeMarriage: true, Unfulfilled: true,
			AlienatedOn: today, Benefit: "housing_payments", Note: "extract 12",
		}}, Lookups: []housing.Lookup{{PersonID: person, Scope: housing.ScopeRealEstate}}, Exception: "art. 9", Judgement: judgement, ExaminedAt: at,
	},
	housing.PlacementApproved{CaseID: kase, ListID: list, EntryID: entry, PersonID: person, Seniority: since, Family: household, RegisteredOn: today, Consent: agreed, Judgement: judgement, Edition: "kz-2025-11", ApprovedAt: at},
	otp.Issued{ChallengeID: challenge, PersonID: person, SHA256: "00", Phone: "+77010000000", Digits: 6, Tries: 5, Edition: "kz-2025-11", IssuedAt: at, ExpiresAt: at.Add(5 * time.Minute)},
	otp.Verified{ChallengeID: challenge, PersonID: person, Command: domaintest.ID[domain.CommandID]("command"), VerifiedAt: at},
	otp.CodeRejected{ChallengeID: challenge, PersonID: person, TriesLeft: 4, RejectedAt: at},
	otp.Locked{ChallengeID: challenge, PersonID: person, LockedAt: at},
	otp.Expired{ChallengeID: challenge, PersonID: person, ExpiredAt: at},
	otp.Superseded{ChallengeID: challenge, PersonID: person, SupersededAt: at},
	housing.ApprovalVoided{CaseID: kase, Code: domain.CodeAlreadyOnList, Reason: "already on the list", VoidedAt: at},
	housing.PlacementCertified{CaseID: kase, ListID: list, EntryID: entry, CertificateID: proof, RegisteredOn: today, Number: 3, Edition: "kz-2025-11", CertifiedAt: at},
	housing.ApplicationRefused{CaseID: kase, ListID: list, CertificateID: proof, Ground: housing.RequirementsNotMet, Reasons: "has a dwelling", Unmet: "serves elsewhere", Judgement: &judgement, AppealRoute: housing.AppealRoute, Edition: "kz-2025-11", RefusedAt: at},
	procedure.CorrectionRequested{CaseID: kase, Missing: []procedure.Missing{{Document: domain.DocumentBirthCertificate, Text: "family[0]: certificate of birth"}}, SystemsSilent: true, Until: today, RequestedAt: at},
	procedure.CorrectionReceived{CaseID: kase, Documents: []domain.Document{{Type: domain.DocumentBirthCertificate, Number: "1", PersonID: person, DwellingID: flat, InForceOn: today, Surrendered: true}}, ReceivedAt: at, Deadline: at},
	procedure.CaseReturned{CaseID: kase, ReturnedAt: at},
	procedure.CaseForwarded{CaseID: kase, To: "akimat", NotifyBy: today, ForwardedAt: at},
	procedure.ReviewBegan{CaseID: kase, Decider: "commission-1", BeganAt: at},
	procedure.DeciderRecused{CaseID: kase, Recused: "commission-1", Ground: procedure.CloseRelative, Decider: "commission-2", RecusedAt: at},
	procedure.HearingAnnounced{CaseID: kase, Preliminary: "refusal: has a dwelling", NotBefore: today, ObjectUntil: today, AnnouncedAt: at},
	procedure.ObjectionFiled{CaseID: kase, Objection: "it was sold", FiledAt: at},
	procedure.HearingClosed{CaseID: kase, How: procedure.HeardOrally, Protocol: "said that it was sold", ClosedAt: at},
	procedure.HearingDispensed{CaseID: kase, Exemption: procedure.OwnRequest, Reasons: "asked for", DispensedAt: at},
	procedure.TermExtended{CaseID: kase, By: "head-1", Office: procedure.DeputyHead, Reasons: "an answer is awaited", Deadline: at, NotifyBy: today, ExtendedAt: at},
	procedure.CaseWithdrawn{CaseID: kase, WithdrawnAt: at},
	procedure.CaseTerminated{CaseID: kase, Ground: procedure.SameSubjectDecided, DuplicateOf: domaintest.ID[domain.CaseID]("the first"), Reasons: "nothing new is said", NotifyBy: today, TerminatedAt: at},
	procedure.DecisionNotified{CaseID: kase, By: procedure.ByHand, NotifiedAt: at},
	procedure.DeadlinePassed{CaseID: kase, Deadline: at, MarkedAt: at},
	procedure.ApplicantNotified{CaseID: kase, Of: procedure.NoticeOfExtension, By: procedure.ByHand, NotifiedAt: at},
	procedure.DutyMissed{CaseID: kase, Duty: procedure.DecisionOnComplaint, By: today, MarkedAt: at},
	procedure.RemedyRecorded{
		CaseID: kase, How: procedure.RemedyCorrected, Acts: []domain.EventRef{{Stream: person.Stream(), Revision: 7}},
		NewCase: domaintest.ID[domain.CaseID]("the next"), Words: "I have moved anyway", RecordedAt: at,
	},
	procedure.ComplaintFiled{CaseID: kase, ComplaintID: "complaint-1", ComplainantID: person, Grounds: "the dwelling is not mine", Late: true, ForwardBy: today, FiledAt: at},
	procedure.ComplaintForwarded{CaseID: kase, To: "ministry", DecideBy: today, ForwardedAt: at},
	procedure.ComplaintDecided{CaseID: kase, Outcome: procedure.Annulled, By: "reviewer-1", Reasons: "it is not", Deadline: at, RemedyBy: today, Affected: person, DecidedAt: at},
	residence.DepartureSheetIssued{
		CaseID: kase, CertificateID: proof, PersonID: person, RegistrationID: stay, DwellingID: flat,
		Kind: residence.Permanent, Reason: residence.DepartureAbroad, On: today, IssuedAt: at,
		Ending: domain.EventRef{Stream: person.Stream(), Revision: 3}, Language: domain.Kazakh,
	},
	certificates.Duplicated{
		CaseID: kase, CertificateID: domaintest.ID[domain.CertificateID]("duplicate"), Replaces: proof, Copy: 1,
		PersonID: person, RegistrationID: stay, Ending: domain.EventRef{Stream: person.Stream(), Revision: 3}, IssuedAt: at,
	},
	accesslog.PersonalDataRead{
		PersonID: person, Reader: "operator-1", Role: domain.RoleOperator, Operation: accesslog.LookUp, Scope: []string{"real_estate"},
		Purpose: accesslog.NeedExamined, CaseID: kase, ReadAt: at,
	},
	certificates.Corrected{
		CaseID: kase, PersonID: person, CertificateID: proof, Version: 2, Corrections: []certificates.Correction{{Field: certificates.Name, Value: "Айгүл Сейітқызы"}},
		Slip: "one letter of the name", CorrectedAt: at,
	},
	notice.Began{NoticeID: notice.Beginning, BeganAt: at},
	notice.NoticeQueued{
		NoticeID: told, PersonID: person, Kind: notice.HearingAnnounced, About: domain.EventRef{Stream: kase.Stream(), Revision: 4}, CaseID: kase,
		FromCase: true, Decision: true, Duty: procedure.NoticeOfExtension, By: today, Language: domain.Kazakh, Ways: []notice.Way{notice.Account, notice.SMS}, RecordedAt: at, QueuedAt: at,
	},
	notice.NoticeSent{NoticeID: told, Way: notice.SMS, Attempt: 2, Reports: true, SentAt: at},
	notice.NoticeDelivered{NoticeID: told, Way: notice.SMS, DeliveredAt: at},
	notice.NoticeFailed{NoticeID: told, Way: notice.SMS, Attempt: 1, Failure: notice.Unreachable, RetryAt: at.Add(time.Minute), FailedAt: at},
}

var exampleMeta = domain.Meta{
	Correlation: kase.UUID, Causation: domaintest.ID[domain.CommandID]("command"), Digest: "sha256:3b47",
	Actor: "desk-7", Role: domain.RoleOperator, Channel: domain.ChannelStateCorp,
}

func encoded(t testing.TB, e domain.Event, m domain.Meta) esdb.EventData {
	t.Helper()
	data, err := encode(NewEvent{ID: uuid.New(), Event: e, Meta: m})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// stored is the event as the server would give it back.
func stored(data esdb.EventData) *esdb.RecordedEvent {
	return &esdb.RecordedEvent{
		EventID: data.EventID, EventType: data.EventType, StreamID: "case-1", EventNumber: 7,
		Position: esdb.Position{Commit: 42, Prepare: 41}, CreatedDate: at, Data: data.Data, UserMetadata: data.Metadata,
	}
}

// TestC11_EveryEventOwesANoticeOrIsSaidToOweNone: a new type of event is not
// taken before somebody has decided whom it is to be told to.
func TestC11_EveryEventOwesANoticeOrIsSaidToOweNone(t *testing.T) {
	decided := map[string]int{}
	for _, l := range notice.Table {
		decided[l.Event]++
	}
	for _, e := range notice.OwesNone {
		decided[e.EventType()]++
	}
	for name := range types {
		if decided[name] != 1 {
			t.Errorf("%s is in notice.Table or in notice.OwesNone %d times, want once", name, decided[name])
		}
		delete(decided, name)
	}
	for name := range decided {
		t.Errorf("%s is decided on, and no type of event", name)
	}
}

func TestEveryRegisteredEventTypeHasASampleOfEveryVersion(t *testing.T) {
	if *update {
		writeSamples(t)
	}
	known := map[string]bool{}
	for name, ty := range types {
		for v := 1; v <= ty.current; v++ {
			known[samplePath(name, v)] = true
			if _, err := os.Stat(samplePath(name, v)); err != nil {
				t.Errorf("no sample of %s version %d: add an example and run go test ./eventstore -update", name, v)
			}
		}
	}
	files, err := filepath.Glob(filepath.Join("testdata", "events", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !known[file] {
			t.Errorf("%s is a sample of no registered type: what was stored once must decode for ever", file)
		}
	}
}

func writeSamples(t *testing.T) {
	if err := os.MkdirAll(filepath.Join("testdata", "events"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, e := range examples {
		data := encoded(t, e, exampleMeta)
		text, err := json.MarshalIndent(sample{data.Data, data.Metadata}, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		name := e.EventType()
		if err := os.WriteFile(samplePath(name, types[name].current), append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

var sampleName = regexp.MustCompile(`([A-Za-z]+)\.v([0-9]+)\.json$`)

func TestEverySampleDecodesForEver(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "events", "*.json"))
	if err != nil || len(files) < len(types) {
		t.Fatalf("%d samples for %d types, %v", len(files), len(types), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var s sample
			if err := json.Unmarshal(text, &s); err != nil {
				t.Fatal(err)
			}
			name := sampleName.FindStringSubmatch(file)[1]
			rec, err := decode(stored(esdb.EventData{EventType: name, Data: s.Data, Metadata: s.Metadata}))
			if err != nil {
				t.Fatal(err)
			}
			if rec.Event.EventType() != name {
				t.Errorf("decodes as %s", rec.Event.EventType())
			}
			if rec.Meta != exampleMeta {
				t.Errorf("metadata %+v, want %+v", rec.Meta, exampleMeta)
			}
			if !strings.HasSuffix(file, fmt.Sprintf(".v%d.json", types[name].current)) {
				return // an older version is lifted, it does not come back the same
			}
			again := encoded(t, rec.Event, rec.Meta)
			sameJSON(t, "data", s.Data, again.Data)
			sameJSON(t, "metadata", s.Metadata, again.Metadata)
			i := slices.IndexFunc(examples, func(e domain.Event) bool { return e.EventType() == name })
			if diff := domaintest.Diff(examples[i], rec.Event); diff != "" {
				t.Errorf("(-example +sample):\n%s", diff)
			}
		})
	}
}

func sameJSON(t *testing.T, what string, want, got []byte) {
	t.Helper()
	var a, b bytes.Buffer
	if json.Compact(&a, want) != nil || json.Compact(&b, got) != nil || a.String() != b.String() {
		t.Errorf("%s is encoded as\n%s\nwant\n%s", what, b.String(), a.String())
	}
}

// jsonFields are the names of the members that an event can have.
func jsonFields(e domain.Event) []string {
	var names []string
	var walk func(reflect.Type)
	walk = func(t reflect.Type) {
		switch t.Kind() {
		case reflect.Slice:
			walk(t.Elem())
		case reflect.Struct:
			for i := range t.NumField() {
				if name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); name != "" {
					names = append(names, name)
					walk(t.Field(i).Type)
				}
			}
		}
	}
	walk(reflect.TypeOf(e))
	return names
}

// TestExamplesSetEveryField: a field that is left out of the sample could be
// renamed without anybody noticing.
func TestExamplesSetEveryField(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range examples {
		name := e.EventType()
		if seen[name] {
			t.Errorf("two examples of %s", name)
		}
		seen[name] = true
		full, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		for _, field := range jsonFields(e) {
			if !bytes.Contains(full, []byte(`"`+field+`":`)) {
				t.Errorf("the example of %s does not set %s", name, field)
			}
		}
	}
	for name := range maps.Keys(types) {
		if !seen[name] {
			t.Errorf("no example of %s", name)
		}
	}
}

func TestDecodedEventSaysWhereItStands(t *testing.T) {
	data := encoded(t, examples[0], exampleMeta)
	rec, err := decode(stored(data))
	if err != nil {
		t.Fatal(err)
	}
	if rec.ID != data.EventID || rec.Stream != "case-1" || rec.Revision != 7 || rec.Position != 42 || !rec.Created.Equal(at) {
		t.Errorf("%+v", rec)
	}
}

func TestMetadataCarriesTheEffectiveTimeAndTheNamesOfTheServer(t *testing.T) {
	data := encoded(t, examples[2], exampleMeta) // RegistrationEnded: effective on a day
	var m map[string]any
	if err := json.Unmarshal(data.Metadata, &m); err != nil {
		t.Fatal(err)
	}
	for field, want := range map[string]any{
		"$correlationId": kase.String(), "$causationId": exampleMeta.Causation.String(),
		"effective_at": "2026-03-15T00:00:00+05:00", "schema": "1",
	} {
		if m[field] != want {
			t.Errorf("%s is %v, want %v", field, m[field], want)
		}
	}
}

// The successor of EventStoreDB takes metadata as a map of strings only.
func TestMetadataHoldsStringsOnly(t *testing.T) {
	for _, e := range examples {
		var m map[string]string
		if err := json.Unmarshal(encoded(t, e, exampleMeta).Metadata, &m); err != nil {
			t.Errorf("%s: %v", e.EventType(), err)
		}
	}
}

func TestAVersionIsReadAsANumberTooAsItWasWrittenAtFirst(t *testing.T) {
	for _, version := range []string{`1`, `"1"`} {
		e := stored(encoded(t, examples[0], exampleMeta))
		e.UserMetadata = bytes.Replace(e.UserMetadata, []byte(`"schema":"1"`), []byte(`"schema":`+version), 1)
		if rec, err := decode(e); err != nil || rec.Event == nil {
			t.Errorf("schema %s: %v", version, err)
		}
	}
	for _, version := range []string{`"one"`, `""`, `1.5`, `null`, `true`} {
		e := stored(encoded(t, examples[0], exampleMeta))
		e.UserMetadata = bytes.Replace(e.UserMetadata, []byte(`"schema":"1"`), []byte(`"schema":`+version), 1)
		if _, err := decode(e); err == nil {
			t.Errorf("schema %s was accepted", version)
		}
	}
}

func TestEncodeRefusesWhatCouldNotBeReadOrRepeated(t *testing.T) {
	if _, err := encode(NewEvent{ID: uuid.New(), Event: unregistered{}}); err == nil {
		t.Error("an unregistered type was encoded")
	}
	if _, err := encode(NewEvent{Event: examples[0]}); err == nil {
		t.Error("an event without an id was encoded: the client would draw a random one, and a repetition be a second event")
	}
}

type unregistered struct{}

func (unregistered) EventType() string      { return "Unregistered" }
func (unregistered) EffectiveAt() time.Time { return at }

func TestDecodeRefusesWhatThisReleaseDoesNotKnow(t *testing.T) {
	good := encoded(t, examples[0], exampleMeta)
	for name, change := range map[string]func(*esdb.RecordedEvent){
		"a type of a later release":    func(e *esdb.RecordedEvent) { e.EventType = "PersonForgotten" },
		"a version of a later release": func(e *esdb.RecordedEvent) { e.UserMetadata = []byte(`{"schema":2}`) },
		"no version":                   func(e *esdb.RecordedEvent) { e.UserMetadata = []byte(`{}`) },
		"a version before the first":   func(e *esdb.RecordedEvent) { e.UserMetadata = []byte(`{"schema":-1}`) },
		"no metadata":                  func(e *esdb.RecordedEvent) { e.UserMetadata = nil },
		"broken data":                  func(e *esdb.RecordedEvent) { e.Data = []byte(`{"person_id":`) },
		"no data":                      func(e *esdb.RecordedEvent) { e.Data = nil },
		"data that is no object":       func(e *esdb.RecordedEvent) { e.Data = []byte(`null`) },
		"a day that does not exist":    func(e *esdb.RecordedEvent) { e.Data = []byte(`{"birth_date":"2025-02-29"}`) },
	} {
		t.Run(name, func(t *testing.T) {
			e := stored(good)
			change(e)
			rec, err := decode(e)
			if err == nil {
				t.Fatal("decoded")
			}
			if rec.Event != nil || rec.Stream != "case-1" || rec.Revision != 7 || rec.Position != 42 {
				t.Errorf("the poison does not say where it stands: %+v", rec)
			}
			if !strings.Contains(err.Error(), "case-1@7") {
				t.Errorf("nor does the error: %v", err)
			}
		})
	}
}

// Lifted is a made-up event whose third version is current.
type lifted struct {
	Name  string    `json:"name"`
	Parts []string  `json:"parts"`
	At    time.Time `json:"at"`
}

func (lifted) EventType() string        { return "Lifted" }
func (e lifted) EffectiveAt() time.Time { return e.At }

func TestOlderVersionsAreUpcast(t *testing.T) {
	rename := func(data []byte) ([]byte, error) { // 1 → 2: title became name
		var m map[string]any
		if err := json.Unmarshal(data, &m); err != nil {
			return nil, err
		}
		m["name"] = m["title"]
		delete(m, "title")
		return json.Marshal(m)
	}
	split := func(data []byte) ([]byte, error) { // 2 → 3: parts are told apart
		var m map[string]any
		if err := json.Unmarshal(data, &m); err != nil {
			return nil, err
		}
		name, ok := m["name"].(string)
		if !ok {
			return nil, fmt.Errorf("no name to split")
		}
		m["parts"] = strings.Fields(name)
		return json.Marshal(m)
	}
	register3 := func() { register[lifted](3, rename, split) }
	register3()
	t.Cleanup(func() { delete(types, "Lifted") })

	want := lifted{Name: "Абай көшесі", Parts: []string{"Абай", "көшесі"}}
	for version, data := range map[int]string{
		1: `{"title":"Абай көшесі"}`,
		2: `{"name":"Абай көшесі"}`,
		3: `{"name":"Абай көшесі","parts":["Абай","көшесі"]}`,
	} {
		got, err := decodeEvent("Lifted", version, []byte(data))
		if diff := domaintest.Diff(domain.Event(want), got); err != nil || diff != "" {
			t.Errorf("version %d: %v (-want +got):\n%s", version, err, diff)
		}
	}
	if _, err := decodeEvent("Lifted", 2, []byte(`{}`)); err == nil || !strings.Contains(err.Error(), "upcast from version 2") {
		t.Errorf("a failed upcast: %v", err)
	}
	if data := encoded(t, want, exampleMeta); !bytes.Contains(data.Metadata, []byte(`"schema":"3"`)) {
		t.Errorf("encoded with metadata %s, want the current version", data.Metadata)
	}
	for name, wrong := range map[string]func(){
		"one name twice":        register3,
		"an upcast is missing":  func() { register[unregistered](2) },
		"an upcast is too much": func() { register[unregistered](1, rename) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s was registered", name)
				}
			}()
			wrong()
		}()
	}
}

// FuzzDecode: whatever lies in the log is an event or an error, and an event
// comes back equal from the log once more.
func FuzzDecode(f *testing.F) {
	for _, e := range examples {
		data := encoded(f, e, exampleMeta)
		f.Add(data.EventType, 1, data.Data)
		f.Add(data.EventType, 1, []byte(`{}`))
		f.Add(data.EventType, 0, data.Data)
	}
	f.Add("Unknown", 1, []byte(`{}`))
	f.Add("PersonRecorded", 1, []byte(`{"birth_date":"0000-00-00","recorded_at":"0000-01-01T00:00:00+23:59"}`))
	f.Fuzz(func(t *testing.T, name string, version int, data []byte) {
		meta, err := json.Marshal(storedMeta{Schema: schemaVersion(version), Actor: name})
		if err != nil {
			t.Fatal(err)
		}
		rec, err := decode(stored(esdb.EventData{EventType: name, Data: data, Metadata: meta}))
		if err != nil {
			if rec.Event != nil {
				t.Fatalf("an error and an event: %v", err)
			}
			return
		}
		again, err := decode(stored(encoded(t, rec.Event, rec.Meta)))
		if err != nil {
			t.Fatalf("what was decoded does not decode again: %v", err)
		}
		if diff := domaintest.Diff(rec.Event, again.Event); diff != "" {
			t.Fatalf("(-first +second):\n%s", diff)
		}
	})
}

// FuzzDecodeMetadata: so does whatever was written as metadata.
func FuzzDecodeMetadata(f *testing.F) {
	good := encoded(f, examples[0], exampleMeta)
	f.Add(good.Metadata)
	for _, s := range []string{"", "{}", "null", "[]", `{"schema":1}`, `{"schema":1e3}`, `{"schema":1,"$causationId":"x"}`, "\xff"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, meta []byte) {
		e := stored(good)
		e.UserMetadata = meta
		rec, err := decode(e)
		if err != nil {
			return
		}
		again, err := decode(stored(encoded(t, rec.Event, rec.Meta)))
		if err != nil || again.Meta != rec.Meta {
			t.Fatalf("%+v became %+v, %v", rec.Meta, again.Meta, err)
		}
	})
}
