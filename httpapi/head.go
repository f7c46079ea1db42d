package httpapi

import (
	"context"
	"net/http"
)

// headsToo answers HEAD as GET (RFC 9110, 9.3.2); [http.Server] leaves the body out. A look
// at personal data is in the access log also where it is a HEAD: the answer tells that the
// record exists.
func headsToo(get http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodHead {
			get.ServeHTTP(w, r)
			return
		}
		ctx, end := context.WithCancel(r.Context())
		defer end()
		r = r.WithContext(ctx)
		r.Method = http.MethodGet
		get.ServeHTTP(headWriter{w, end}, r)
	})
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
