package domain_test

import (
	"strings"
	"testing"

	"tizilim/domain"
)

func TestAKeyOfAnImportTellsNothingOfAPerson(t *testing.T) {
	for _, c := range []struct {
		key, kept string
		code      domain.Code
	}{
		{"list-7/12", "list-7/12", ""},
		{"  a   b ", "a b", ""},
		{"0201300098765432", "0201300098765432", ""}, // an RKA
		{"2f1c825e-b624-8752-a2f1-999999000012", "2f1c825e-b624-8752-a2f1-999999000012", ""}, // a UUID
		{"", "", domain.CodeRequired},
		{"999999000012", "", domain.CodeMalformed},
		{"person 999999 000012", "", domain.CodeMalformed},
		{"a\x00b", "", domain.CodeMalformed},
		{strings.Repeat("ә", 100), strings.Repeat("ә", 100), ""},
		{strings.Repeat("ә", 101), "", domain.CodeTooLong},
	} {
		kept, err := domain.ImportKey(c.key, "key")
		if kept != c.kept || domain.CodeOf(err) != c.code {
			t.Errorf("%q is kept as %q (%v), want %q and %q", c.key, kept, err, c.kept, c.code)
		}
	}
}
