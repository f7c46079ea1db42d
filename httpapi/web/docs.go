package web

import (
	"compress/gzip"
	"io"
	"net/http"
	"path"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/swaggest/swgui/v5/static"

	"tizilim/domain"
)

// docsPolicy is the policy of /docs: Swagger UI writes styles into its page.
var docsPolicy = strings.Replace(policy, "style-src 'self'", "style-src 'self' 'unsafe-inline'", 1)

// docs shows the OpenAPI document. Its page is in English, as the document is.
func (s *Site) docs(ctx *gin.Context) {
	ctx.Header("Content-Security-Policy", docsPolicy)
	ctx.Header("Cache-Control", "no-store")
	ctx.Header("Content-Type", "text/html; charset=utf-8")
	shown := page{Say: inLanguage[domain.English], Trial: s.trial()}
	_ = templates.ExecuteTemplate(ctx.Writer, "docs.html", shown) // the client may have gone away
}

// docsFiles are the files of Swagger UI that its page loads.
var docsFiles = map[string]string{
	"swagger-ui.css":       "text/css; charset=utf-8",
	"swagger-ui-bundle.js": "text/javascript; charset=utf-8",
}

// serveDocsFile serves a file of Swagger UI, which the build keeps compressed.
func serveDocsFile(ctx *gin.Context) {
	name := path.Base(ctx.Param("file"))
	media, ok := docsFiles[name]
	if !ok {
		ctx.Status(http.StatusNotFound)
		return
	}
	file, err := static.FS.Open(name + ".gz")
	if err != nil {
		panic(err) // the build has the file
	}
	defer file.Close()
	ctx.Header("Content-Type", media)
	ctx.Header("Cache-Control", day)
	ctx.Writer.Header().Add("Vary", "Accept-Encoding")
	var content io.Reader = file
	if strings.Contains(ctx.GetHeader("Accept-Encoding"), "gzip") {
		ctx.Header("Content-Encoding", "gzip")
	} else if content, err = gzip.NewReader(file); err != nil {
		panic(err)
	}
	ctx.Status(http.StatusOK)
	_, _ = io.Copy(ctx.Writer, content) // the client may have gone away
}
