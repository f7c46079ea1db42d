package httpapi

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"

	"github.com/gin-gonic/gin"

	"tizilim/domain"
	"tizilim/httpapi/problem"
	"tizilim/projections"
)

// readiness is what /readyz tells operators.
type readiness struct {
	Ready            bool           `json:"ready"`                        // a command and a read would work now
	EventStore       string         `json:"event_store"`                  // "answers" or "does not answer"
	EventStoreReason *reason        `json:"event_store_reason,omitempty"` // why commands would not work
	ReadModel        modelReadiness `json:"read_model"`
	Reasons          []reason       `json:"reasons"` // all that keeps the registry from being ready
}

// reason says why a part of the registry does not work: a stable code, and a
// sentence for operators.
type reason struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// Codes of reasons. An event store that does not answer has those of its
// [storeTrouble], or the code of the refusal that clients get.
const (
	reasonNoAppend     = "no_append"
	reasonRedisAway    = "redis_does_not_answer"
	reasonNotFilled    = "model_not_filled"
	reasonStandsStill  = "model_stands_still"
	reasonOtherLog     = "model_ahead_of_log"
	reasonNoProjector  = "no_projector"
	reasonStoreUnknown = string(domain.CodeLogUnavailable)
)

// modelReadiness is [projections.Comparison] as operators read it; its members
// mean what they mean there.
type modelReadiness struct {
	Answers     bool            `json:"answers"`
	Serving     uint64          `json:"serving"` // generation; 0: none, and reads say so
	Position    domain.Position `json:"position"`
	Head        domain.Position `json:"head,omitempty"` // of the log; left out while the event store names none
	CaughtUp    bool            `json:"caught_up"`      // the position has reached that head
	LagSeconds  float64         `json:"lag_seconds"`    // for how long the log has held what the model lacks
	Building    uint64          `json:"building,omitempty"`
	Built       domain.Position `json:"built,omitempty"`
	Target      domain.Position `json:"target,omitempty"`
	Projector   bool            `json:"projector"` // one is active
	Quarantined int             `json:"quarantined"`
}

// storeTrouble is an error of the event store that knows its reason. Its text is
// a sentence for operators.
type storeTrouble interface {
	error
	EventStoreReason() string
}

// appendWitness is a [Log] that remembers how the appends of this process went.
type appendWitness interface {
	// AppendFailure returns why the last append was not acknowledged, while that
	// is recent and none has succeeded since; otherwise nil.
	AppendFailure() error
}

// ready answers 200 only when a command and a read would work now. A model that is
// behind and advances is ready: a read that needs more waits for it.
func (s *Server) ready(ctx *gin.Context) {
	body := s.readiness(s.watch.Look(ctx))
	code := http.StatusOK
	if !body.Ready {
		code = http.StatusServiceUnavailable
		ctx.Header("Retry-After", problem.RetryAfter)
	}
	ctx.JSON(code, body)
}

func (s *Server) readiness(c projections.Comparison) readiness {
	body := readiness{
		EventStore: "answers",
		ReadModel: modelReadiness{
			Answers: c.ModelErr == nil, Serving: c.Status.Serving, Position: c.Status.Position, Head: c.Head,
			CaughtUp: c.CaughtUp(), LagSeconds: c.Lag.Seconds(), Building: c.Status.Building, Built: c.Status.Built,
			Target:    c.Status.Target,
			Projector: c.Status.Projector, Quarantined: c.Status.Quarantined,
		},
		Reasons: []reason{},
	}
	if c.HeadErr != nil {
		body.EventStore = "does not answer"
	}
	if body.EventStoreReason = s.storeReason(c); body.EventStoreReason != nil {
		body.Reasons = append(body.Reasons, *body.EventStoreReason)
	}
	body.Reasons = append(body.Reasons, modelReasons(c)...)
	body.Reasons = append(body.Reasons, s.logReasons()...)
	body.Ready = len(body.Reasons) == 0
	return body
}

// storeReason says why commands would not work now; nil where they would.
func (s *Server) storeReason(c projections.Comparison) *reason {
	if c.HeadErr != nil {
		return reasonOf(c.HeadErr, reasonStoreUnknown, "the event store does not answer")
	}
	if witness, ok := s.events.(appendWitness); ok {
		if err := witness.AppendFailure(); err != nil {
			r := reasonOf(err, "", "the last append of this process was not acknowledged")
			r.Code = reasonNoAppend
			return r
		}
	}
	return nil
}

// reasonOf is the reason that the error knows, or else the code and the detail. The
// texts of other errors go to the log only, since anybody may reach /readyz.
func reasonOf(err error, code, detail string) *reason {
	var known storeTrouble
	if errors.As(err, &known) {
		code, detail = known.EventStoreReason(), secrets.ReplaceAllString(known.Error(), "//")
	}
	return &reason{code, detail}
}

// secrets are user and password in an address.
var secrets = regexp.MustCompile(`//[^\s/]*@`)

// modelReasons say why reads would not work now.
func modelReasons(c projections.Comparison) (reasons []reason) {
	if c.ModelErr != nil {
		return []reason{{reasonRedisAway, "Redis, which keeps the read model, does not answer"}}
	}
	switch {
	case !c.Status.Ready() && c.Status.Building == 0:
		reasons = append(reasons, reason{reasonNotFilled, "there is no read model yet; it is filled from the log"})
	case !c.Status.Ready():
		reasons = append(reasons, reason{reasonNotFilled,
			fmt.Sprintf("the read model is being filled from the log, up to position %d of %d so far",
				c.Status.Built, c.Status.Target)})
	case c.Ahead:
		reasons = append(reasons, reason{reasonOtherLog,
			fmt.Sprintf(
				"the read model has an event at position %d and the log ends at %d: it was filled from another log, "+
					"or this one was restored from before; tizilim rebuild fills it anew",
				c.Status.Event,
				c.Head,
			)})
	case c.Still:
		reasons = append(reasons, reason{reasonStandsStill,
			fmt.Sprintf(
				"the read model stands still at position %d while the log is at %d",
				c.Status.Position,
				c.Head,
			)})
	}
	if !c.Status.Projector {
		reasons = append(reasons, reason{reasonNoProjector, "no process keeps the read model up with the log"})
	}
	return reasons
}
