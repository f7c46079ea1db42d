package domain

// Requirement is a paper that an application must have. The checklist that an applicant reads
// and the check of the application are both made of it.
type Requirement struct {
	Paper   Paper          // what it is
	Field   string         // the member of the application that states it
	Types   []DocumentType // any of them serves
	For     PaperFor       // whom it has to name
	FromAge int            // in years: only of a person who is as old or older; 0: of any age
	ToAge   int            // in years: only of a person who is younger; 0: of any age
	Code    Code           // of the refusal where it is missing
	// Advised: the application is received without it, and it is asked for later.
	Advised bool
}

// OfAge reports whether the paper is asked for of a person of this age in years.
func (r Requirement) OfAge(years int) bool {
	return years >= r.FromAge && (r.ToAge == 0 || years < r.ToAge)
}

// Paper names a paper of a checklist.
type Paper string

const (
	PaperIdentity          Paper = "identity_document"     // of the applicant (S001-7.1)
	PaperFreeForm          Paper = "free_form_application" // that names whom it removes (S001-7.1)
	PaperExitPermission    Paper = "exit_permission"       // of the police (S001-7.2)
	PaperPassportOfChild   Paper = "passport_of_child"     // S001-7.2
	PaperCardToSurrender   Paper = "card_to_surrender"     // S001-7.2
	PaperToSurrender       Paper = "document_to_surrender" // of who is no citizen, instead of the card
	PaperCourtDecision     Paper = "court_decision"        // S001-7.3
	PaperSignedApplication Paper = "signed_application"    // on which a desk acts: its scan and hash
	PaperService           Paper = "service_document"      // that the applicant serves in the body of the list (Q41)
)

// Papers lists them all.
var Papers = []Paper{
	PaperIdentity, PaperFreeForm, PaperExitPermission, PaperPassportOfChild, PaperCardToSurrender, PaperToSurrender,
	PaperCourtDecision, PaperSignedApplication, PaperService,
}

// PaperFor says whom a paper has to name.
type PaperFor string

const (
	ForApplicant   PaperFor = "applicant"
	ForApplication PaperFor = "application" // one paper, which names everybody
	ForEach        PaperFor = "each_person" // each person to be deregistered
)

// PapersFor lists them all.
var PapersFor = []PaperFor{ForApplicant, ForApplication, ForEach}

// Together returns the faults, and those that they name, as one refusal; nil where there is none.
func Together(faults ...*Error) error {
	var all []*Error
	for _, f := range faults {
		alone := *f
		alone.Also = nil
		all = append(append(all, &alone), f.Also...)
	}
	if len(all) == 0 {
		return nil
	}
	all[0].Also = all[1:]
	return all[0]
}
