package httpapi

import (
	"net/http"
	"sync"

	"github.com/gin-gonic/gin"
	"golang.org/x/sync/semaphore"

	"tizilim/domain"
	"tizilim/httpapi/problem"
)

const (
	// largeAnswer is from how many bytes on an answer counts as large. Smaller ones fit into
	// what a connection takes at once.
	largeAnswer = 16 << 10
	// maxAnswering bounds the bytes of large answers that clients have not taken yet, and
	// answeringEach those of one address: clients that ask for pages and read none hold no
	// more of the memory, and leave room for others.
	maxAnswering  = 8 << 20
	answeringEach = 4 << 20
	// maxHistories bounds the histories that are streamed at once. Each holds the part that
	// its client is about to take.
	maxHistories = 32
)

// answers bounds the memory of answers on their way.
type answers struct {
	streams *semaphore.Weighted // of histories

	mu   sync.Mutex
	all  int            // bytes
	from map[string]int // bytes by address
}

func newAnswers() *answers {
	return &answers{streams: semaphore.NewWeighted(maxHistories), from: map[string]int{}}
}

// take makes room for the bytes of an answer to the address; false where there is none.
func (a *answers) take(address string, n int) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	// A single answer that is larger than its share is let through, so that it can be given
	// at all.
	if a.from[address] > 0 && a.from[address]+n > answeringEach || a.all > 0 && a.all+n > maxAnswering {
		return false
	}
	a.all += n
	a.from[address] += n
	return true
}

func (a *answers) leave(address string, n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all -= n
	if a.from[address] -= n; a.from[address] == 0 {
		delete(a.from, address)
	}
}

// bound lets a large answer out only while there is room for it; without room the answer
// is 503.
func (s *Server) bound(ctx *gin.Context) {
	w := &boundWriter{ResponseWriter: ctx.Writer, ctx: ctx, answers: s.answers}
	ctx.Writer = w
	ctx.Next()
	ctx.Writer = w.ResponseWriter
	if w.refused {
		s.write(ctx, problem.New(http.StatusServiceUnavailable, domain.CodeTooManyRequests,
			"too many large answers wait for their readers; send the same request again, or ask for smaller pages", ""))
	}
}

// boundWriter is the writer of one answer.
type boundWriter struct {
	gin.ResponseWriter
	ctx     *gin.Context
	answers *answers
	refused bool // what is written is given up
}

// Unwrap lets [http.ResponseController] reach the connection.
func (w *boundWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *boundWriter) Write(p []byte) (int, error) {
	n := len(p)
	if w.refused {
		return n, nil
	}
	if n < largeAnswer {
		return w.ResponseWriter.Write(p)
	}
	address := w.ctx.ClientIP()
	if !w.answers.take(address, n) {
		if w.Written() { // half an answer must not look like a whole one
			panic(http.ErrAbortHandler)
		}
		w.refused = true
		for name := range w.Header() {
			if !hardened[name] {
				w.Header().Del(name)
			}
		}
		return n, nil
	}
	defer w.answers.leave(address, n)
	return w.ResponseWriter.Write(p)
}
