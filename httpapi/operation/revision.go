package operation

import (
	"regexp"
	"strconv"

	"tizilim/domain"
)

// ETag writes a revision as the ETag of a record.
func ETag(revision uint64) string { return `"` + strconv.FormatUint(revision, 10) + `"` }

// Position writes a position of the log as the header Tizilim-Position.
func Position(p domain.Position) string { return strconv.FormatUint(uint64(p), 10) }

var strongETag = regexp.MustCompile(`^"(0|[1-9][0-9]{0,18})"$`)

// parseETag reads an If-Match header; nil where there is none. It takes an ETag
// only as this API writes it: a precondition that is half understood protects
// nothing.
func parseETag(header string) (*uint64, error) {
	if header == "" {
		return nil, nil
	}
	m := strongETag.FindStringSubmatch(header)
	if m == nil {
		return nil, badETag()
	}
	revision, err := strconv.ParseUint(m[1], 10, 63)
	if err != nil {
		return nil, badETag()
	}
	return &revision, nil
}

func badETag() *domain.Error {
	return domain.Refuse(domain.Invalid, domain.CodeMalformed,
		`If-Match takes one ETag as this API gave it, for example "3" with its quotes`).At("header.If-Match")
}
