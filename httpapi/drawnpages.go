package httpapi

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	lru "github.com/hashicorp/golang-lru/v2"

	pages "tizilim/httpapi/documents"
)

// maxDrawn bounds the drawn pages in memory: some 50 KB each.
const maxDrawn = 128

// drawnPages are pages that were drawn lately. A page is a pure function of what it shows, so
// a page that shows the same is the same bytes.
type drawnPages struct {
	drawn *lru.Cache[[sha256.Size]byte, drawnPage]
}

// drawnPage is a page as PDF.
type drawnPage struct {
	content []byte
	tag     string // its ETag
}

func newDrawnPages() drawnPages {
	drawn, err := lru.New[[sha256.Size]byte, drawnPage](maxDrawn)
	if err != nil {
		panic(err) // the size is not positive
	}
	return drawnPages{drawn}
}

// of returns the page, and draws it where it was not drawn lately. finish makes the file
// of the drawn page. It depends on nothing but the page.
func (p drawnPages) of(page pages.Document, finish func(drawn []byte) ([]byte, error)) (drawnPage, error) {
	shown, err := json.Marshal(page)
	if err != nil {
		return drawnPage{}, err
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
		return drawnPage{}, err
	}
	sum := sha256.Sum256(content)
	drawn := drawnPage{content, `"` + hex.EncodeToString(sum[:16]) + `"`}
	p.drawn.Add(key, drawn)
	return drawn, nil
}
