package rules

import (
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"

	"tizilim/domain"
)

//go:embed editions.json
var editionsFile []byte

// Table is the editions of the rules, one after another. It is never changed
// once loaded and safe for concurrent use; so are the lists inside its editions,
// which callers only read.
type Table struct{ editions []Edition }

// Default returns the table that is built in.
var Default = sync.OnceValue(func() *Table {
	t, err := Load(bytes.NewReader(editionsFile))
	if err != nil {
		panic(err) // a constant of this package is wrong
	}
	return t
})

// Load reads a table in the form of editions.json. The editions follow one
// another without gap or overlap: the first has no from, each next begins on
// the day on which the one before ends, the last has no until.
func Load(r io.Reader) (*Table, error) {
	var file struct {
		Note     string    `json:"note,omitempty"`
		Editions []Edition `json:"editions"`
	}
	if err := decodeStrict(r, &file, stillARule); err != nil {
		return nil, fmt.Errorf("table of rules: %w", err)
	}
	if len(file.Editions) == 0 {
		return nil, fmt.Errorf("table of rules: it has no editions")
	}
	for i, e := range file.Editions {
		if err := e.check(); err != nil {
			return nil, fmt.Errorf("table of rules: edition %d (%q): %w", i+1, e.ID, err)
		}
		same := func(o Edition) bool { return o.ID == e.ID }
		if j := slices.IndexFunc(file.Editions[:i], same); j >= 0 {
			return nil, fmt.Errorf("table of rules: editions %d and %d have the same id %q", j+1, i+1, e.ID)
		}
		if err := follows(file.Editions, i); err != nil {
			return nil, fmt.Errorf("table of rules: edition %d (%q): %w", i+1, e.ID, err)
		}
	}
	return &Table{file.Editions}, nil
}

// removedRules are members that editions once had and no code ever read. A file
// that names one was written for an earlier version.
var removedRules = []string{
	"deregistration.refusal_grounds",
	"procedure.recusal_within", "procedure.slips_corrected_in",
	"procedure.file_access_within", "procedure.transfer_notice_after",
}

func stillARule(path string) error {
	if _, member, ok := strings.Cut(path, "]."); ok && slices.Contains(removedRules, member) {
		return fmt.Errorf("%s is no longer a rule: nothing ever read it; take it out of the file", path)
	}
	return nil
}

// follows checks that the i-th edition begins where the one before it ends.
func follows(all []Edition, i int) error {
	e := all[i]
	if i == 0 && !e.From.IsZero() {
		return fmt.Errorf("it is the first and begins on %s: leave from out, so that no day is without rules", e.From)
	}
	if i == len(all)-1 && !e.Until.IsZero() {
		return fmt.Errorf("it is the last and ends on %s: leave until out, so that no day is without rules", e.Until)
	}
	if i < len(all)-1 && e.Until.IsZero() {
		return fmt.Errorf("another edition follows: say in until on which day that one begins")
	}
	if i > 0 {
		switch before := all[i-1]; {
		case e.From.IsZero():
			return fmt.Errorf("it follows another edition: say in from that it begins on %s", before.Until)
		case before.Until.Before(e.From):
			return fmt.Errorf("the days from %s until %s are without rules: "+
				"the edition before ends on %s and this one begins on %s", before.Until, e.From, before.Until, e.From)
		case e.From.Before(before.Until):
			return fmt.Errorf("it begins on %s and the edition before holds until %s: no day has two editions",
				e.From, before.Until)
		}
	}
	if !e.From.IsZero() && !e.Until.IsZero() && !e.From.Before(e.Until) {
		return fmt.Errorf("it ends on %s, which is not after %s, the day on which it begins", e.Until, e.From)
	}
	return nil
}

// On returns the edition in force on the day.
func (t *Table) On(day domain.Date) Edition {
	for _, e := range t.editions {
		if e.Until.IsZero() || day.Before(e.Until) {
			return e
		}
	}
	panic("rules: the last edition has an end") // Load refuses it
}

// Editions returns all of them, the earliest first.
func (t *Table) Editions() []Edition { return slices.Clone(t.editions) }

var (
	idForm   = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{0,63}$`)
	wordForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
	katoForm = regexp.MustCompile(`^[0-9]{2,9}$`)
)

// largest bounds every number of an edition: no term is longer than 1000 days,
// minutes or months.
const largest = 1000

// placementGrounds are the grounds of S000-5, -6 and -7. The text of the service
// names them: a table may name fewer, never others (Q3).
var placementGrounds = []string{"untrue_documents", "no_consent", "requirements_not_met"}

// check refuses an edition in which something is missing or cannot be.
func (e Edition) check() error {
	if !idForm.MatchString(string(e.ID)) {
		return fmt.Errorf("id is 1 to 64 small letters, digits, dots and hyphens")
	}
	if e.Title == "" {
		return fmt.Errorf("title says from which acts the edition was made: give one")
	}
	for _, check := range []func() error{
		e.checkNumbers, e.checkWordLists, e.checkGrounds, e.checkDocuments, e.checkSignatures, e.checkOccupancyNorms,
		e.Evidence.check,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// checkNumbers refuses a number that is out of range, and two that contradict
// each other.
func (e Edition) checkNumbers() error {
	for _, n := range []struct {
		name  string
		value int
	}{
		{"deregistration.term_minutes", e.Deregistration.TermMinutes},
		{"deregistration.co_owners_answer_days", e.Deregistration.CoOwnersAnswerDays},
		{"placement.term_days", e.Placement.TermDays},
		{"placement.look_back_years", e.Placement.LookBackYears},
		{"register.removal_notice_days", e.Register.RemovalNoticeDays},
		{"register.report_changes_within", e.Register.ReportChangesWithin},
		{"register.inventory_every_months", e.Register.InventoryEveryMonths},
		{"register.inventory_answer_within", e.Register.InventoryAnswerWithin},
		{"register.area_at_least", e.Register.AreaAtLeast},
		{"register.area_at_most", e.Register.AreaAtMost},
		{"register.need_check_days", e.Register.NeedCheckDays},
		{"procedure.hearing_notice", e.Procedure.HearingNotice},
		{"procedure.objection_window", e.Procedure.ObjectionWindow},
		{"procedure.extension_months", e.Procedure.ExtensionMonths},
		{"procedure.extension_notice", e.Procedure.ExtensionNotice},
		{"procedure.forwarding_within", e.Procedure.ForwardingWithin},
		{"procedure.correction_period", e.Procedure.CorrectionPeriod},
		{"procedure.termination_notice", e.Procedure.TerminationNotice},
		{"complaint.file_within_months", e.Complaint.FileWithinMonths},
		{"complaint.forward_within", e.Complaint.ForwardWithin},
		{"complaint.decide_within", e.Complaint.DecideWithin},
		{"complaint.remedy_within", e.Complaint.RemedyWithin},
		{"residence.temporary_at_least_months", e.Residence.TemporaryAtLeastMonths},
		{"residence.temporary_at_most_months", e.Residence.TemporaryAtMostMonths},
		{"ages.own_registration", e.Ages.OwnRegistration},
		{"ages.identity_card", e.Ages.IdentityCard},
		{"ages.capacity", e.Ages.Capacity},
		{"otp.digits", e.OTP.Digits},
		{"otp.valid_minutes", e.OTP.ValidMinutes},
		{"otp.tries", e.OTP.Tries},
		{"otp.per_hour", e.OTP.PerHour},
		{"otp.per_contact_per_hour", e.OTP.PerContactPerHour},
		{"otp.contact_valid_minutes", e.OTP.ContactValidMinutes},
		{"evidence.second_official_days", e.Evidence.SecondOfficialDays},
		{"notice.attempts", e.Notice.Attempts},
		{"notice.first_pause_minutes", e.Notice.FirstPauseMinutes},
		{"notice.longest_pause_minutes", e.Notice.LongestPauseMinutes},
	} {
		if n.value < 1 || n.value > largest {
			return fmt.Errorf("%s is %d: give a whole number from 1 to %d", n.name, n.value, largest)
		}
	}
	if e.Residence.TemporaryAtMostMonths < e.Residence.TemporaryAtLeastMonths {
		return fmt.Errorf(
			"residence.temporary_at_most_months is less than temporary_at_least_months: no stay would fit",
		)
	}
	if e.Register.AreaAtMost < e.Register.AreaAtLeast {
		return fmt.Errorf("register.area_at_most is less than area_at_least: no dwelling would fit")
	}
	if e.OTP.Digits < 4 || e.OTP.Digits > 10 {
		return fmt.Errorf("otp.digits is %d: a one-time password has 4 to 10", e.OTP.Digits)
	}
	if m := e.Meetings; m != nil && (m.QuorumOverPercent < 0 || m.QuorumOverPercent > 99) {
		return fmt.Errorf("meetings.quorum_over_percent is %d: give 0 to 99", m.QuorumOverPercent)
	}
	if r := e.Reviews; r != nil && r.DecideWithin < 1 {
		return fmt.Errorf("reviews.decide_within is %d: give at least one working day", r.DecideWithin)
	}
	if n := e.Numbers; n != nil && (n.From < 1 || n.TellWorse != TellNever && n.TellWorse != TellDaily) {
		return fmt.Errorf("numbers: tell_worse is %s or %s, and from at least 1 place", TellNever, TellDaily)
	}
	if s := e.Succession; s != nil && (s.Months < 1 || s.RepresentativeDays < 1) {
		return fmt.Errorf("succession: give at least one month and one day")
	}
	if e.Retention != nil && e.Retention.Years < 0 {
		return fmt.Errorf("retention.years is less than 0")
	}
	if e.Notice.LongestPauseMinutes < e.Notice.FirstPauseMinutes {
		return fmt.Errorf("notice.longest_pause_minutes is less than first_pause_minutes")
	}
	return nil
}

// checkWordLists refuses an empty list of words where one is needed, and words
// that are malformed or named twice.
func (e Edition) checkWordLists() error {
	for _, l := range []struct {
		name   string
		words  []string
		filled bool
	}{
		{"placement.refusal_grounds", e.Placement.RefusalGrounds, true},
		{"placement.family", e.Placement.Family, false},
		{"placement.past_benefits", e.Placement.PastBenefits, false},
		{"residence.permitted_places", e.Residence.PermittedPlaces, true},
		{"register.removal_reasons", e.Register.RemovalReasons, true},
		{"register.protected_categories", e.Register.ProtectedCategories, false},
		{"register.priority_categories", e.Register.PriorityCategories, false},
	} {
		if l.filled && len(l.words) == 0 {
			return fmt.Errorf("%s is empty: name at least one", l.name)
		}
		if err := checkWords(l.name, l.words); err != nil {
			return err
		}
	}
	return nil
}

// checkGrounds refuses grounds of refusal and of need that S000 does not know.
func (e Edition) checkGrounds() error {
	for _, g := range e.Placement.RefusalGrounds {
		if !slices.Contains(placementGrounds, g) {
			return fmt.Errorf("placement.refusal_grounds names %q: S000 knows %v and no other", g, placementGrounds)
		}
	}
	if len(e.Placement.InNeed) == 0 {
		return fmt.Errorf("placement.in_need is empty: name at least one combination of grounds, or nobody is in need")
	}
	for i, grounds := range e.Placement.InNeed {
		if len(grounds) == 0 {
			return fmt.Errorf("placement.in_need[%d] is empty: everybody would be in need", i)
		}
		for j, g := range grounds {
			if !slices.Contains(NeedGrounds, g) || slices.Contains(grounds[:j], g) {
				return fmt.Errorf(
					"placement.in_need[%d] names %q, which is not a ground or is named twice: the grounds are %v",
					i,
					g,
					NeedGrounds,
				)
			}
		}
	}
	return nil
}

// checkDocuments refuses types of document that do not exist.
func (e Edition) checkDocuments() error {
	for i, d := range e.Procedure.StateHeldDocuments {
		if !slices.Contains(domain.DocumentTypes, d) || slices.Contains(e.Procedure.StateHeldDocuments[:i], d) {
			return fmt.Errorf(
				"procedure.state_held_documents names %q, which is not a type of document or is named twice: "+
					"the types are %v",
				d,
				domain.DocumentTypes,
			)
		}
	}
	return nil
}

// checkSignatures refuses methods that the text of a service does not allow.
func (e Edition) checkSignatures() error {
	err := e.Deregistration.Signatures.check("deregistration.signatures", domain.SignatureEDS)
	if err != nil {
		return err
	}
	return e.Placement.Signatures.check("placement.signatures", domain.SignatureEDS, domain.SignatureOTP)
}

// checkOccupancyNorms refuses a norm without territory, area or first day, and a
// second one for the same.
func (e Edition) checkOccupancyNorms() error {
	for i, n := range e.Residence.OccupancyNorms {
		at := fmt.Sprintf("residence.occupancy_norms[%d]", i)
		switch {
		case !katoForm.MatchString(n.KATO):
			return fmt.Errorf("%s.kato is %q: give the first 2 to 9 digits of a KATO code", at, n.KATO)
		case n.AreaPerPerson <= 0 || n.AreaPerPerson > largest:
			return fmt.Errorf("%s.area_per_person is %v: give square metres, more than 0", at, n.AreaPerPerson)
		case n.From.IsZero():
			return fmt.Errorf("%s.from is empty: a norm holds for registrations from a day on, never backwards", at)
		}
		if err := checkWords(at+".exempt_kinships", n.ExemptKinships); err != nil {
			return err
		}
		same := func(o OccupancyNorm) bool { return o.KATO == n.KATO && o.From == n.From }
		if slices.ContainsFunc(e.Residence.OccupancyNorms[:i], same) {
			return fmt.Errorf("%s: the territory %s has two norms from %s on", at, n.KATO, n.From)
		}
	}
	return nil
}

// check refuses channels and methods that do not exist, and for the portal other
// methods than those given, which the text of the service allows (C17).
func (s Signatures) check(at string, portal ...domain.SignatureMethod) error {
	if len(s) == 0 {
		return fmt.Errorf("%s is empty: name at least one channel", at)
	}
	methods := []domain.SignatureMethod{domain.SignatureEDS, domain.SignatureOTP, domain.SignatureHandwritten}
	for _, c := range domain.Channels { // in their order, so that the same file has the same fault
		allowed, named := s[c]
		if !named {
			continue
		}
		if len(allowed) == 0 {
			return fmt.Errorf("%s.%s is empty: leave the channel out where it takes no application", at, c)
		}
		for i, m := range allowed {
			switch {
			case !slices.Contains(methods, m):
				return fmt.Errorf("%s.%s names %q: a signature is one of %v", at, c, m, methods)
			case slices.Contains(allowed[:i], m):
				return fmt.Errorf("%s.%s names %q twice", at, c, m)
			case c == domain.ChannelPortal && !slices.Contains(portal, m):
				return fmt.Errorf("%s.%s names %q: through the portal this service takes %v and nothing else",
					at, c, m, portal)
			}
		}
	}
	for c := range s {
		if !slices.Contains(domain.Channels, c) {
			return fmt.Errorf("%s names a channel that does not exist: the channels are %v", at, domain.Channels)
		}
	}
	return nil
}

func checkWords(at string, words []string) error {
	for i, w := range words {
		if !wordForm.MatchString(w) {
			return fmt.Errorf("%s[%d] is %q: write a name of small letters, digits and underscores", at, i, w)
		}
		if slices.Contains(words[:i], w) {
			return fmt.Errorf("%s names %q twice", at, w)
		}
	}
	return nil
}
