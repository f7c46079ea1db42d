package httpapi

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	lru "github.com/hashicorp/golang-lru/v2"

	pages "tizilim/httpapi/documents"
)

// maxPapers bounds the drawn pages in memory: some 50 KB each.
const maxPapers = 128

// papers are pages that were drawn lately. A page is a pure function of what it shows, so
// a page that shows the same is the same bytes.
type papers struct {
	drawn *lru.Cache[[sha256.Size]byte, paper]
}

// paper is a page as PDF.
type paper struct {
	content []byte
	tag     string // its ETag
}

func newPapers() papers {
	drawn, err := lru.New[[sha256.Size]byte, paper](maxPapers)
	if err != nil {
		panic(err) // the size is not positive
	}
	return papers{drawn}
}

// of returns the page, and draws it where it was not drawn lately. finish makes the file
// of the drawn page. It depends on nothing but the page.
func (p papers) of(page pages.Document, finish func(drawn []byte) ([]byte, error)) (paper, error) {
	shown, err := json.Marshal(page)
	if err != nil {
		return paper{}, err
	}
	key := sha256.Sum256(shown)
	if known, ok := p.drawn.Get(key); ok {
		return known, nil
	}
	content, err := pages.PDF(page)
	if err == nil {
		content, err = finish(content)
	}
	if err != nil {
		return paper{}, err
	}
	sum := sha256.Sum256(content)
	drawn := paper{content, `"` + hex.EncodeToString(sum[:16]) + `"`}
	p.drawn.Add(key, drawn)
	return drawn, nil
}
