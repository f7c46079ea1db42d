package domain_test

import (
	"strings"
	"testing"

	"tizilim/domain"
)

// issued are numbers whose control digit is right by the first weights, by the
// second, and with birth months that do not exist (which is no fault).
var issued = strings.Fields(`
	900101300017 050615600011 851231400011 900101300027 990106300596 840317000029
	061211600012 050615600205 851231400207 050615600217 851231400219 050615600229 851231400220
	999999000012 999999100019 999999000022 999999100029
	999999000303 999999000315 999999000327 999999000339 999999000340`)

// neverIssued are prefixes for which both passes give 10.
var neverIssued = strings.Fields(`85123140027 05061560028 90010130080 85123140108 99999900039 99999900381 99999910182`)

func TestR21_ParseIIN(t *testing.T) {
	for _, s := range issued {
		if iin, err := domain.ParseIIN(s); err != nil || string(iin) != s {
			t.Errorf("%s: %v", s, err)
		}
	}
	for _, s := range issued { // only one control digit is right
		for control := '0'; control <= '9'; control++ {
			other := s[:11] + string(control)
			if _, err := domain.ParseIIN(other); other != s && domain.CodeOf(err) != domain.CodeIINControlDigit {
				t.Errorf("%s: error %v, want %s", other, err, domain.CodeIINControlDigit)
			}
		}
	}
	for _, prefix := range neverIssued {
		for control := '0'; control <= '9'; control++ {
			if _, err := domain.ParseIIN(prefix + string(control)); domain.CodeOf(err) != domain.CodeIINControlDigit {
				t.Errorf("%s%c: error %v, want %s", prefix, control, err, domain.CodeIINControlDigit)
			}
		}
	}
	for s, code := range map[string]domain.Code{
		"123456789011":         domain.CodeIINControlDigit, // should end in 3
		"160440007161":         domain.CodeIINFormat,       // a BIN
		"000000000000":         domain.CodeIINZero,         // passes the control digit
		"":                     domain.CodeIINFormat,
		"90010130001":          domain.CodeIINFormat,
		"9001013000170":        domain.CodeIINFormat,
		" 900101300017":        domain.CodeIINFormat,
		"900101300017\n":       domain.CodeIINFormat,
		"90010130001 ":         domain.CodeIINFormat,
		"9001-1300017":         domain.CodeIINFormat,
		"90010130001O":         domain.CodeIINFormat,
		"+90010130001":         domain.CodeIINFormat,
		"９００１０１３０００１７":         domain.CodeIINFormat, // full-width digits
		"٩٠٠١٠١٣٠٠٠١٧":         domain.CodeIINFormat, // Arabic-Indic digits
		"٩٠٠١٠١":               domain.CodeIINFormat, // twelve bytes, six digits
		"90010130001\x00":      domain.CodeIINFormat,
		"90010130001\xff":      domain.CodeIINFormat,
		"900101300017; DROP--": domain.CodeIINFormat,
	} {
		if iin, err := domain.ParseIIN(s); domain.CodeOf(err) != code || iin != "" {
			t.Errorf("ParseIIN(%q) = %q, %v, want %s", s, string(iin), err, code)
		}
	}
}

func TestAnIINErrorNeverQuotesTheNumber(t *testing.T) {
	for _, s := range []string{"123456789011", "90010130001", "9001O1300017"} {
		_, err := domain.ParseIIN(s)
		if strings.Contains(err.Error(), s) {
			t.Errorf("the error shows the number: %v", err)
		}
	}
}

func TestPersonIDIsOnePerIINAndKey(t *testing.T) {
	key, other := domain.PersonIDKey("one key"), domain.PersonIDKey("another key")
	seen := map[domain.PersonID]string{}
	for _, s := range issued {
		id := key.PersonID(domain.IIN(s))
		if id != key.PersonID(domain.IIN(s)) {
			t.Errorf("%s has two ids", s)
		}
		if id == other.PersonID(domain.IIN(s)) {
			t.Errorf("the id of %s does not depend on the key", s)
		}
		if twin, taken := seen[id]; taken {
			t.Errorf("%s and %s are one person", s, twin)
		}
		seen[id] = s
		if id.Version() != 8 || id.Variant() != 1 { // RFC 9562, custom derivation
			t.Errorf("id %s: version %v, variant %v", id, id.Version(), id.Variant())
		}
		if strings.Contains(id.Stream(), s) {
			t.Errorf("stream name %s holds the IIN", id.Stream())
		}
	}
}

func FuzzParseIIN(f *testing.F) {
	for _, s := range issued {
		f.Add(s)
	}
	for _, s := range []string{"", "000000000000", "123456789011", "٩٠٠١٠١", "９００１０１３０００１７", "90010130001\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		iin, err := domain.ParseIIN(s)
		if err != nil {
			switch domain.CodeOf(err) {
			case domain.CodeIINFormat, domain.CodeIINZero, domain.CodeIINControlDigit:
			default:
				t.Fatalf("%q: error %v is not one that a client knows", s, err)
			}
			if iin != "" {
				t.Fatalf("%q is refused and yet an IIN", s)
			}
			return
		}
		if string(iin) != s || len(s) != 12 || strings.Trim(s, "0123456789") != "" {
			t.Fatalf("%q was taken for an IIN", s)
		}
	})
}
