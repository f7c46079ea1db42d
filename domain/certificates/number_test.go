package certificates_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"tizilim/domain"
	"tizilim/domain/certificates"
	"tizilim/domain/domaintest"
)

var key = certificates.CheckKey("a key that no registry in use has")

func TestANumberIsOfServiceYearAndDocument(t *testing.T) {
	d := certificates.Document{ID: sheet, Service: domain.S001, IssuedAt: domaintest.Noon()}
	if got, want := d.Number(), "S001-2026-"; !strings.HasPrefix(got, want) ||
		!regexp.MustCompile(`^S001-2026(-[0-9A-HJKMNP-TV-Z]{4}){3}$`).MatchString(got) {
		t.Errorf("number %s, want %s and three groups", got, want)
	}
	// The year is that of Kazakhstan: at 20:00 UTC it is next year there.
	d.IssuedAt = time.Date(2026, 12, 31, 20, 0, 0, 0, time.UTC)
	if got := d.Number(); !strings.HasPrefix(got, "S001-2027-") {
		t.Errorf("number %s", got)
	}
}

func TestNumbersAndCodesDiffer(t *testing.T) {
	numbers, codes := map[string]bool{}, map[certificates.CheckCode]bool{}
	for i := range 50_000 {
		id := domain.CertificateID{UUID: domain.DeriveID(uuid.NameSpaceOID, string(rune(i)))}
		if i >= 0xD800 { // surrogates are one rune
			break
		}
		numbers[certificates.Locator(id)] = true
		codes[key.Code(id, 1)] = true
		if len(numbers) != i+1 || len(codes) != i+1 {
			t.Fatalf("document %d has the number or code of another", i)
		}
	}
}

func TestACodeProvesItsDocumentVersionAndKeyOnly(t *testing.T) {
	c := key.Code(sheet, 2)
	for name, got := range map[string]bool{
		"another document": key.Proves(c, other, 2),
		"another version":  key.Proves(c, sheet, 1),
		"another key":      certificates.CheckKey("another key").Proves(c, sheet, 2),
		"a code cut short": key.Proves(c[:27], sheet, 2),
		"a letter changed": key.Proves(c[:27]+certificates.CheckCode("0Z"[strings.Index("0Z", string(c[27]))+1:][:1]), sheet, 2),
	} {
		if got {
			t.Errorf("the code is proven for %s", name)
		}
	}
	if !key.Proves(c, sheet, 2) {
		t.Error("the code is not proven for its own document")
	}
	if c.Locator() != certificates.Locator(sheet) {
		t.Error("the code does not find its document")
	}
}

// TestACodeHoldsEightyBitsThatOnlyTheKeyMakes: what follows the locator.
func TestACodeHoldsEightyBitsThatOnlyTheKeyMakes(t *testing.T) {
	a, b := key.Code(sheet, 1), certificates.CheckKey("another key").Code(sheet, 1)
	if a[:12] != b[:12] || len(a)-12 < 80/5 {
		t.Errorf("codes %s and %s", a, b)
	}
	seen := [16]map[byte]bool{}
	for i := range 2_000 {
		c := certificates.CheckKey{byte(i), byte(i >> 8)}.Code(sheet, 1)
		for j := range seen {
			if seen[j] == nil {
				seen[j] = map[byte]bool{}
			}
			seen[j][c[12+j]] = true
		}
	}
	for j, letters := range seen {
		if len(letters) != 32 {
			t.Errorf("place %d takes %d letters, want all 32", j, len(letters))
		}
	}
}

func TestACodeIsReadAsAPersonTypesIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := domain.CertificateID{UUID: uuid.NewSHA1(uuid.NameSpaceOID, []byte(rapid.String().Draw(t, "id")))}
		c := key.Code(id, rapid.IntRange(1, 9).Draw(t, "version"))
		typed := c.Grouped()
		if rapid.Bool().Draw(t, "small letters") {
			typed = strings.ToLower(typed)
		}
		if rapid.Bool().Draw(t, "spaces") {
			typed = strings.ReplaceAll(typed, "-", " ")
		}
		if rapid.Bool().Draw(t, "taken for letters") {
			typed = strings.NewReplacer("0", "o", "1", rapid.SampledFrom([]string{"i", "l", "I", "L"}).Draw(t, "one")).
				Replace(typed)
		}
		got, err := certificates.ParseCheckCode(typed)
		if err != nil || got != c {
			t.Fatalf("%s is read as %s, %v", typed, got, err)
		}
	})
	for _, wrong := range []string{"", "-", "0000", string(key.Code(sheet, 1)) + "0", string(key.Code(sheet, 1))[:27], string(key.Code(sheet, 1))[:27] + "U", strings.Repeat("ә", 14)} {
		if got, err := certificates.ParseCheckCode(wrong); domain.CodeOf(err) != domain.CodeCheckCodeFormat {
			t.Errorf("%q is read as %s, %v", wrong, got, err)
		}
	}
}

func TestR53_ANumberIsReadAsItIsTyped(t *testing.T) {
	for _, d := range []certificates.Document{
		{ID: sheet, Service: domain.S001, IssuedAt: domaintest.Noon()},
		{ID: other, Service: domain.S000, IssuedAt: domaintest.Noon()},
		{ID: sheet, Service: domain.Complaint, IssuedAt: domaintest.Noon()},
	} {
		number := d.Number()
		for _, text := range []string{
			number, strings.ToLower(number), strings.ToUpper(number), strings.ReplaceAll(number, "-", ""),
			" " + strings.ReplaceAll(number, "-", " – "), strings.NewReplacer("0", "O", "1", "l").Replace(number),
		} {
			n, err := certificates.ParseNumber(text)
			if err != nil || !n.Is(number) || n.Locator() != certificates.Locator(d.ID) {
				t.Errorf("%q is %q, %v", text, n, err)
			}
			for _, another := range []string{
				certificates.Document{ID: d.ID, Service: d.Service, IssuedAt: d.IssuedAt.AddDate(1, 0, 0)}.Number(),
				number[:len(number)-1] + "?", number + "1",
			} {
				if n.Is(another) {
					t.Errorf("%q is taken for %q", text, another)
				}
			}
		}
	}
	for _, wrong := range []string{
		"", "S000", "S002-2026-1A2B-3C4D-5E6F", "2026-1A2B-3C4D-5E6F", "S000-2026-1A2B-3C4D-5E6",
		"S000-2026-1A2B-3C4D-5E6F7", "S000-2026-1A2B-3C4D-5E6Ж",
	} {
		if _, err := certificates.ParseNumber(wrong); domain.CodeOf(err) != domain.CodeNumberFormat {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}
