package documents

import (
	"bytes"
	"fmt"
	"strings"
	"time"
	"unicode"

	"codeberg.org/go-pdf/fpdf"
	"github.com/go-fonts/dejavu/dejavusans"
	"github.com/go-fonts/dejavu/dejavusansbold"
	"github.com/skip2/go-qrcode"
)

// The page, in millimetres: A4 upright.
const (
	left, right, top = 22.0, 188.0, 20.0
	labelWidth       = 62.0
	width            = right - left
	qrSide           = 34.0
	checkTop         = 238.0 // where the check begins; the facts end above it
	proofTop         = 272.2 // at most two lines, up to the foot
	footerTop        = 281.0
)

// Sizes of the facts' type, in points: the largest at which they fit the page.
const (
	largest  = 10.5
	smallest = 4.5
)

const font = "dejavu"

type colour struct{ r, g, b int }

var (
	ink    = colour{24, 32, 40}
	faint  = colour{100, 112, 122}
	accent = colour{0, 103, 125}
	alarm  = colour{170, 30, 30}
)

// PDF returns the document as one page of A4. The same document gives the same
// bytes.
func PDF(d Document) ([]byte, error) { return render(d, true) }

func render(d Document, compress bool) ([]byte, error) {
	p := &page{Fpdf: fpdf.New("P", "mm", "A4", ""), Document: d}
	p.SetCompression(compress)
	p.SetCatalogSort(true)
	p.SetCreationDate(d.made())
	p.SetModificationDate(d.made())
	p.SetTitle(d.Title()+" "+d.Number, true)
	p.SetLang(string(d.Language))
	p.SetProducer("Tizilim", true)
	p.AddUTF8FontFromBytes(font, "", dejavusans.TTF)
	p.AddUTF8FontFromBytes(font, "B", dejavusansbold.TTF)
	p.SetAutoPageBreak(false, 0)
	p.SetMargins(left, top, 210-right)
	p.SetCellMargin(0)
	p.AddPage()
	p.facts(p.head())
	if err := p.check(); err != nil {
		return nil, err
	}
	p.proof()
	p.foot()
	var out bytes.Buffer
	if err := p.Output(&out); err != nil {
		return nil, fmt.Errorf("write the page: %w", err)
	}
	return out.Bytes(), nil
}

// made is the date of the file: that of the version, not that of the request.
func (d Document) made() time.Time {
	if !d.CorrectedOn.IsZero() {
		return d.CorrectedOn.Start()
	}
	return d.IssuedOn.Start()
}

type page struct {
	*fpdf.Fpdf
	Document
}

func (p *page) ink(c colour)                    { p.SetTextColor(c.r, c.g, c.b) }
func (p *page) in(t text) string                { return t.in(p.Language) }
func (p *page) face(style string, size float64) { p.SetFont(font, style, size) }
func lineHeight(points float64) float64         { return points * 0.3528 * 1.32 }
func (p *page) rule(y, thickness float64, c colour) {
	p.SetDrawColor(c.r, c.g, c.b)
	p.SetLineWidth(thickness)
	p.Line(left, y, right, y)
}

// setText makes a text printable: the font format of the library ends at U+FFFF,
// and beyond it, it fails.
func setText(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 0xFFFE {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// broken parts a text into lines of at most w.
func (p *page) broken(s string, w float64) []string { return p.SplitText(setText(s), w) }

// write sets a text at x, y in lines of at most w and returns where it ends.
func (p *page) write(x, y, w, size float64, align, s string) float64 {
	for _, line := range p.broken(s, w) {
		p.SetXY(x, y)
		p.CellFormat(w, lineHeight(size), line, "", 0, align+"M", false, 0, "")
		y += lineHeight(size)
	}
	return y
}

// head writes body, title, number and marks, and returns where it ends.
func (p *page) head() float64 {
	p.ink(accent)
	p.face("B", 11)
	y := p.write(left, top, width, 11, "C", p.StateBody())
	p.rule(y+2, 0.7, accent)
	p.ink(ink)
	p.face("B", 15)
	y = p.write(left, y+10, width, 15, "C", p.Title())
	p.face("", 10.5)
	y = p.write(left, y+3, width, 10.5, "C", p.Heading())
	for i, mark := range p.Marks() {
		if i == 0 {
			y += 3
		}
		p.ink(alarm)
		p.face("B", 10)
		y = p.write(left, y+1, width, 10, "C", mark)
	}
	return y + 8
}

// facts writes the lines from y on, as large as they fit above the check.
func (p *page) facts(y float64) {
	size := largest
	for ; size > smallest && y+p.lines(y, size, false) > checkTop-4; size -= 0.5 {
	}
	p.lines(y, size, true)
}

// lines writes, or only measures, the facts at a size, and returns their height.
func (p *page) lines(from, size float64, draw bool) float64 {
	y, gap := from, size*0.16
	put := func(x, w float64, style string, c colour, s string) float64 {
		p.face(style, size)
		if !draw {
			return y + float64(len(p.broken(s, w)))*lineHeight(size)
		}
		p.ink(c)
		return p.write(x, y, w, size, "L", s)
	}
	for _, line := range p.Lines() {
		y += gap
		if line.wide {
			y = put(left, width, "", faint, line.Label) + gap/2
			y = put(left, width, "", ink, line.Value)
		} else {
			end := put(left, labelWidth-4, "", faint, line.Label)
			y = max(end, put(left+labelWidth, width-labelWidth, "B", ink, line.Value))
		}
		y += gap
		if draw {
			p.rule(y, 0.15, colour{200, 208, 214})
		}
	}
	return y - from
}

// check writes how the document is checked: code, address and QR code.
func (p *page) check() error {
	code, err := qrcode.New(p.CheckURL, qrcode.Medium)
	if err != nil {
		return fmt.Errorf("make the QR code: %w", err)
	}
	code.DisableBorder = true
	bitmap := code.Bitmap()
	module := qrSide / float64(len(bitmap))
	p.SetFillColor(0, 0, 0)
	for row, cells := range bitmap {
		for column := 0; column < len(cells); column++ {
			first := column
			for column < len(cells) && cells[column] {
				column++
			}
			if column > first {
				p.Rect(
					left+float64(first)*module,
					checkTop+float64(row)*module,
					float64(column-first)*module,
					module,
					"F",
				)
			}
		}
	}
	x, w := left+qrSide+8, width-qrSide-8
	p.ink(accent)
	p.face("B", 10)
	y := p.write(x, checkTop, w, 10, "L", p.in(checkTitle))
	p.ink(faint)
	p.face("", 8.5)
	y = p.write(x, y+2, w, 8.5, "L", p.in(checkCode))
	p.ink(ink)
	p.face("B", 10)
	y = p.write(x, y, w, 10, "L", p.CheckCode.Grouped())
	p.ink(faint)
	p.face("", 8.5)
	y = p.write(x, y+2, w, 8.5, "L", p.in(checkHow))
	p.ink(ink)
	p.face("", 8)
	p.write(x, y, w, 8, "L", p.CheckURL)
	p.LinkString(left, checkTop, qrSide, qrSide, p.CheckURL)
	return nil
}

// proof writes where the log has the document.
func (p *page) proof() {
	p.ink(faint)
	p.face("", 6)
	p.write(left, proofTop, width, 6, "L", p.ProofLine())
}

func (p *page) foot() {
	p.rule(footerTop-3, 0.3, accent)
	p.ink(faint)
	p.face("", 7.5)
	p.write(left, footerTop-1, width, 7.5, "C", p.in(footer))
}
