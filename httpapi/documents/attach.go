package documents

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
)

// A proof is attached to a page by an incremental update (ISO 32000-1, 7.5.6): the file
// of the page, byte for byte, and behind it the attachment. So a signature over the page
// can be in the attachment, and whoever has the file has the signed page too. An update
// is a function of page and attachment. Its form must not change: files live for years.

// Attach returns the page with the text as an attachment. page is what [PDF] returns.
// text is JSON in one line.
func Attach(page, text []byte) ([]byte, error) {
	end := page[max(0, bytes.LastIndex(page, []byte("/Type /Catalog"))-len("0000 0 obj\n<<\n")):]
	trailer, catalog := endOf.FindSubmatch(end), catalogOf.FindSubmatchIndex(end)
	if trailer == nil || catalog == nil {
		return nil, errors.New("attach a proof: the file is no page of this registry")
	}
	objects, err := strconv.Atoi(string(trailer[1]))
	if err != nil {
		return nil, fmt.Errorf("attach a proof: %w", err)
	}
	file, named := objects, objects+1 // the first numbers that are free
	var out bytes.Buffer
	out.Grow(len(page) + len(text) + 2048)
	out.Write(page)
	begin := func(object int) (offset int) {
		offset = out.Len()
		fmt.Fprintf(&out, "%d 0 obj\n", object)
		return offset
	}
	fileAt := begin(file)
	fmt.Fprintf(&out, fileForm, len(text), len(text))
	out.Write(text)
	out.WriteString("\nendstream\nendobj\n")
	namedAt := begin(named)
	fmt.Fprintf(&out, "<< /Type /Filespec /F (%[1]s) /UF (%[1]s) /AFRelationship /Supplement /EF << /F %[2]d 0 R >> >>\nendobj\n",
		AttachmentName, file)
	catalogAt := out.Len()
	out.Write(end[catalog[2]:catalog[3]]) // all of it but the names, of which it has none
	fmt.Fprintf(&out, "/Names << /EmbeddedFiles << /Names [(%[1]s) %[2]d 0 R] >> >>\n/AF [%[2]d 0 R]\n>>\nendobj\n",
		AttachmentName, named)
	xref := out.Len()
	const entry = "%010d 00000 n \n"
	fmt.Fprintf(&out, "xref\n%s 1\n"+entry+"%d 2\n"+entry+entry, trailer[2], catalogAt, file, fileAt, namedAt)
	fmt.Fprintf(&out, "trailer\n<<\n/Size %d\n/Root %s 0 R\n/Info %s 0 R\n/Prev %s\n>>\nstartxref\n%d\n%s",
		objects+2, trailer[2], trailer[3], trailer[4], xref, endMark)
	return out.Bytes(), nil
}

// AttachmentName is the name of the attached file.
const AttachmentName = "proof.json"

const (
	endMark  = "%%EOF\n"
	fileForm = "<< /Type /EmbeddedFile /Subtype /application#2Fjson /Length %d /Params << /Size %d >> >>\nstream\n"
)

var (
	endOf = regexp.MustCompile(
		`trailer\n<<\n/Size (\d+)\n/Root (\d+) 0 R\n/Info (\d+) 0 R\n>>\nstartxref\n(\d+)\n%%EOF\n$`)
	catalogOf = regexp.MustCompile(
		`(?s)(\d+ 0 obj\n<<\n/Type /Catalog\n[^>]*)/Names <<\n/EmbeddedFiles << /Names \[\s*\] >>\n>>\n>>\nendobj\n`)
	fileOf = regexp.MustCompile(`^\d+ 0 obj\n<< /Type /EmbeddedFile [^>]*/Length (\d+) [^>]*>> >>\nstream\n`)
)

// ErrNoAttachment says that a file has no proof.
var ErrNoAttachment = errors.New("the file has no proof: it was made before a signed head of the log covered " +
	"its event, or not by this registry; ask the registry for the document again")

// Detach returns the page and the attachment of a file that [Attach] has made. Every
// byte of the file is accounted for: what was changed or added elsewhere is an error.
func Detach(file []byte) (page, text []byte, err error) {
	body, ok := bytes.CutSuffix(file, []byte(endMark))
	end := bytes.LastIndex(body, []byte(endMark))
	if !ok || end < 0 {
		return nil, nil, ErrNoAttachment
	}
	page = file[:end+len(endMark)]
	update := file[len(page):]
	begin := fileOf.FindSubmatchIndex(update)
	if begin == nil {
		return nil, nil, ErrNoAttachment
	}
	length, err := strconv.Atoi(string(update[begin[2]:begin[3]]))
	if err != nil || length > len(update)-begin[1] {
		return nil, nil, errChanged
	}
	text = update[begin[1] : begin[1]+length]
	if made, err := Attach(page, text); err != nil || !bytes.Equal(made, file) {
		return nil, nil, errChanged
	}
	return page, text, nil
}

var errChanged = errors.New("the file was changed: it is not a page of the registry with its proof and nothing else")
