package httpapi

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"tizilim/domain"
)

// Trial moves the clock of a registry in which somebody tries how terms pass.
type Trial interface {
	// Forward moves the clock forward and returns what it shows then. It returns an error where the
	// new time could not be kept; the clock then stands as before.
	Forward(by time.Duration) (time.Time, error)
}

// trialHeader is in every answer of a registry with a trial clock.
const trialHeader = "Tizilim-Trial-Clock"

// showTrial says in every answer that the clock is moved, and what it shows.
func (s *Server) showTrial(ctx *gin.Context) {
	if s.trial != nil {
		ctx.Header(trialHeader, s.now().In(domain.Zone).Format(time.RFC3339))
	}
}

// mostForward bounds a step of the clock.
const mostForward = 10 * 366 * 24 * time.Hour

// trialOps adds to the operations listener how the clock is moved, where it is one for trying.
func (s *Server) trialOps(ops http.Handler) http.Handler {
	if s.trial == nil {
		return ops
	}
	mux := http.NewServeMux()
	mux.Handle("/", ops)
	mux.HandleFunc("POST /trial-clock", func(w http.ResponseWriter, r *http.Request) {
		var move struct {
			Seconds float64 `json:"forward_seconds"`
		}
		err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<10)).Decode(&move)
		if err != nil || move.Seconds < 0 || move.Seconds > mostForward.Seconds() {
			http.Error(w, `say by how many seconds the clock goes forward, ten years at most: {"forward_seconds": 86400}`,
				http.StatusUnprocessableEntity)
			return
		}
		now, err := s.trial.Forward(time.Duration(move.Seconds * float64(time.Second)))
		if err != nil {
			s.log.Error("the trial clock was not moved", "error", err)
			http.Error(w, "the trial clock was not moved: "+err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"now": now.In(domain.Zone).Format(time.RFC3339)})
	})
	return mux
}
