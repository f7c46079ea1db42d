package documents

import (
	"strings"
	"testing"

	"tizilim/domain"
	"tizilim/domain/certificates"
)

func TestEveryTypeOfPaperHasANameInThreeLanguages(t *testing.T) {
	for _, d := range domain.DocumentTypes {
		name := worded(d)
		if name.kk == "" || name.ru == "" || name.en == "" || name.kk == name.ru || name.ru == name.en {
			t.Errorf("%s is called %+v", d, name)
		}
	}
	for _, p := range domain.Papers {
		if name := requiredPapers[p]; name.kk == "" || name.ru == "" || name.en == "" || name.kk == name.ru {
			t.Errorf("%s is called %+v", p, name)
		}
	}
}

func TestC30_ATalonWithManyPapersIsPrinted(t *testing.T) {
	talon := Document{Kind: certificates.Talon, Service: domain.S000, Language: domain.Kazakh, CheckURL: "https://tizilim.example"}
	for range 100 {
		talon.Papers = append(talon.Papers, certificates.HandedIn{
			Document: domain.DocumentRegisterExtract, SHA256: domain.Personal(strings.Repeat("0f", 32)),
		})
	}
	if _, err := PDF(talon); err != nil {
		t.Error(err)
	}
}
