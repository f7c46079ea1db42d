package httpapi

import "github.com/gin-gonic/gin"

// Headers of every answer. An answer is data for a program: nothing of it is a page, so
// a browser that is led to open one as a page loads and runs nothing.
var (
	noSniff    = []string{"nosniff"}
	noContent  = []string{"default-src 'none'; frame-ancestors 'none'"}
	noReferrer = []string{"no-referrer"}
	// tlsOnly tells browsers for two years to come by TLS only.
	tlsOnly = []string{"max-age=63072000"}
)

// hardened are the headers that [harden] sets.
var hardened = map[string]bool{
	"X-Content-Type-Options": true, "Content-Security-Policy": true, "Referrer-Policy": true,
	"Strict-Transport-Security": true,
}

// harden sets the headers that bound what a browser does with an answer. It promises TLS
// only where the request came by TLS: where a proxy ends TLS, the promise is the proxy's.
func harden(ctx *gin.Context) {
	h := ctx.Writer.Header()
	h["X-Content-Type-Options"] = noSniff
	h["Content-Security-Policy"] = noContent
	h["Referrer-Policy"] = noReferrer
	if ctx.Request.TLS != nil {
		h["Strict-Transport-Security"] = tlsOnly
	}
}
