package documents

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
)

// publicListOf is a list with n families of which the first lines are shown.
func publicListOf(n, first, lines int, l domain.Language) PublicList {
	list := PublicList{
		Language: l, Body: "Қазақстан Республикасы Қорғаныс министрлігі", Keeper: "Тұрғын үй комиссиясы", Settlement: "Астана",
		Title: "Қызметтік тұрғын үй", At: domaintest.Noon(), Of: n,
	}
	for i := range lines {
		list.Waiting = append(list.Waiting, housing.PublicLine{Number: first + i, Persons: 1 + i%7, PlacedOn: domaintest.Day("2026-03-15")})
	}
	for i := range min(lines, 100) {
		list.Provided = append(list.Provided, housing.PublicProvision{
			Persons: 2, PlacedOn: domaintest.Day("2020-01-02"), Area: 40 + i, ProvidedAt: domaintest.Noon().Add(-time.Duration(i) * 24 * time.Hour),
		})
	}
	return list
}

func printedList(t *testing.T, list PublicList) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := printPublicList(&out, list, false); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func pagesOf(raw []byte) int { return bytes.Count(raw, []byte("/Type /Page\n")) }

func TestQ21_ThePublicListIsPrintedInThreeLanguages(t *testing.T) {
	for _, l := range languages {
		list := publicListOf(700, 501, 200, l)
		raw := printedList(t, list)
		text := textOf(t, raw)
		says(t, text, list.Body, list.Keeper, list.Title, list.Settlement, publicTitle.in(l), publicGround.in(l), publicNumber.in(l),
			publicDay.in(l), publicNames.in(l), fmt.Sprintf(publicOn.in(l), instant(list.At, l)),
			fmt.Sprintf(publicLength.in(l), 700), fmt.Sprintf(publicPart.in(l), 501, 700), day(domaintest.Day("2026-03-15"), l))
		for _, line := range list.Waiting {
			says(t, text, fmt.Sprint(line.Number, line.Persons, day(line.PlacedOn, l)))
		}
		for _, p := range list.Provided {
			says(t, text, fmt.Sprint(p.Persons)+day(p.PlacedOn, l)+fmt.Sprint(p.Area)+day(domain.DateOf(p.ProvidedAt), l))
		}
		n := pagesOf(raw)
		if n < 6 {
			t.Fatalf("%s: %d pages", l, n)
		}
		for i := range n {
			says(t, text, fmt.Sprintf(pageOf.in(l), i+1, fmt.Sprint(n)))
		}
		waiting := squeezed(columnNumber.in(l) + columnPersons.in(l) + columnPlaced.in(l))
		provided := squeezed(columnPersons.in(l) + columnPlaced.in(l) + columnArea.in(l))
		if got := strings.Count(text, waiting) + strings.Count(text, provided); got != n && got != n+1 {
			t.Errorf("%s: titles of columns stand %d times on %d pages", l, got, n)
		}
		if strings.Contains(text, squeezed(publicNothingGiven.in(l))) || strings.Contains(text, squeezed(markTrial.in(l))) {
			t.Errorf("%s: it says what is not so", l)
		}
	}
}

func TestQ21_NothingOfAPublicListStandsBelowItsPage(t *testing.T) {
	raw := printedList(t, publicListOf(500, 1, 500, domain.Kazakh))
	for _, m := range regexp.MustCompile(`BT [\d.]+ (-?[\d.]+) Td`).FindAllSubmatch(raw, -1) {
		var y float64
		if _, err := fmt.Sscan(string(m[1]), &y); err != nil || y < 15 {
			t.Fatalf("a text stands at %s points from the lower edge", m[1])
		}
	}
}

func TestQ21_AnEmptyPublicListSaysSo(t *testing.T) {
	for _, l := range languages {
		list := publicListOf(0, 1, 0, l)
		list.Trial = true
		raw := printedList(t, list)
		says(t, textOf(t, raw), publicNobodyWaits.in(l), publicNothingGiven.in(l), markTrial.in(l))
		if n := pagesOf(raw); n != 1 {
			t.Errorf("%d pages", n)
		}
	}
}

func TestQ21_TheSamePublicListIsTheSameBytes(t *testing.T) {
	var one, other bytes.Buffer
	list := publicListOf(500, 1, 500, domain.Russian)
	if err := PrintPublicList(&one, list); err != nil {
		t.Fatal(err)
	}
	if err := PrintPublicList(&other, list); err != nil || !bytes.Equal(one.Bytes(), other.Bytes()) {
		t.Error("the bytes differ", err)
	}
	if one.Len() > 512<<10 {
		t.Errorf("500 lines take %d bytes", one.Len())
	}
}

func BenchmarkPublicList(b *testing.B) {
	list := publicListOf(500, 1, 500, domain.Kazakh)
	b.ReportAllocs()
	for b.Loop() {
		var out bytes.Buffer
		if err := PrintPublicList(&out, list); err != nil {
			b.Fatal(err)
		}
	}
}
