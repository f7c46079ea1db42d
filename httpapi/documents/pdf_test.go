package documents

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf16"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"tizilim/domain"
	"tizilim/domain/certificates"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
	"tizilim/httpapi/words"
)

// read returns the text of the one page of an uncompressed PDF, without its
// white space: where lines break is the layout's. Every text of a page is a
// string of UTF-16.
func read(t *testing.T, raw []byte) string {
	t.Helper()
	if n := bytes.Count(raw, []byte("/Type /Page\n")); n != 1 {
		t.Fatalf("%d pages", n)
	}
	return textOf(t, raw)
}

// textOf is read for several pages.
func textOf(t *testing.T, raw []byte) string {
	t.Helper()
	var text strings.Builder
	for _, m := range shown.FindAllSubmatch(raw, -1) {
		b := unescape.ReplaceAllFunc(m[1], func(e []byte) []byte {
			if e[1] == 'r' {
				return []byte{'\r'}
			}
			return e[1:]
		})
		if len(b)%2 != 0 {
			t.Fatalf("half a letter in %q", m[1])
		}
		units := make([]uint16, len(b)/2)
		for i := range units {
			units[i] = binary.BigEndian.Uint16(b[2*i:])
		}
		text.WriteString(string(utf16.Decode(units)))
	}
	return squeezed(text.String())
}

var (
	shown    = regexp.MustCompile(`(?s)\(((?:\\.|[^\\)])*)\) ?Tj`)
	unescape = regexp.MustCompile(`(?s)\\.`)
)

func squeezed(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}

// printed returns the page uncompressed.
func printed(t *testing.T, d Document) []byte {
	t.Helper()
	content, err := render(d, false)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func name(d Document) string { return string(d.Kind) + " " + string(d.Language) }

// says fails the test unless the page shows every text.
func says(t *testing.T, page string, texts ...string) {
	t.Helper()
	for _, s := range texts {
		if s == "" || !strings.Contains(page, squeezed(s)) {
			t.Errorf("the page does not say %q; it says %s", s, page)
		}
	}
}

func TestAPageSaysEveryFact(t *testing.T) {
	for _, d := range all() {
		t.Run(name(d), func(t *testing.T) {
			text := read(t, printed(t, d))
			says(t, text, d.StateBody(), d.Title(), d.Number, day(d.IssuedOn, d.Language),
				string(d.Name), "********0012", d.CheckCode.Grouped(), d.CheckURL, footer.in(d.Language))
			for _, line := range d.Lines() {
				says(t, text, line.Label, line.Value)
			}
			if strings.Contains(text, string(d.IIN)) {
				t.Error("the page shows the whole IIN")
			}
		})
	}
}

// TestQ2_DateAndNumberOfThePlacement: and neither of them on a refusal, which has
// its ground, its reasons and the appeal route instead (C7).
func TestQ2_S000_4_DateAndNumberOfThePlacement(t *testing.T) {
	for _, l := range languages {
		placement, refusal := one(certificates.Placement, l), one(certificates.Refusal, l)
		// A refusal shows none even where it is handed some.
		refusal.RegisteredOn, refusal.Ordinal = placement.RegisteredOn, placement.Ordinal
		p, r := read(t, printed(t, placement)), read(t, printed(t, refusal))
		says(t, p, labelPlacedOn.in(l)+day(placement.RegisteredOn, l), labelOrdinal.in(l)+"417")
		for _, s := range []string{labelPlacedOn.in(l), labelOrdinal.in(l), day(placement.RegisteredOn, l), "417"} {
			if strings.Contains(r, squeezed(s)) {
				t.Errorf("%s: the refusal says %q", l, s)
			}
		}
		says(
			t,
			r,
			labelGround.in(l)+grounds[housing.RequirementsNotMet].in(l),
			labelReasons.in(l)+string(refusal.Reasons),
			labelAppeal.in(l)+appeal.in(l),
		)
		for _, s := range []string{labelGround.in(l), labelAppeal.in(l)} {
			if strings.Contains(p, squeezed(s)) {
				t.Errorf("%s: the placement says %q", l, s)
			}
		}
	}
}

func TestR17_C10_APageSaysThatItIsADuplicateCorrectedOrNoLongerValid(t *testing.T) {
	for _, l := range languages {
		plain := one(certificates.DepartureSheet, l)
		if marks := plain.Marks(); marks != nil {
			t.Errorf("an original has the marks %v", marks)
		}
		d := plain
		d.Replaces, d.Version, d.CorrectedOn, d.Superseded = "S001-2026-0000-1111-2222", 2, domaintest.Day(
			"2026-04-01",
		), true
		says(
			t,
			read(t, printed(t, d)),
			markSuperseded.in(l),
			markDuplicate.in(l),
			"S001-2026-0000-1111-2222",
			day(d.CorrectedOn, l),
		)
		if len(d.Marks()) != 3 {
			t.Errorf("marks %v", d.Marks())
		}
		void := plain
		void.VoidSince = domaintest.Day("2026-04-02")
		for _, by := range certificates.Overtakings {
			void.VoidBy = by
			says(t, read(t, printed(t, void)), fmt.Sprintf(noLonger.in(l), day(void.VoidSince, l), words.Of(by, l)))
		}
	}
}

// worded has the words of a value of an enumeration, which documents share with all answers.
func worded[T ~string](value T) text {
	return text{words.Of(value, domain.Kazakh), words.Of(value, domain.Russian), words.Of(value, domain.English)}
}

// TestTheTextsAreWhole: every value that the domain knows is said in every
// language, and the languages are not copies of each other.
func TestTheTextsAreWhole(t *testing.T) {
	check := func(what string, x text) {
		t.Helper()
		if x.kk == "" || x.ru == "" || x.en == "" || x.kk == x.en || x.ru == x.en {
			t.Errorf("%s: %+v", what, x)
		}
	}
	for _, k := range certificates.Kinds {
		check(string(k), titles[k])
	}
	for _, g := range housing.RefusalGrounds {
		check(string(g), grounds[g])
	}
	for _, by := range certificates.Overtakings {
		check(string(by), worded(by))
	}
	for _, c := range domain.Channels {
		check(string(c), worded(c))
	}
	for _, g := range residence.Grounds {
		check(string(g), worded(residence.Reason(g)))
	}
	check("permanent", kinds[residence.Permanent])
	check("temporary", kinds[residence.Temporary])
	for role := range positions {
		check(string(role), positions[role])
	}
	for _, role := range []domain.Role{domain.RoleCitizen, domain.RoleOperator, domain.RoleProvider} {
		if _, ok := positions[role]; !ok {
			t.Errorf("a talon does not know %s", role)
		}
	}
	for i, m := range months {
		check(strconv.Itoa(i+1), m)
	}
}

// TestTheLettersOfKazakhAreOnThePage: those that Russian has not, both cases.
func TestTheLettersOfKazakhAreOnThePage(t *testing.T) {
	const letters = "әғқңөұүһіӘҒҚҢӨҰҮҺІ"
	d := one(certificates.Refusal, domain.Kazakh)
	d.Name, d.Reasons = letters, letters // a row is bold, a paragraph is not
	content := printed(t, d)
	says(t, read(t, content), letters)
	fonts := glyphMaps(t, content)
	if len(fonts) != 2 {
		t.Fatalf("%d fonts are embedded", len(fonts))
	}
	for i, glyphs := range fonts {
		seen := map[uint16]rune{}
		for _, letter := range letters {
			glyph := binary.BigEndian.Uint16(glyphs[2*letter:])
			if was, ok := seen[glyph]; glyph == 0 || ok {
				t.Errorf("font %d: %c has the glyph %d, like %q", i, letter, glyph, was)
			}
			seen[glyph] = letter
		}
	}
}

// glyphMaps returns the tables from letter to glyph of the embedded fonts.
func glyphMaps(t *testing.T, raw []byte) [][]byte {
	t.Helper()
	var maps [][]byte
	for part := range bytes.SplitSeq(raw, []byte("stream\n")) {
		r, err := zlib.NewReader(bytes.NewReader(part))
		if err != nil {
			continue // no compressed stream begins here
		}
		if table, err := io.ReadAll(r); err == nil && len(table) == 2<<16 {
			maps = append(maps, table)
		}
	}
	return maps
}

// TestAnyTextMakesAPage: what the font has not is a box, not a failure.
func TestAnyTextMakesAPage(t *testing.T) {
	for _, odd := range []string{"", " ", "😀 Айгүл", "王", "\u200f\u0627", "a\u0301", strings.Repeat("ұ", 300), "(\\)", "\ufffe"} {
		d := one(certificates.Refusal, domain.Kazakh)
		d.Name, d.Body, d.ListTitle, d.Reasons = domain.Personal(odd), odd, odd, domain.Personal(odd)
		says(t, read(t, printed(t, d)), d.CheckURL)
	}
}

func TestTheQRCodeLeadsToTheCheck(t *testing.T) {
	for _, d := range all() {
		bitmap, err := gozxing.NewBinaryBitmapFromImage(squares(t, printed(t, d)))
		if err != nil {
			t.Fatal(err)
		}
		code, err := qrcode.NewQRCodeReader().Decode(bitmap, nil)
		if err != nil {
			t.Fatalf("%s: %v", name(d), err)
		}
		if code.GetText() != d.CheckURL {
			t.Errorf("%s: the code reads %q, want %q", name(d), code.GetText(), d.CheckURL)
		}
	}
}

var filled = regexp.MustCompile(`(?m)^([\d.]+) ([\d.]+) ([\d.]+) (-?[\d.]+) re f$`)

// squares paints the filled rectangles of an uncompressed page, four pixels to
// the point.
func squares(t *testing.T, raw []byte) image.Image {
	t.Helper()
	const scale = 4
	img := image.NewGray(image.Rect(0, 0, 596*scale, 842*scale))
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	found := filled.FindAllSubmatch(raw, -1)
	if len(found) < 100 {
		t.Fatalf("%d squares are no QR code", len(found))
	}
	for _, m := range found {
		var v [4]float64
		for i := range v {
			var err error
			if v[i], err = strconv.ParseFloat(string(m[i+1]), 64); err != nil {
				t.Fatal(err)
			}
		}
		x0, x1, y0, y1 := v[0], v[0]+v[2], v[1]+v[3], v[1]
		for y := int(y0 * scale); y < int(y1*scale); y++ {
			for x := int(x0 * scale); x < int(x1*scale); x++ {
				img.SetGray(x, 842*scale-y, color.Gray{})
			}
		}
	}
	return img
}

func TestTheSameDocumentIsTheSameBytes(t *testing.T) {
	for _, d := range all() {
		first, err := PDF(d)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if again, err := PDF(d); err != nil || !bytes.Equal(first, again) {
				t.Fatalf("%s differs from time to time", name(d))
			}
		}
	}
	a, b := one(certificates.Placement, domain.Kazakh), one(certificates.Placement, domain.Kazakh)
	b.Ordinal++
	if bytes.Equal(printed(t, a), printed(t, b)) {
		t.Error("two documents are the same bytes")
	}
}

// TestTheLongestDocumentFitsItsPage: everything as long as the API takes it ends
// above the check, and nothing of it is lost.
func TestTheLongestDocumentFitsItsPage(t *testing.T) {
	for _, l := range languages {
		d := one(certificates.Refusal, l)
		d.Replaces, d.Version, d.CorrectedOn, d.Superseded = d.Number, 2, d.IssuedOn, true
		d.Name = domain.Personal(long(200))
		d.Body, d.Settlement, d.ListTitle = long(200), long(200), long(200)
		d.Ground, d.Reasons = housing.NoConsent, domain.Personal(long(4000))
		text := read(t, printed(t, d))
		says(t, text, string(d.Name), d.Body, d.ListTitle, string(d.Reasons), appeal.in(l), d.CheckURL)
		if bottom := lowest(t, d); bottom > checkTop {
			t.Errorf("%s: the facts end at %.1f mm, the check begins at %.1f", l, bottom, checkTop)
		}
	}
}

func long(n int) string {
	const sentence = "Өтініш берушінің осы елді мекенде меншік тұрғын үйі бар екені анықталды. "
	return strings.TrimSpace(string([]rune(strings.Repeat(sentence, n))[:n]))
}

var ruled = regexp.MustCompile(`(?m)^[\d.]+ (-?[\d.]+) m [\d.]+ -?[\d.]+ l S$`)

// lowest is where the last rule under a fact is, in millimetres from the top.
func lowest(t *testing.T, d Document) float64 {
	t.Helper()
	lines := ruled.FindAllSubmatch(printed(t, d), -1)
	if len(lines) < 3 {
		t.Fatalf("%d rules", len(lines))
	}
	y, err := strconv.ParseFloat(string(lines[len(lines)-2][1]), 64) // the last is the footer's
	if err != nil {
		t.Fatal(err)
	}
	return (841.89 - y) / 72 * 25.4
}

func TestDaysAreWrittenInWords(t *testing.T) {
	d := domaintest.Day("2026-09-01")
	for l, want := range map[domain.Language]string{
		domain.Kazakh: "2026 жылғы 1 қыркүйек", domain.Russian: "1 сентября 2026 года", domain.English: "1 September 2026", "": "2026 жылғы 1 қыркүйек",
	} {
		if got := day(d, l); got != want {
			t.Errorf("%q: %s, want %s", l, got, want)
		}
	}
	if got := day(domain.Date{}, domain.English); got != "" {
		t.Errorf("no day is %q", got)
	}
	if got := instant(domaintest.Noon().UTC(), domain.English); got != "15 March 2026, 12:00:00 (UTC+5)" {
		t.Errorf("instant %s", got)
	}
}

func TestWhoHasNoIINIsSaidToHaveNone(t *testing.T) {
	d := one(certificates.DepartureSheet, domain.Russian)
	d.IIN = ""
	says(t, read(t, printed(t, d)), labelIIN.ru+labelNoIIN.ru)
}

func TestTheRegistryItselfAccepts(t *testing.T) {
	d := one(certificates.Talon, domain.English)
	d.Acceptor, d.AcceptedAs, d.Channel = "", domain.RoleCitizen, domain.ChannelPortal
	says(t, read(t, printed(t, d)), "Accepted by"+"web portal (automatically)")
}

// TestC4_ATalonSaysWhenTheOfficeRegistersWhatCameOutsideWorkingTime, and names no second instant
// where both are one.
func TestC4_ATalonSaysWhenTheOfficeRegistersWhatCameOutsideWorkingTime(t *testing.T) {
	for _, later := range []time.Duration{0, 21 * time.Hour} {
		d := one(certificates.Talon, domain.English)
		d.RegisteredAt = d.ReceivedAt.Add(later)
		var said []string
		for _, line := range d.Lines() {
			if line.Label == labelRegistered.en {
				said = append(said, line.Value)
			}
		}
		if want := instant(d.RegisteredAt, domain.English); later > 0 && !slices.Equal(said, []string{want}) || later == 0 && said != nil {
			t.Errorf("registered %s later the talon says %q", later, said)
		}
	}
}

func TestPersonalValuesOfPagesNeverPrint(t *testing.T) {
	if n := domaintest.AssertMasked(t, Document{}); n != 5 {
		t.Errorf("%d personal values", n)
	}
}

// Whoever is refused reads why, whatever the code is (R46).
func TestR46_EachCodeOfARefusalHasWordsInEveryLanguage(t *testing.T) {
	for _, code := range residence.RefusalCodes {
		for _, l := range languages {
			d := one(certificates.NotRemoved, l)
			d.Refused = code
			why := notRemoved[code].in(l)
			says(t, read(t, printed(t, d)), why)
		}
	}
	if len(notRemoved) != len(residence.RefusalCodes) {
		t.Errorf("there are words for %d codes, and %d codes", len(notRemoved), len(residence.RefusalCodes))
	}
}
