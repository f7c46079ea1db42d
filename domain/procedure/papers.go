package procedure

import (
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"tizilim/domain"
)

// PaperFiled binds the file of a paper to a case (C30). The file itself is in the paper store. It
// is durable before this event is appended, and never changes.
type PaperFiled struct {
	CaseID    domain.CaseID       `json:"case_id"`
	PaperID   domain.PaperID      `json:"paper_id"`
	PersonID  domain.PersonID     `json:"person_id"` // whom it tells of: their data key seals the file
	Document  domain.DocumentType `json:"document_type"`
	MediaType string              `json:"media_type"` // as the content shows it
	Size      int64               `json:"size"`       // in bytes
	Name      domain.Personal     `json:"name"`       // of the file, as it was handed in
	SHA256    domain.Personal     `json:"sha256"`     // of the content, in small hex
	// Stored is the SHA-256 of the file as stored, sealed. With the case it is its name in the
	// paper store, and it says without a key whether the file is whole.
	Stored  string    `json:"stored"`
	FiledAt time.Time `json:"filed_at"`
}

func (PaperFiled) EventType() string          { return "PaperFiled" }
func (e PaperFiled) EffectiveAt() time.Time   { return e.FiledAt }
func (e PaperFiled) Concerns() domain.Concern { return domain.ConcernsCase(e.CaseID) }
func (e PaperFiled) LogValue() slog.Value     { return domain.Masked(e) }

// FilePaper is the command that binds a file to a case.
type FilePaper struct {
	PaperID   domain.PaperID
	PersonID  domain.PersonID // zero: the applicant
	Document  domain.DocumentType
	MediaType string
	Size      int64
	Name      domain.Personal
	SHA256    domain.Personal
	Stored    string
}

func (c FilePaper) LogValue() slog.Value { return domain.Masked(c) }

// maxFileName bounds the name of a file, in characters.
const maxFileName = 200

// TakesPaper refuses a paper that the case does not take: most papers at most, each of somebody
// who has a part in it.
func (c *Case) TakesPaper(of domain.PersonID, most int) error {
	switch {
	case !c.Known():
		return domain.Refuse(domain.NotFound, domain.CodeCaseUnknown, "no case with this id")
	case c.Papers >= most:
		return domain.Refuse(domain.Conflict, domain.CodePapersFull,
			"the case has %d files, and takes no more: put several pages into one file", c.Papers)
	case !of.IsZero() && of != c.ApplicantID && !slices.Contains(c.others(), of):
		return domain.Refuse(domain.Invalid, domain.CodeMemberNotAllowed,
			"this person has no part in the case: name the applicant or another person of the application").At("person_id")
	}
	return nil
}

// FilePaper decides [FilePaper]. It is possible in every state: an objection, a complaint and a
// court have papers too.
func (c *Case) FilePaper(cmd domain.Command, p FilePaper, most int) ([]domain.Event, error) {
	if err := c.TakesPaper(p.PersonID, most); err != nil {
		return nil, err
	}
	switch {
	case !slices.Contains(domain.DocumentTypes, p.Document):
		return nil, domain.Refuse(domain.Invalid, domain.CodeValueUnknown,
			"a document is of one of the types %v", domain.DocumentTypes).At("document_type")
	case strings.TrimSpace(string(p.Name)) == "":
		return nil, domain.Refuse(domain.Invalid, domain.CodeRequired, "give the file a name").At("file")
	case utf8.RuneCountInString(string(p.Name)) > maxFileName:
		return nil, domain.Refuse(domain.Invalid, domain.CodeTooLong,
			"the name of the file has more than %d characters: make it shorter", maxFileName).At("file")
	case !utf8.ValidString(string(p.Name)) || strings.ContainsFunc(string(p.Name), unprintable):
		return nil, domain.Refuse(domain.Invalid, domain.CodeMalformed,
			"the name of the file has a character that is not allowed in a name: change it").At("file")
	}
	if p.PersonID.IsZero() {
		p.PersonID = c.ApplicantID
	}
	return []domain.Event{PaperFiled{
		CaseID: c.CaseID, PaperID: p.PaperID, PersonID: p.PersonID, Document: p.Document, MediaType: p.MediaType,
		Size: p.Size, Name: p.Name, SHA256: p.SHA256, Stored: p.Stored, FiledAt: cmd.Now,
	}}, nil
}

// unprintable reports whether a file system, a header or a reader could take the character for
// something else.
func unprintable(r rune) bool {
	return domain.Hidden(r) || r < ' ' || strings.ContainsRune(`/\:*?"<>|`, r)
}
