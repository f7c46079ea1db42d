package documents

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"github.com/go-fonts/dejavu/dejavusans"
	"github.com/go-fonts/dejavu/dejavusansbold"

	"tizilim/domain"
	"tizilim/domain/housing"
)

// PublicList is the public part of a list (Q21), or a part of it, for print. It names nobody.
type PublicList struct {
	Language   domain.Language
	Body       string // that gives the dwellings
	Keeper     string // the commission that keeps the list; "" where it is the body
	Settlement string
	Title      string
	At         time.Time // when the list was so
	Of         int       // families that wait
	Trial      bool      // of a registry for trying

	Waiting  []housing.PublicLine
	Provided []housing.PublicProvision // the last ones, the latest first
}

// PublicGround says in the language why anybody stands on a list.
func PublicGround(l domain.Language) string { return publicGround.in(l) }

// Of the pages of a public list, in millimetres and points.
const (
	listBottom = 272.0 // the rows end above it
	listFoot   = 279.0
	rowSize    = 9.5
	rowHeight  = 5.4
)

// PrintPublicList writes the list as pages of A4. The same list gives the same bytes.
func PrintPublicList(w io.Writer, list PublicList) error { return printPublicList(w, list, true) }

func printPublicList(w io.Writer, list PublicList, compress bool) error {
	p := &listPages{Fpdf: fpdf.New("P", "mm", "A4", ""), PublicList: list}
	p.SetCompression(compress)
	p.SetCatalogSort(true)
	p.SetCreationDate(list.At)
	p.SetModificationDate(list.At)
	p.SetTitle(p.in(publicTitle)+": "+list.Title, true)
	p.SetLang(string(list.Language))
	p.SetProducer("Tizilim", true)
	p.AddUTF8FontFromBytes(font, "", dejavusans.TTF)
	p.AddUTF8FontFromBytes(font, "B", dejavusansbold.TTF)
	p.SetAutoPageBreak(false, 0)
	p.SetMargins(left, top, 210-right)
	p.SetCellMargin(0)
	p.AliasNbPages(allPages)
	p.SetFooterFunc(p.foot)
	p.AddPage()
	p.head()
	p.waiting()
	p.provided()
	if err := p.Output(w); err != nil {
		return fmt.Errorf("write the public list: %w", err)
	}
	return nil
}

// allPages stands for the number of pages until it is known.
const allPages = "{pages}"

type listPages struct {
	*fpdf.Fpdf
	PublicList
	y float64 // where the next line begins
}

func (p *listPages) in(t text) string { return t.in(p.Language) }

// write sets a text in lines of at most w from x on, and goes below it.
func (p *listPages) write(x, w, size float64, style, align string, c colour, s string) {
	p.SetTextColor(c.r, c.g, c.b)
	p.SetFont(font, style, size)
	for _, line := range p.SplitText(setText(s), w) {
		p.SetXY(x, p.y)
		p.CellFormat(w, lineHeight(size), line, "", 0, align+"M", false, 0, "")
		p.y += lineHeight(size)
	}
}

// head writes whose list it is, of which day, and what the columns mean.
func (p *listPages) head() {
	p.y = top
	p.write(left, width, 11, "B", "C", accent, p.Body)
	if p.Keeper != "" && p.Keeper != p.Body {
		p.write(left, width, 9, "", "C", faint, p.Keeper)
	}
	p.y += 5
	p.write(left, width, 14, "B", "C", ink, p.in(publicTitle))
	p.write(left, width, 10.5, "", "C", ink, p.Title+", "+p.Settlement)
	p.y += 2
	if p.Trial {
		p.write(left, width, 10, "B", "C", alarm, p.in(markTrial))
	}
	p.write(left, width, 10, "", "C", ink, fmt.Sprintf(p.in(publicOn), instant(p.At, p.Language)))
	p.write(left, width, 10, "", "C", ink, fmt.Sprintf(p.in(publicLength), p.Of)+p.part())
	p.y += 4
	for _, line := range []text{publicGround, publicNumber, publicDay, publicNames} {
		p.write(left, width, 8.5, "", "L", faint, p.in(line))
	}
	p.y += 4
}

// part says which lines these are, where they are not all.
func (p *listPages) part() string {
	n := len(p.Waiting)
	if n == p.Of || n == 0 {
		return ""
	}
	return "; " + fmt.Sprintf(p.in(publicPart), p.Waiting[0].Number, p.Waiting[n-1].Number)
}

func (p *listPages) waiting() {
	columns := []listColumn{{columnNumber, 35}, {columnPersons, 55}, {columnPlaced, width - 90}}
	rows := make([][]string, len(p.Waiting))
	for i, l := range p.Waiting {
		rows[i] = []string{strconv.Itoa(l.Number), strconv.Itoa(l.Persons), day(l.PlacedOn, p.Language)}
	}
	p.table(publicWaiting, publicNobodyWaits, columns, rows)
}

func (p *listPages) provided() {
	columns := []listColumn{{columnPersons, 30}, {columnPlaced, 55}, {columnArea, 30}, {columnProvided, width - 115}}
	rows := make([][]string, len(p.Provided))
	for i, l := range p.Provided {
		rows[i] = []string{
			strconv.Itoa(l.Persons), day(l.PlacedOn, p.Language), strconv.Itoa(l.Area),
			day(domain.DateOf(l.ProvidedAt), p.Language),
		}
	}
	p.y += 6
	p.table(publicProvided, publicNothingGiven, columns, rows)
}

// listColumn is a column of a table: its title and its width.
type listColumn struct {
	title text
	width float64
}

// table writes rows under their titles, which stand on each page; none, where there is no row.
func (p *listPages) table(title, none text, columns []listColumn, rows [][]string) {
	p.room(4 * rowHeight)
	p.write(left, width, 11, "B", "L", accent, p.in(title))
	p.y += 1
	if len(rows) == 0 {
		p.write(left, width, rowSize, "", "L", ink, p.in(none))
		return
	}
	p.titles(columns)
	for _, row := range rows {
		if p.room(rowHeight) {
			p.titles(columns)
		}
		p.row(columns, row, "", ink)
	}
}

func (p *listPages) titles(columns []listColumn) {
	cells := make([]string, len(columns))
	for i, c := range columns {
		cells[i] = p.in(c.title)
	}
	p.row(columns, cells, "B", faint)
}

func (p *listPages) row(columns []listColumn, cells []string, style string, c colour) {
	p.SetTextColor(c.r, c.g, c.b)
	p.SetFont(font, style, rowSize)
	x := left
	for i, column := range columns {
		p.SetXY(x, p.y)
		p.CellFormat(column.width, rowHeight, cells[i], "", 0, "LM", false, 0, "")
		x += column.width
	}
	p.y += rowHeight
	p.SetDrawColor(200, 208, 214)
	p.SetLineWidth(0.15)
	p.Line(left, p.y, right, p.y)
}

// room begins a page where the height does not fit on this one, and reports whether it did.
func (p *listPages) room(height float64) bool {
	if p.y+height <= listBottom {
		return false
	}
	p.AddPage()
	p.y = top
	return true
}

// foot writes at the end of each page which list it is of, and the number of the page.
func (p *listPages) foot() {
	p.y = listFoot
	p.SetDrawColor(accent.r, accent.g, accent.b)
	p.SetLineWidth(0.3)
	p.Line(left, listFoot-1, right, listFoot-1)
	number := fmt.Sprintf(p.in(pageOf), p.PageNo(), allPages)
	p.write(left, width, 7.5, "", "L", faint, number+" · "+instant(p.At, p.Language))
	p.write(left, width, 7.5, "", "L", faint, p.in(footer))
}
