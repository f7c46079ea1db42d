package revocation

import (
	"time"

	"tizilim/domain"
)

// Events are the types of event that this package declares.
var Events = []domain.EventType{
	domain.EventOf[TokenRevoked](),
	domain.EventOf[AccountRevoked](),
}

// notFollowed is why an event is in no history.
const notFollowed = "it says what a process accepts as a proof of who sends a request, and nothing of the registers"

// TokenRevoked says that one token is not accepted any more.
type TokenRevoked struct {
	TokenID   string    `json:"token_id"` // its "jti"
	Reason    Reason    `json:"reason"`
	RevokedAt time.Time `json:"revoked_at"`
	Until     time.Time `json:"until"` // by then the token has expired
}

// AccountRevoked says that no token of an account is accepted that was issued at the
// instant or before. Tokens that are issued later are accepted.
type AccountRevoked struct {
	Account   string    `json:"account"` // or the person id of a citizen
	Reason    Reason    `json:"reason"`
	RevokedAt time.Time `json:"revoked_at"`
	Until     time.Time `json:"until"` // by then these tokens have expired
}

func (TokenRevoked) EventType() string   { return "TokenRevoked" }
func (AccountRevoked) EventType() string { return "AccountTokensRevoked" }

func (e TokenRevoked) EffectiveAt() time.Time   { return e.RevokedAt }
func (e AccountRevoked) EffectiveAt() time.Time { return e.RevokedAt }

func (TokenRevoked) Concerns() domain.Concern   { return domain.ConcernsNobody(notFollowed) }
func (AccountRevoked) Concerns() domain.Concern { return domain.ConcernsNobody(notFollowed) }

// Reason is why somebody revokes: one of a closed list.
type Reason string

const (
	Lost   Reason = "lost"   // the token was lost, or somebody else may have it
	Left   Reason = "left"   // the holder of the account left the office
	Misuse Reason = "misuse" // the account is misused
)

// Reasons lists them all.
var Reasons = []Reason{Lost, Left, Misuse}
