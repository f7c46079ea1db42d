package rules

import (
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"tizilim/domain"
)

// EditionID names an edition. It is stored with every decision taken by it.
type EditionID string

// Edition is what was in force together from From until the day before Until.
type Edition struct {
	ID    EditionID   `json:"id"`
	Title string      `json:"title"`
	From  domain.Date `json:"from,omitzero"`  // the first day; none: every day before Until
	Until domain.Date `json:"until,omitzero"` // the first day on which it no longer holds; none: still in force

	Deregistration Deregistration `json:"deregistration"`
	Placement      Placement      `json:"placement"`
	Register       Register       `json:"register"`
	Procedure      Procedure      `json:"procedure"`
	Complaint      Complaint      `json:"complaint"`
	Residence      Residence      `json:"residence"`
	Ages           Ages           `json:"ages"`
	OTP            OTP            `json:"otp"`
	Notice         Notice         `json:"notice"`
	Evidence       Evidence       `json:"evidence"`
	Retention      *Retention     `json:"retention,omitempty"`  // nil: nothing may be erased
	Succession     *Succession    `json:"succession,omitempty"` // nil: as in the built-in edition
	Meetings       *Meetings      `json:"meetings,omitempty"`   // nil: as in the built-in edition
	Reviews        *Reviews       `json:"reviews,omitempty"`    // nil: as in the built-in edition
	Numbers        *Numbers       `json:"numbers,omitempty"`    // nil: as in the built-in edition
}

// Numbers says whether holders are told that their number got worse (Q43).
type Numbers struct {
	TellWorse TellWorse `json:"tell_worse"` // policy: daily
	From      int       `json:"from"`       // at least so many places worse. Policy: 1
}

// TellWorse is how often holders are told that their number got worse.
type TellWorse string

const (
	TellNever TellWorse = "never"
	TellDaily TellWorse = "daily" // after each day on which it did
)

// WorseNumbers says whether holders are told of a worse number: as the edition says, or else daily.
func (e Edition) WorseNumbers() Numbers {
	if e.Numbers == nil {
		return Numbers{TellWorse: TellDaily, From: 1}
	}
	return *e.Numbers
}

// Meetings says when a meeting of a commission can decide (C24).
type Meetings struct {
	// QuorumOverPercent: more than so many of a hundred members in office are present. Policy: 50.
	QuorumOverPercent int `json:"quorum_over_percent"`
}

// Quorum reports whether so many members present can decide, of so many in office.
func (e Edition) Quorum(present, inOffice int) bool {
	over := 50
	if e.Meetings != nil {
		over = e.Meetings.QuorumOverPercent
	}
	return present*100 > inOffice*over
}

// Reviews are the terms for reviews of an entry (Q40).
type Reviews struct {
	// DecideWithin are working days in which the body ends the review of a changed family (APPC 76)
	DecideWithin int `json:"decide_within"`
}

// ReviewOfFamily are the terms of a review of a changed family: those of the edition, or else 15
// working days.
func (e Edition) ReviewOfFamily() Reviews {
	if e.Reviews == nil {
		return Reviews{DecideWithin: 15}
	}
	return *e.Reviews
}

// Succession are the terms for what is awaited after a death (R27).
type Succession struct {
	// Months from the death, for new owners, agents and the lease. Policy: 6, the time in
	// which an inheritance is accepted.
	Months int `json:"months"`
	// RepresentativeDays are calendar days from the record of the death, for another
	// representative of a minor. Policy: 30.
	RepresentativeDays int `json:"representative_days"`
}

// AfterDeath are the terms of the edition for what is awaited after a death.
func (e Edition) AfterDeath() Succession {
	if e.Succession == nil {
		return Succession{Months: 6, RepresentativeDays: 30}
	}
	return *e.Succession
}

// Retention says how long personal data are kept.
type Retention struct {
	// Years, in full, from the last event about a person until their personal
	// values may be erased (C22). Policy: 5.
	Years int `json:"years"`
}

// Signatures are the methods by which an application is signed, by channel
// (C17). A channel that is not named takes no application.
type Signatures map[domain.Channel][]domain.SignatureMethod

// Deregistration is the service S001.
type Deregistration struct {
	// TermMinutes run from the handing in of the documents (R18). Text of the
	// service, S001-5: 30.
	TermMinutes int `json:"term_minutes"`
	// CoOwnersConfirm asks all other co-owners to confirm (R6). Policy: yes.
	CoOwnersConfirm bool `json:"co_owners_confirm"`
	// CoOwnersAnswerDays are calendar days in which they answer, the last one whole
	// ([Book.LastDay]). After them the application has failed; a new one may be filed
	// (R6). Policy: 3.
	CoOwnersAnswerDays int `json:"co_owners_answer_days"`
	// Signatures: through the portal EDS alone. Text of the service, S001-8.
	Signatures Signatures `json:"signatures"`
}

// Placement is the service S000.
type Placement struct {
	// TermDays are calendar days after that of the complete application (Q4).
	// Text of the service, S000-13: 30.
	TermDays int `json:"term_days"`
	// DeadlineOnWorkingDay moves a deadline on a day off to the next working day
	// (terms of the Civil Code). Policy: yes.
	DeadlineOnWorkingDay bool `json:"deadline_on_working_day"`
	// Signatures: through the portal EDS or one-time password. Text of the
	// service, S000-2 and -3.
	Signatures Signatures `json:"signatures"`
	// RefusalGrounds are exactly three (Q3). Text of the service, S000-5 to -7.
	RefusalGrounds []string `json:"refusal_grounds"`
	// DwellingShareFrom is the least share that counts as a dwelling (Q11).
	// Published source, housing law 101-3(1): 1/2; "менее 50" is not counted.
	DwellingShareFrom Fraction `json:"dwelling_share_from"`
	// LookBackYears are how long an alienated dwelling counts (Q12). Published
	// source, housing law 101-3(3)(5): 5.
	LookBackYears int `json:"look_back_years"`
	// Family are the relations that are counted with the applicant (Q13).
	// Published source, housing law 101-10.
	Family []string `json:"family"`
	// MembersConsent asks a spouse and every adult member of the family to consent for
	// themselves (C20). Policy: yes.
	MembersConsent bool `json:"members_consent"`
	// InNeed are combinations of grounds, of which any one makes a family in need.
	// It is not confirmed whether art. 101-3(1) means its four grounds together or
	// each by itself. Policy: (1) with (2), or (3), or (4).
	InNeed [][]NeedGround `json:"in_need"`
	// PastBenefits bar whoever had one, or whose spouse had (Q14). Published
	// source, housing law 101-3(3)(1) to (4).
	PastBenefits []string `json:"past_benefits"`
	// PastBenefitsAnywhere holds a benefit against an application wherever it was
	// had. What "at the place of receipt" means is not confirmed. Policy: yes.
	PastBenefitsAnywhere bool `json:"past_benefits_anywhere"`
}

// NeedGround is a ground of being in need of a dwelling (housing law, art.
// 101-3(1)).
type NeedGround string

const (
	NoDwelling      NeedGround = "no_dwelling"       // (1) none owned in the settlement
	NoStateDwelling NeedGround = "no_state_dwelling" // (2) none received from the state stock, anywhere
	BelowNorms      NeedGround = "below_norms"       // (3) the dwelling fails sanitary or technical norms
	ChronicIllness  NeedGround = "chronic_illness"   // (4) of a member of the family, severe and listed
)

// NeedGrounds lists them all.
var NeedGrounds = []NeedGround{NoDwelling, NoStateDwelling, BelowNorms, ChronicIllness}

// Register is the keeping of the list for service housing. The articles are of
// the housing law.
type Register struct {
	// RemovalReasons are the only ones (Q15). Published source, art. 73(1).
	RemovalReasons []string `json:"removal_reasons"`
	// RemovalNoticeDays are calendar days after the decision (Q15). Published
	// source, art. 73(3): 10.
	RemovalNoticeDays int `json:"removal_notice_days"`
	// ReportChangesWithin are working days in which the holder reports a change
	// (Q18). Published source, art. 101-7: 10.
	ReportChangesWithin int `json:"report_changes_within"`
	// ProtectedCategories are not removed before provision (Q15a). Published
	// source, art. 73(1), last paragraph.
	ProtectedCategories []string `json:"protected_categories"`
	// PriorityCategories are those that a list's own rule may put before the others
	// (Q6, Q8). Published source, art. 74(3). Policy: a list has no such rule until
	// one is set.
	PriorityCategories []string `json:"priority_categories"`
	// InventoryEveryMonths is how often every entry is reviewed (Q23). Published
	// source, art. 71(5), for local bodies. Policy: 12.
	InventoryEveryMonths int `json:"inventory_every_months"`
	// InventoryAnswerWithin are working days to confirm the need, after which a
	// review is opened (Q23). Policy: 10.
	InventoryAnswerWithin int `json:"inventory_answer_within"`
	// AreaAtLeast and AreaAtMost are m² of useful area for each of a family that
	// is provided for (Q19). Published source, art. 75: 15 and 18.
	AreaAtLeast int `json:"area_at_least"`
	AreaAtMost  int `json:"area_at_most"`
	// NeedCheckDays are how many days a check of the need holds (Q16, Q19).
	// Policy: 30.
	NeedCheckDays int `json:"need_check_days"`
}

// Procedure is the administrative procedure (APPC, the Administrative Procedural
// and Process-Related Code), in working days where nothing else is said. The
// numbers are of published sources, by article of the APPC, unless policy is
// named.
type Procedure struct {
	HearingNotice    int `json:"hearing_notice"`    // from the preliminary decision to the act, at least (C8; art. 73: 3)
	ObjectionWindow  int `json:"objection_window"`  // after receipt of the preliminary decision (C8; art. 73: 2)
	ExtensionMonths  int `json:"extension_months"`  // months, at most, all extensions together (C9; art. 76: 2)
	ExtensionNotice  int `json:"extension_notice"`  // to tell of an extension (C9; art. 76: 3)
	ForwardingWithin int `json:"forwarding_within"` // of an application to the wrong body (C5; art. 65: 3)
	// CorrectionPeriod is for mending an incomplete application, where no date is
	// set (C3; art. 64: "reasonable time"). Policy: 10.
	CorrectionPeriod  int `json:"correction_period"`
	TerminationNotice int `json:"termination_notice"` // to tell of a termination (C13; art. 70: 3)

	// StateHeldDocuments are those that state systems hold, which nobody is asked
	// to bring (C14). Published source, State-services law 5(2). Policy: which they
	// are, namely those that the Ministry of Internal Affairs itself issues and
	// keeps.
	StateHeldDocuments []domain.DocumentType `json:"state_held_documents"`
}

// Complaint is the pre-trial appeal (APPC, arts 91 to 100). The numbers are of
// published sources.
type Complaint struct {
	// FileWithinMonths are months from learning of the act; later complaints are
	// still accepted and examined (C12; art. 92: 3).
	FileWithinMonths int `json:"file_within_months"`
	// ForwardWithin are working days in which the body satisfies the complaint or
	// forwards it with the papers of the case (C12; art. 91: 3).
	ForwardWithin int `json:"forward_within"`
	DecideWithin  int `json:"decide_within"` // working days (C12; art. 99: 20)
	// RemedyWithin are working days to make good an act that fell (C12; arts 84 to
	// 86, execution: 5).
	RemedyWithin int `json:"remedy_within"`
}

// Residence is the registration of residence (R13, R19). Unless policy is named,
// the rules are of published sources on order 677.
type Residence struct {
	TemporaryAtLeastMonths int `json:"temporary_at_least_months"` // 1
	TemporaryAtMostMonths  int `json:"temporary_at_most_months"`  // 12
	// OwnersConsent asks all owners of the dwelling to consent to a registration
	// there: yes.
	OwnersConsent bool `json:"owners_consent"`
	// TenantsConsent lets the tenant's consent stand for that of the owners: yes.
	TenantsConsent bool `json:"tenants_consent"`
	// PermittedPlaces are where a person can be registered. A dwelling whose kind
	// of place is not recorded counts as permitted.
	PermittedPlaces []string `json:"permitted_places"`
	// OccupancyNorms are by territory. Policy: none unless configured.
	OccupancyNorms []OccupancyNorm `json:"occupancy_norms"`
	// NamedInLeaseOnlyFrom is a day of registration. From it on a tenant of state
	// housing can consent only for persons whom the lease names; without it, for
	// anybody. Published source: 24.11.2025.
	NamedInLeaseOnlyFrom domain.Date `json:"named_in_lease_only_from,omitzero"`
}

// OccupancyNorm is the least useful area per person in a territory. It is applied
// at registration only, and not backwards; it is never a ground to remove
// anybody (R19).
type OccupancyNorm struct {
	KATO           string      `json:"kato"`             // prefix of the territory's code, such as 71
	AreaPerPerson  float64     `json:"area_per_person"`  // m² of useful area
	From           domain.Date `json:"from"`             // registrations from this day on
	ExemptKinships []string    `json:"exempt_kinships"`  // of the registered to those who live there
	Source         string      `json:"source,omitempty"` // the local act
}

// Ages are three different ages, in full years.
type Ages struct {
	// OwnRegistration: who is younger lives where a legal representative does
	// (R20). Published source, Civil Code art. 16: 14.
	OwnRegistration int `json:"own_registration"`
	// IdentityCard: from this age on there is an identity card to surrender (R8).
	// Text of the service, S001-7.2: 16.
	IdentityCard int `json:"identity_card"`
	// Capacity: for who is younger a legal representative files a departure abroad
	// (R9). Published source: 18.
	Capacity int `json:"capacity"`
}

// OTP is the one-time SMS password (C19). All of it is policy.
type OTP struct {
	Digits       int `json:"digits"`        // 6
	ValidMinutes int `json:"valid_minutes"` // 5
	Tries        int `json:"tries"`         // 5
	PerHour      int `json:"per_hour"`      // at most so many are sent to a person within an hour: 5
	// PerContactPerHour codes at most go to one telephone or e-mail within an hour,
	// whoever asks for them: 10.
	PerContactPerHour int `json:"per_contact_per_hour"`
	// ContactValidMinutes is how long the code holds that confirms a contact: 30. An
	// e-mail can take that long.
	ContactValidMinutes int `json:"contact_valid_minutes"`
}

// Notice is how SMS and e-mail are tried again where they fail. All of it is
// policy. The copy in the personal account is not sent, so nothing is tried.
type Notice struct {
	Attempts            int `json:"attempts"`              // at most, of one message; then it is given up: 12
	FirstPauseMinutes   int `json:"first_pause_minutes"`   // after the first failure; each next one is twice as long: 1
	LongestPauseMinutes int `json:"longest_pause_minutes"` // 240
}

// CountsAsDwelling reports whether a share in the title to a dwelling counts as
// having that dwelling (Q11): less than half does not, exactly half does.
func (e Edition) CountsAsDwelling(share Fraction) bool {
	return share.AtLeast(e.Placement.DwellingShareFrom)
}

// AlienationCounts reports whether an alienated dwelling, or share in one, is
// held against an application (Q12): it was alienated within the look-back before
// the day of the application, the day five years before included, or after it.
func (e Edition) AlienationCounts(alienated, applied domain.Date, share Fraction) bool {
	return e.CountsAsDwelling(share) && !alienated.AddMonths(12*e.Placement.LookBackYears).Before(applied)
}

// OccupancyNorm returns the norm for a registration on the day at a dwelling
// with that KATO code: that of the longest prefix, of these the latest (R19).
func (e Edition) OccupancyNorm(kato string, on domain.Date) (norm OccupancyNorm, ok bool) {
	for _, n := range e.Residence.OccupancyNorms {
		if !strings.HasPrefix(kato, n.KATO) || on.Before(n.From) {
			continue
		}
		if !ok || len(n.KATO) > len(norm.KATO) || len(n.KATO) == len(norm.KATO) && norm.From.Before(n.From) {
			norm, ok = n, true
		}
	}
	return norm, ok
}

// Protected reports whether a category keeps its holder on the list until a
// dwelling is provided (Q15a).
func (e Edition) Protected(category string) bool {
	return slices.Contains(e.Register.ProtectedCategories, category)
}

// Fraction is a share of a whole, more than nothing and at most all.
type Fraction struct{ part, whole int64 }

var fractionForm = regexp.MustCompile(`^[1-9][0-9]{0,5}/[1-9][0-9]{0,5}$`)

// ParseFraction reads a share such as "1/2". Error: [domain.CodeShareFormat].
func ParseFraction(s string) (Fraction, error) {
	if fractionForm.MatchString(s) {
		part, whole, _ := strings.Cut(s, "/")
		p, _ := strconv.ParseInt(part, 10, 64)
		w, _ := strconv.ParseInt(whole, 10, 64)
		if p <= w {
			return Fraction{p, w}, nil
		}
	}
	return Fraction{}, domain.Refuse(domain.Invalid, domain.CodeShareFormat,
		`write a share as a fraction of the whole, for example "1/2", at most "1/1"`)
}

// AtLeast reports f ≥ o, exactly.
func (f Fraction) AtLeast(o Fraction) bool { return f.part*o.whole >= o.part*f.whole }

func (f Fraction) String() string {
	if f == (Fraction{}) {
		return ""
	}
	return fmt.Sprintf("%d/%d", f.part, f.whole)
}

// MarshalText writes what UnmarshalText reads.
func (f Fraction) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads a share as [ParseFraction] does.
func (f *Fraction) UnmarshalText(text []byte) (err error) {
	*f, err = ParseFraction(string(text))
	return err
}

// Rat returns the share as a number; 0 for no share.
func (f Fraction) Rat() *big.Rat {
	if f == (Fraction{}) {
		return new(big.Rat)
	}
	return big.NewRat(f.part, f.whole)
}
