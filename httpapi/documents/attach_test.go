package documents

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"tizilim/domain/certificates"
	"tizilim/domain/domaintest"
)

const attachment = `{"statement":"tizilim/document\n— %%EOF\n","proof":1}`

// attached is a page with an attachment.
func attached(t *testing.T) (page, file []byte) {
	t.Helper()
	page, err := PDF(one(certificates.Placement, "kk"))
	if err != nil {
		t.Fatal(err)
	}
	if file, err = Attach(page, []byte(attachment)); err != nil {
		t.Fatal(err)
	}
	return page, file
}

func TestAPageWithAProofGivesBothBack(t *testing.T) {
	for _, d := range all() {
		page, err := PDF(d)
		if err != nil {
			t.Fatal(err)
		}
		file, err := Attach(page, []byte(attachment))
		if err != nil {
			t.Fatal(err)
		}
		gotPage, gotText, err := Detach(file)
		if err != nil || !bytes.Equal(gotPage, page) || string(gotText) != attachment {
			t.Errorf("%s: %q, %v", name(d), gotText, err)
		}
		if _, _, err := Detach(page); !errors.Is(err, ErrNoAttachment) {
			t.Errorf("%s without a proof: %v", name(d), err)
		}
	}
}

func TestEveryByteOfTheAttachmentIsAccountedFor(t *testing.T) {
	page, file := attached(t)
	for i := len(page); i < len(file); i++ {
		changed := bytes.Clone(file)
		changed[i] ^= 0x10
		gotPage, text, err := Detach(changed)
		if err == nil && bytes.Equal(gotPage, page) && string(text) == attachment {
			t.Fatalf("byte %d of the update was changed, and nothing says so", i-len(page))
		}
	}
	for what, changed := range map[string][]byte{
		"more behind":     append(bytes.Clone(file), "more"...),
		"another update":  append(bytes.Clone(file), file[len(page):]...),
		"a cut file":      file[:len(file)-1],
		"no page":         file[len(page):],
		"two attachments": append(append(bytes.Clone(file), "%%EOF\n"...), file[len(page):]...),
	} {
		if _, _, err := Detach(changed); err == nil {
			t.Errorf("%s: taken", what)
		}
	}
}

// A reader of PDF finds the attachment through the last cross-reference table: each
// offset leads to its object, and the catalog names the file.
func TestAReaderOfPDFFindsTheAttachment(t *testing.T) {
	page, file := attached(t)
	at := lastNumber(t, file, `startxref\n(\d+)\n%%EOF\n$`)
	if at < len(page) || !bytes.HasPrefix(file[at:], []byte("xref\n")) {
		t.Fatalf("startxref leads to %q", file[at:at+20])
	}
	if before := lastNumber(t, file, `/Prev (\d+)\n>>\nstartxref\n\d+\n%%EOF\n$`); !bytes.HasPrefix(file[before:], []byte("xref\n")) {
		t.Errorf("/Prev leads to %q", file[before:before+20])
	}
	sections := regexp.MustCompile(`(\d+) (\d+)\n((?:\d{10} 00000 n \n)+)`).FindAllSubmatch(file[at:], -1)
	objects := map[int]int{}
	for _, s := range sections {
		first, _ := strconv.Atoi(string(s[1]))
		for i, line := range strings.Split(strings.TrimSuffix(string(s[3]), "\n"), "\n") {
			objects[first+i], _ = strconv.Atoi(strings.TrimLeft(line[:10], "0"))
		}
	}
	if len(objects) != 3 {
		t.Fatalf("the table has %d objects", len(objects))
	}
	root := lastNumber(t, file, `/Root (\d+) 0 R\n/Info \d+ 0 R\n/Prev`)
	for n, offset := range objects {
		if !bytes.HasPrefix(file[offset:], fmt.Appendf(nil, "%d 0 obj\n", n)) {
			t.Errorf("object %d is not at %d: %q", n, offset, file[offset:offset+20])
		}
	}
	catalog := string(file[objects[root] : objects[root]+300])
	named := regexp.MustCompile(`/EmbeddedFiles << /Names \[\(proof\.json\) (\d+) 0 R\]`).FindStringSubmatch(catalog)
	if named == nil || !strings.Contains(catalog, "/Pages 1 0 R") || !strings.Contains(catalog, "/Lang (kk)") {
		t.Fatalf("the catalog is %q", catalog)
	}
	spec, _ := strconv.Atoi(named[1])
	embedded := regexp.MustCompile(`/EF << /F (\d+) 0 R`).FindSubmatch(file[objects[spec]:])
	if embedded == nil {
		t.Fatal("the file specification names no file")
	}
	stream, _ := strconv.Atoi(string(embedded[1]))
	if !bytes.Contains(file[objects[stream]:objects[stream]+200+len(attachment)], []byte("stream\n"+attachment+"\nendstream")) {
		t.Error("the embedded file is not the attachment")
	}
}

func lastNumber(t *testing.T, file []byte, pattern string) int {
	t.Helper()
	m := regexp.MustCompile(pattern).FindSubmatch(file)
	if m == nil {
		t.Fatalf("the file has no %s", pattern)
	}
	n, err := strconv.Atoi(string(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// The line about the proof is whole in each language, in at most two lines above the foot.
func TestAPageSaysWhereItsProofIs(t *testing.T) {
	for _, l := range languages {
		d := one(certificates.Placement, l)
		if text := read(t, printed(t, d)); strings.Contains(text, squeezed(proofFollows.in(l))) {
			t.Errorf("%s: where nobody proves the log, the page speaks of a proof", l)
		}
		d.Proven = &certificates.Proven{}
		says(t, read(t, printed(t, d)), proofFollows.in(l))
		d.Proven = &certificates.Proven{
			Log: "tizilim.example.gov.kz", Number: 98_765_432, Size: 123_456_789,
			Root: strings.Repeat("W", 43) + "=", SignedAt: domaintest.Noon(),
		}
		content := printed(t, d)
		says(t, read(t, content), d.ProofLine(), "98765432", "123456789", d.Proven.Root, footer.in(l))
		if lines := proofLines(t, d); lines > 2 {
			t.Errorf("%s: the line takes %d lines of %s", l, lines, d.ProofLine())
		}
	}
}

// proofLines counts the lines in the type of the proof on a page, which nothing else has.
func proofLines(t *testing.T, d Document) int {
	t.Helper()
	lines := 0
	content := printed(t, d)
	for _, part := range regexp.MustCompile(`(?s)BT .*?ET`).FindAll(content, -1) {
		m := regexp.MustCompile(`^BT [\d.]+ ([\d.]+) Td`).FindSubmatch(part)
		if m == nil {
			continue
		}
		y, err := strconv.ParseFloat(string(m[1]), 64)
		if err != nil {
			t.Fatal(err)
		}
		if mm := 297 - y/72*25.4; mm > proofTop && mm < footerTop-3 {
			lines++
		}
	}
	if lines == 0 {
		t.Fatal("the page has no line about its proof")
	}
	return lines
}
