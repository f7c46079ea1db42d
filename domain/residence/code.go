package residence

import (
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
	"golang.org/x/text/unicode/norm"

	"tizilim/domain"
)

// CodeKind is a register that gives dwellings codes.
type CodeKind string

const (
	RKA             CodeKind = "rka"              // the address register
	CadastralNumber CodeKind = "cadastral_number" // the real-estate register
)

// DwellingCode is a code by which one dwelling is known (R30), in its written form: two
// codes are the same if they are equal.
type DwellingCode struct {
	Kind  CodeKind
	Value string
}

// mostDigitsOfRKA bounds a code of the address register. Those that are known have 16 digits;
// no act says that all have.
const mostDigitsOfRKA = 20

// ParseRKA returns the written form of a code of the address register: its digits
// without spaces. Error: [domain.CodeRKAFormat].
func ParseRKA(s string) (string, error) {
	s = withoutSpace(s)
	if s == "" || len(s) > mostDigitsOfRKA || strings.Trim(s, "0123456789") != "" {
		return "", domain.Refuse(domain.Invalid, domain.CodeRKAFormat,
			"an RKA has digits 0-9 alone, %d at most; spaces between them do not count", mostDigitsOfRKA).At(string(RKA))
	}
	return s, nil
}

// ParseCadastralNumber returns the written form of a number of the real-estate register:
// without spaces, letters in upper case, and one sign for all that look the same: nobody who
// types a number from paper knows which of them is printed there. Its form is not known beyond
// that. Errors are those of [domain.Line].
func ParseCadastralNumber(s string) (string, error) {
	line, err := domain.Line(s, string(CadastralNumber))
	if err != nil {
		return "", err
	}
	return oneSignForEachPicture(strings.ToUpper(withoutSpace(norm.NFKC.String(line)))), nil
}

// latinAsCyrillic has the capital letters of the Latin alphabet that look as Cyrillic ones do.
var latinAsCyrillic = map[rune]rune{
	'A': 'А', 'B': 'В', 'C': 'С', 'E': 'Е', 'H': 'Н', 'I': 'І', 'K': 'К', 'M': 'М', 'O': 'О', 'P': 'Р', 'T': 'Т',
	'X': 'Х', 'Y': 'У',
}

// minus is the sign of arithmetic, which looks as a dash does.
const minus = '\u2212'

func oneSignForEachPicture(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Pd, r) || r == minus {
			return '-'
		}
		if cyrillic, ok := latinAsCyrillic[r]; ok {
			return cyrillic
		}
		return r
	}, s)
}

func withoutSpace(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}

// addressSpace is the namespace of the streams of codes.
var addressSpace = uuid.MustParse("5f2d5d0c-3f0a-4a57-8d5e-0b7c6d2f9a31")

// Stream of the claims to the code. Its revision protects who may take the code.
func (c DwellingCode) Stream() string {
	return "address-" + domain.DeriveID(addressSpace, string(c.Kind)+" "+c.Value).String()
}

// DwellingCodeClaimed says that from now on no other dwelling may take the code. Whether
// the dwelling takes it, its own stream says. A claim is of one command: the id of the
// command is that of the claim.
type DwellingCodeClaimed struct {
	Kind       CodeKind          `json:"kind"`
	Code       string            `json:"code"`
	DwellingID domain.DwellingID `json:"dwelling_id"`
	ClaimID    domain.CommandID  `json:"claim_id"`
	Voided     domain.CommandID  `json:"voided,omitzero"` // the claim before, which is void
	ClaimedAt  time.Time         `json:"claimed_at"`
}

// DwellingCodeClaimVoided says in the stream of the dwelling that it does not take the code
// by this claim any more: another dwelling may have it.
type DwellingCodeClaimVoided struct {
	DwellingID domain.DwellingID `json:"dwelling_id"`
	Kind       CodeKind          `json:"kind"`
	Code       string            `json:"code"`
	ClaimID    domain.CommandID  `json:"claim_id"`
	VoidedAt   time.Time         `json:"voided_at"`
}

func (DwellingCodeClaimed) EventType() string     { return "DwellingCodeClaimed" }
func (DwellingCodeClaimVoided) EventType() string { return "DwellingCodeClaimVoided" }

func (e DwellingCodeClaimed) EffectiveAt() time.Time     { return e.ClaimedAt }
func (e DwellingCodeClaimVoided) EffectiveAt() time.Time { return e.VoidedAt }

func (DwellingCodeClaimed) Concerns() domain.Concern {
	return domain.ConcernsNobody("it keeps a code for a dwelling, whose own stream says whether it took the code")
}

func (e DwellingCodeClaimVoided) Concerns() domain.Concern { return atDwelling(e.DwellingID) }

// CodeClaim is the state of an address- stream: the last claim to the code. The zero
// CodeClaim is of a code that nobody has claimed.
type CodeClaim struct {
	Code       DwellingCode
	DwellingID domain.DwellingID
	ID         domain.CommandID
	At         time.Time
	Claimants  []domain.DwellingID // for whom it was ever claimed, in the order of the stream, each once
}

// Clone returns a copy that later events do not change.
func (c *CodeClaim) Clone() CodeClaim { return *c }

// Apply folds the next event of the stream into c.
func (c *CodeClaim) Apply(rec domain.Recorded) {
	if e, ok := rec.Event.(DwellingCodeClaimed); ok {
		claimants := c.Claimants
		if !slices.Contains(claimants, e.DwellingID) {
			claimants = append(slices.Clip(claimants), e.DwellingID)
		}
		*c = CodeClaim{DwellingCode{e.Kind, e.Code}, e.DwellingID, e.ClaimID, e.ClaimedAt, claimants}
	}
}

// ClaimCode is the command that claims a code for a dwelling.
type ClaimCode struct {
	Code       DwellingCode
	DwellingID domain.DwellingID
	ID         domain.CommandID // of the command that is to take the code, and of the claim
	Voided     domain.CommandID // the claim that the caller found and that is void; zero where there was none
}

// Claim decides [ClaimCode]. It refuses where there is a claim that the caller has not
// found void, with [domain.CodeLostRace]: look again.
func (c *CodeClaim) Claim(cmd domain.Command, claim ClaimCode) ([]domain.Event, error) {
	if c.ID != claim.Voided {
		return nil, domain.Refuse(domain.Conflict, domain.CodeLostRace,
			"another dwelling takes the same code at this moment; send the request again")
	}
	return []domain.Event{DwellingCodeClaimed{
		Kind: claim.Code.Kind, Code: claim.Code.Value, DwellingID: claim.DwellingID, ClaimID: claim.ID,
		Voided: claim.Voided, ClaimedAt: cmd.Now,
	}}, nil
}

// Has reports whether the dwelling is known by the code, which no other dwelling may take then.
func (d *Dwelling) Has(code DwellingCode) bool {
	return d.Known() && d.gone.Followed == 0 && slices.Contains(d.Codes(), code)
}

// Identity is by what a dwelling is known, and in which territory it is. What is not known
// is empty.
type Identity struct {
	RKA             string `json:"rka,omitempty"`
	CadastralNumber string `json:"cadastral_number,omitempty"`
	KATO            string `json:"kato,omitempty"`
}

// Written returns the identity with its codes in their written form. A dwelling is identified
// by its RKA or its cadastral number (R7), so there is at least one.
func (i Identity) Written() (Identity, error) {
	if i.RKA == "" && i.CadastralNumber == "" {
		return i, domain.Refuse(domain.Invalid, domain.CodeRequired,
			"a dwelling is identified by rka or cadastral_number: give at least one").At("rka")
	}
	return i.WrittenPart()
}

// WrittenPart is Written of a part of an identity.
func (i Identity) WrittenPart() (Identity, error) {
	var err error
	if i.RKA != "" {
		if i.RKA, err = ParseRKA(i.RKA); err != nil {
			return i, err
		}
	}
	if i.CadastralNumber != "" {
		if i.CadastralNumber, err = ParseCadastralNumber(i.CadastralNumber); err != nil {
			return i, err
		}
	}
	if i.KATO != "" {
		var refused *domain.Error
		if _, err := domain.ParseKATO(i.KATO); errors.As(err, &refused) {
			return i, refused.At("kato")
		}
	}
	return i, nil
}

// Codes are the codes of the identity, in the order in which they are claimed: the same
// for all dwellings, so that two commands do not take turns in voiding each other's claims.
func (i Identity) Codes() []DwellingCode {
	var codes []DwellingCode
	if i.RKA != "" {
		codes = append(codes, DwellingCode{RKA, i.RKA})
	}
	if i.CadastralNumber != "" {
		codes = append(codes, DwellingCode{CadastralNumber, i.CadastralNumber})
	}
	return codes
}

// VoidClaim decides, in the stream of the dwelling that has a claim, that the claim is void,
// unless the dwelling has the code: then the code is taken ([CodeTaken]). As the stream has
// one order, a claim is either carried out or void, and never both.
func (d *Dwelling) VoidClaim(cmd domain.Command, claim CodeClaim) ([]domain.Event, error) {
	if d.Has(claim.Code) {
		return nil, CodeTaken(claim.Code, claim.DwellingID)
	}
	return []domain.Event{DwellingCodeClaimVoided{
		DwellingID: claim.DwellingID, Kind: claim.Code.Kind, Code: claim.Code.Value, ClaimID: claim.ID, VoidedAt: cmd.Now,
	}}, nil
}

// CodeTaken is the refusal of a code by which another dwelling is known.
func CodeTaken(code DwellingCode, by domain.DwellingID) *domain.Error {
	return domain.Refuse(domain.Conflict, domain.CodeDwellingRecorded,
		"the dwelling %s has this code: use that one, or correct the code", by).At(string(code.Kind))
}

// Voided reports whether the dwelling takes no code any more by the claim.
func (d *Dwelling) Voided(claim domain.CommandID) bool { return slices.Contains(d.voided, claim) }

// claimsStand refuses a command whose claims to codes have become void.
func (d *Dwelling) claimsStand(cmd domain.Command) error {
	if d.Voided(cmd.ID) {
		return domain.Refuse(domain.Conflict, domain.CodeClaimVoid,
			"this request did not end in time, and another one took its code: find out whether the dwelling is "+
				"recorded, and if it is not, send the request with a new Idempotency-Key")
	}
	return nil
}
