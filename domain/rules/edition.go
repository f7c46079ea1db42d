package rules

import (
	"fmt"
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
}

// Signatures are the methods by which an application is signed, by channel
// (C17). A channel that is not named takes no application.
type Signatures map[domain.Channel][]domain.SignatureMethod

// Deregistration is the service S001.
type Deregistration struct {
	TermMinutes     int  `json:"term_minutes"`      // from handing in the documents (R18; S001-5 [seed]: 30)
	CoOwnersConfirm bool `json:"co_owners_confirm"` // all other co-owners must confirm (R6; policy: yes)

	CoOwnersAnswerDays int `json:"co_owners_answer_days"` // days of 24 hours that they have; then the application has failed, which bars no new one (R6; policy: 3)

	Signatures Signatures `json:"signatures"` // portal: EDS alone (S001-8 [seed])
}

// Placement is the service S000.
type Placement struct {
	TermDays             int        `json:"term_days"`               // calendar days after that of the complete application (Q4; S000-13 [seed]: 30)
	DeadlineOnWorkingDay bool       `json:"deadline_on_working_day"` // a deadline on a day off moves to the next working day (Civil Code, terms; policy: yes)
	Signatures           Signatures `json:"signatures"`              // portal: EDS or one-time password (S000-2, S000-3 [seed])
	RefusalGrounds       []string   `json:"refusal_grounds"`         // exactly three (Q3; S000-5, -6, -7 [seed])
	DwellingShareFrom    Fraction   `json:"dwelling_share_from"`     // the least share that counts as a dwelling (Q11; housing law 101-3(1) [found]: 1/2, "менее 50" is not counted)
	LookBackYears        int        `json:"look_back_years"`         // an alienated dwelling counts so long (Q12; 101-3(3)(5) [found]: 5)
	Family               []string   `json:"family"`                  // relations that are counted with the applicant (Q13; 101-10 [found])

	// InNeed are combinations of grounds, of which any one makes a family in
	// need. Whether art. 101-3(1) means its four together or each by itself is
	// [unsure]; policy: (1) with (2), or (3), or (4).
	InNeed [][]NeedGround `json:"in_need"`
	// PastBenefits bar whoever had one, or whose spouse had (Q14; 101-3(3)(1) to
	// (4) [found]).
	PastBenefits []string `json:"past_benefits"`
	// PastBenefitsAnywhere holds a benefit against an application wherever it was
	// had. What "at the place of receipt" does is [unsure]; policy: yes.
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

// Register is the keeping of the list for service housing.
type Register struct {
	RemovalReasons        []string `json:"removal_reasons"`         // the only ones (Q15; housing law 73(1) [found])
	RemovalNoticeDays     int      `json:"removal_notice_days"`     // calendar days after the decision (Q15; 73(3) [found]: 10)
	ReportChangesWithin   int      `json:"report_changes_within"`   // working days, the holder's duty (Q18; 101-7 [found]: 10)
	ProtectedCategories   []string `json:"protected_categories"`    // not removed before provision (Q15a; 73(1) last para [found])
	PriorityCategories    []string `json:"priority_categories"`     // that a list's own rule may put before the others (Q6, Q8; 74(3) [found]); a list has no such rule until one is set (policy)
	InventoryEveryMonths  int      `json:"inventory_every_months"`  // review of every entry (Q23; 71(5) [found for local bodies]; policy: 12)
	InventoryAnswerWithin int      `json:"inventory_answer_within"` // working days to confirm the need before a review (Q23; policy: 10)
	AreaAtLeast           int      `json:"area_at_least"`           // m² of useful area for each of a family that is provided for (Q19; art. 75 [found]: 15)
	AreaAtMost            int      `json:"area_at_most"`            // (Q19; art. 75 [found]: 18)
	NeedCheckDays         int      `json:"need_check_days"`         // a check of the need holds so many days (Q16, Q19; policy: 30)
}

// Procedure is the administrative procedure (APPC), in working days where
// nothing else is said.
type Procedure struct {
	HearingNotice     int `json:"hearing_notice"`     // preliminary decision at least so long before the act (C8; art. 73 [found]: 3)
	ObjectionWindow   int `json:"objection_window"`   // after receipt of the preliminary decision (C8; art. 73 [found]: 2)
	ExtensionMonths   int `json:"extension_months"`   // months, at most, all extensions together (C9; art. 76 [found]: 2)
	ExtensionNotice   int `json:"extension_notice"`   // (C9; art. 76 [found]: 3)
	ForwardingWithin  int `json:"forwarding_within"`  // of an application to the wrong body (C5; art. 65 [found]: 3)
	CorrectionPeriod  int `json:"correction_period"`  // to mend an incomplete application, where no date is set (C3; art. 64 "reasonable time"; policy: 10)
	TerminationNotice int `json:"termination_notice"` // (C13; art. 70 [found]: 3)

	// StateHeldDocuments are those that state systems hold, which nobody is asked
	// to bring (C14; State-services law 5(2) [found]). Which they are is policy:
	// those that the Ministry of Internal Affairs itself issues and keeps.
	StateHeldDocuments []domain.DocumentType `json:"state_held_documents"`
}

// Complaint is the pre-trial appeal (APPC, arts 91 to 100).
type Complaint struct {
	FileWithinMonths int `json:"file_within_months"` // months from learning of the act; later ones are still accepted and examined (C12; art. 92 [found]: 3)
	ForwardWithin    int `json:"forward_within"`     // working days, with the file, or satisfied in that time (C12; art. 91 [found]: 3)
	DecideWithin     int `json:"decide_within"`      // working days (C12; art. 99 [found]: 20)
	RemedyWithin     int `json:"remedy_within"`      // working days to make good an act that fell (C12; arts 84-86 [found]: execution in 5)
}

// Residence is the registration of residence.
type Residence struct {
	TemporaryAtLeastMonths int             `json:"temporary_at_least_months"` // (R13; order 677 [found]: 1)
	TemporaryAtMostMonths  int             `json:"temporary_at_most_months"`  // (R13; order 677 [found]: 12)
	OwnersConsent          bool            `json:"owners_consent"`            // all owners of the dwelling consent to a registration there (R19; order 677 [found]: yes)
	TenantsConsent         bool            `json:"tenants_consent"`           // the tenant's consent stands for that of the owners (R19; order 677 [found]: yes)
	PermittedPlaces        []string        `json:"permitted_places"`          // where one can be registered; a place of no recorded kind is taken for one (R19; order 677 [found])
	OccupancyNorms         []OccupancyNorm `json:"occupancy_norms"`           // by territory, none unless configured (R19; policy: none)

	// NamedInLeaseOnlyFrom is the first day of registrations to which a tenant of
	// state housing can consent for those only whom the lease names; none: for
	// anybody (R19; [found]: 24.11.2025).
	NamedInLeaseOnlyFrom domain.Date `json:"named_in_lease_only_from,omitzero"`
}

// OccupancyNorm is the least useful area per person in a territory. It is kept
// at registration only, and not backwards; it is never a ground to remove
// anybody (R19).
type OccupancyNorm struct {
	KATO           string      `json:"kato"`             // prefix of the territory's code, such as 71
	AreaPerPerson  float64     `json:"area_per_person"`  // m² of useful area
	From           domain.Date `json:"from"`             // registrations from this day on
	ExemptKinships []string    `json:"exempt_kinships"`  // of the registered to those who live there
	Source         string      `json:"source,omitempty"` // the local act
}

// Ages are three different ages, in full years (section F8).
type Ages struct {
	OwnRegistration int `json:"own_registration"` // younger: lives where a legal representative does (R20; Civil Code art. 16 [found]: 14)
	IdentityCard    int `json:"identity_card"`    // from here on there is an identity card to surrender (R8; S001-7.2 [seed]: 16)
	Capacity        int `json:"capacity"`         // younger: a legal representative files a departure abroad (R9; [found]: 18)
}

// OTP is the one-time SMS password (C19; all policy).
type OTP struct {
	Digits       int `json:"digits"`        // 6
	ValidMinutes int `json:"valid_minutes"` // 5
	Tries        int `json:"tries"`         // 5
	PerHour      int `json:"per_hour"`      // at most so many are sent to a person within an hour: 5
}

// Notice is how SMS and e-mail are tried again where they fail (all policy; the
// copy in the personal account needs no trying).
type Notice struct {
	Attempts            int `json:"attempts"`              // at most, of one message; then it is given up: 12
	FirstPauseMinutes   int `json:"first_pause_minutes"`   // after the first failure; each next pause is twice as long: 1
	LongestPauseMinutes int `json:"longest_pause_minutes"` // 240
}

// CountsAsDwelling reports whether a share in the title to a dwelling counts as
// having that dwelling (Q11): less than half does not, exactly half does.
func (e Edition) CountsAsDwelling(share Fraction) bool {
	return share.AtLeast(e.Placement.DwellingShareFrom)
}

// AlienationCounts reports whether an alienated dwelling, or share in one, is
// held against an application (Q12): alienated within the look-back before the
// day of the application, the day five years before included, or after it.
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
