package httpapi

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"
)

// headsToo answers HEAD as GET (RFC 9110, 9.3.2); [http.Server] leaves the body out. A look
// at personal data is in the access log also where it is a HEAD: the answer tells that the
// record exists.
type headsToo struct{ *gin.Engine }

func (h headsToo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodHead {
		h.Engine.ServeHTTP(w, r)
		return
	}
	ctx, end := context.WithCancel(r.Context())
	defer end()
	r = r.WithContext(ctx)
	r.Method = http.MethodGet
	h.Engine.ServeHTTP(headWriter{w, end}, r)
}

// headWriter ends a stream, which flushes what it has, after its headers.
type headWriter struct {
	http.ResponseWriter
	end func()
}

func (w headWriter) Flush() {
	if f, ok := w.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
	w.end()
}

// Unwrap is for [http.ResponseController].
func (w headWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
