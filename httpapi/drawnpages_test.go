package httpapi

import (
	"reflect"
	"testing"

	"tizilim/domain"
	"tizilim/domain/certificates"
	pages "tizilim/httpapi/documents"
)

func asDrawn(drawn []byte) ([]byte, error) { return drawn, nil }

func TestAPageIsDrawnOnceAndAnotherPageApart(t *testing.T) {
	p := newDrawnPages()
	one := pages.Document{Kind: certificates.Placement, Number: "1", Language: domain.Kazakh, Name: "Айгүл", CheckURL: "https://x"}
	first, err := p.of(one, asDrawn)
	if err != nil {
		t.Fatal(err)
	}
	again, err := p.of(one, asDrawn)
	if err != nil || &again.content[0] != &first.content[0] {
		t.Errorf("the same page was drawn twice: %v", err)
	}
	other := one
	other.Name = "Бақыт"
	if drawn, err := p.of(other, asDrawn); err != nil || drawn.tag == first.tag {
		t.Errorf("what a page of somebody else shows is the page of the first: %v", err)
	}
}

// The key of a page is its JSON: a member that JSON left out would not be part of it.
func TestTheKeyOfAPageCoversAllThatItShows(t *testing.T) {
	page := reflect.TypeFor[pages.Document]()
	for i := range page.NumField() {
		if f := page.Field(i); !f.IsExported() || f.Tag.Get("json") == "-" {
			t.Errorf("%s is not in the key", f.Name)
		}
	}
}
