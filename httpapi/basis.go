package httpapi

import "tizilim/domain"

// basisBody is the document on which an official records something that takes
// something from somebody, or states what somebody wants.
type basisBody struct {
	Type     domain.DocumentType `json:"type"`
	Number   string              `json:"number" minLength:"1" maxLength:"64" example:"17-304/2026"`
	IssuedOn domain.Date         `json:"issued_on" format:"date"`
	Issuer   string              `json:"issuer" minLength:"1" maxLength:"200" doc:"Who issued the document" example:"нотариус Б. Сейітова"`
	SHA256   string              `json:"sha256" maxLength:"64" doc:"The SHA-256 of the file of the document, in small hex" example:"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`
}

// basis is the document; none for nil.
func (b *basisBody) basis() domain.Basis {
	if b == nil {
		return domain.Basis{}
	}
	return domain.Basis{
		Type: b.Type, Number: domain.Personal(b.Number), IssuedOn: b.IssuedOn, Issuer: domain.Personal(b.Issuer),
		SHA256: domain.Personal(b.SHA256),
	}
}

// basisProblems are those of the document on which an act rests.
var basisProblems = codes{domain.CodeBasisRequired, domain.CodeHashFormat}
