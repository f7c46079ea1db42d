package domain_test

import (
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
)

func TestADocumentIsNamedInOneLine(t *testing.T) {
	whole := domain.Basis{
		Type: domain.DocumentOther, Number: "17-304", IssuedOn: domaintest.Today(), Issuer: "АХАЖ",
		SHA256: domain.Personal(domain.TextDigest([]byte("a file"))),
	}
	if err := whole.Check(domaintest.Today(), "basis"); err != nil {
		t.Fatal(err)
	}
	for field, change := range map[string]func(*domain.Basis){
		"basis.number": func(b *domain.Basis) { b.Number = "17\n304" },
		"basis.issuer": func(b *domain.Basis) { b.Issuer = "АХАЖ\tАстана" },
	} {
		b := whole
		change(&b)
		domaintest.Refused(t, nil, b.Check(domaintest.Today(), "basis"), domain.CodeMalformed, field)
	}
}

func TestADocumentIsNotIssuedInTheFuture(t *testing.T) {
	b := domain.Basis{
		Type: domain.DocumentOther, Number: "17-304", IssuedOn: domaintest.Today().AddDays(1), Issuer: "АХАЖ",
		SHA256: domain.Personal(domain.TextDigest([]byte("a file"))),
	}
	domaintest.Refused(t, nil, b.Check(domaintest.Today(), "basis"), domain.CodeDateInFuture, "basis.issued_on")
}
