package domain

// BIN is a business identification number (БСН/БИН): 12 ASCII digits with a valid
// control digit. It names a legal entity and is no personal value. The zero BIN is
// "none".
type BIN string

// ParseBIN checks the form and the control digit, which is computed as that of an IIN.
//
// Errors: [CodeBINFormat], [CodeBINControlDigit].
func ParseBIN(s string) (BIN, error) {
	if len(s) != 12 {
		return "", badBIN()
	}
	var digits [12]int
	for i := range 12 {
		if s[i] < '0' || s[i] > '9' {
			return "", badBIN()
		}
		digits[i] = int(s[i] - '0')
	}
	if !ofEntity(digits[4]) {
		return "", badBIN()
	}
	if control, ok := controlDigit(digits[:11]); !ok || control != digits[11] {
		return "", Refuse(Invalid, CodeBINControlDigit,
			"the control digit of the BIN is wrong: compare the number with the certificate of registration")
	}
	return BIN(s), nil
}

// ofEntity reports whether the fifth digit of a number is that of a BIN, the kind of entity:
// 4 resident, 5 non-resident, 6 entrepreneurs together. In an IIN it belongs to a day of birth
// and is at most 3.
func ofEntity(fifth int) bool { return 4 <= fifth && fifth <= 6 }

func badBIN() *Error {
	return Refuse(Invalid, CodeBINFormat,
		"a BIN has exactly 12 digits 0-9, and the fifth of them is 4, 5 or 6; an IIN is no BIN")
}
