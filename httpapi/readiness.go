package httpapi

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"

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
	reasonOtherLog     = string(domain.CodeLogReplaced)
	reasonWentBack     = "model_went_back"
	reasonEvicts       = "redis_evicts_keys"
	reasonNoWrites     = "redis_refuses_writes"
	reasonNoProjector  = "no_projector"
	reasonStoreUnknown = string(domain.CodeLogUnavailable)
)

// diskReasons are the reasons of an event store that is read as ever and takes no appends. Others may be
// those of reads too, so that an append which was not acknowledged has the code of its own.
var diskReasons = map[string]bool{"disk_full": true, "disk_failed": true, "files_replaced": true}

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
	if s.waits != nil {
		why := s.waits()
		if !slices.ContainsFunc(body.Reasons, func(r reason) bool { return r.Code == string(why.Code) }) {
			body.Reasons = append(body.Reasons, reason{string(why.Code), why.Message})
		}
	}
	body.Reasons = append(body.Reasons, s.clockReasons()...)
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
			r := reasonOf(err, reasonNoAppend, "the last append of this process was not acknowledged")
			if !diskReasons[r.Code] {
				r.Code = reasonNoAppend
			}
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

// refusals say why Redis writes nothing, by the word with which it answers.
var refusals = map[string]string{
	"OOM": "Redis is full and refuses writes (OOM): give it more memory, or raise maxmemory",
	"READONLY": "Redis refuses writes (READONLY): it is a replica; name the node that leads with --redis, " +
		"or let this one take over",
	"MISCONF":    "Redis refuses writes (MISCONF), because it cannot save itself to disk: look at its log and its disk",
	"NOREPLICAS": "Redis refuses writes (NOREPLICAS), because too few replicas are connected: bring them back",
}

// withdrawn say why the model before is not used, by [projections.Status].Withdrawn.
var withdrawn = map[string]string{
	"log_replaced": ", because the one before was filled from another log, or this one was restored from before",
	"damaged":      ", because Redis lost keys of the one before",
}

// lostSentence says what the log lacks.
func lostSentence(c projections.Comparison) string {
	lost := fmt.Sprintf("what was answered goes beyond the end of the log, which is at position %d", c.Head)
	if !c.Lost.IsZero() {
		lost = fmt.Sprintf("the log does not have %s, which the read model was filled from", c.Lost)
	}
	if c.Replaced {
		return lost + ": this is another log, or it was restored from before; what was known of it is given up, " +
			"and the read model is filled anew"
	}
	return lost + ": this is another log, or it was restored from before, or a node of the event store is late; " +
		"the registry looks again and answers nothing until it is sure"
}

// modelReasons say why reads would not work now.
func modelReasons(c projections.Comparison) (reasons []reason) {
	if c.ModelErr != nil {
		return []reason{{reasonRedisAway, "Redis, which keeps the read model, does not answer"}}
	}
	switch {
	case c.Evicts != "":
		reasons = append(reasons, reason{reasonEvicts,
			"Redis throws keys of the read model away when memory is short: set its maxmemory-policy to noeviction; it is " +
				c.Evicts})
	case c.Refuses != "":
		reasons = append(reasons, reason{reasonNoWrites, refusals[c.Refuses]})
	}
	switch {
	case c.Ahead || c.Replaced:
		reasons = append(reasons, reason{reasonOtherLog, lostSentence(c)})
	case !c.Status.Ready() && c.Status.Building == 0:
		reasons = append(reasons, reason{reasonNotFilled, "there is no read model yet; it is filled from the log" +
			withdrawn[c.Status.Withdrawn]})
	case !c.Status.Ready():
		reasons = append(reasons, reason{reasonNotFilled,
			fmt.Sprintf("the read model is being filled from the log, up to position %d of %d so far%s",
				c.Status.Built, c.Status.Target, withdrawn[c.Status.Withdrawn])})
	case c.WentBack:
		reasons = append(reasons, reason{reasonWentBack,
			fmt.Sprintf("the read model has gone back to position %d: Redis was restored from before, or a replica took over "+
				"that was late; what it lacks is applied again", c.Status.Position)})
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
