package domain_test

import (
	"strings"
	"testing"

	"tizilim/domain"
)

func TestTheNameOfAnAccountHasAFormInWhichNoIINFits(t *testing.T) {
	for _, name := range []string{
		"a", "desk-7", "staff.desk_7", strings.Repeat("x", 64), "12345678901",
		"550e8400-e29b-41d4-a716-446655440000", "staff.550e8400-e29b-41d4-a716-446655440000",
	} {
		if err := domain.CheckAccount(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{
		"", strings.Repeat("x", 65), "desk 7", "desk\n", "үстел", "desk/7", "a@b", "999999000012", "desk-999999000012",
		"9999990000123", "550e8400-e29b-41d4-a716-446655440000-999999000012", "999999000012-550e8400-e29b-41d4-a716",
	} {
		err := domain.CheckAccount(name)
		if domain.CodeOf(err) != domain.CodeAccountFormat {
			t.Errorf("%q: %v", name, err)
		} else if name != "" && strings.Contains(err.Error(), name) {
			t.Errorf("the refusal repeats the name: %v", err)
		}
	}
}
