package web

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"tizilim/domain"
	"tizilim/httpapi/problem"
)

// about is what a page says of a code.
type about struct {
	Code        domain.Code
	Title, Mend string
	Operations  []Operation // that declare it as one of their own; none where many can answer it
}

// Home says what this is, and leads to what there is to be read.
func (s *Site) Home(ctx *gin.Context) {
	s.show(ctx, http.StatusOK, "home.html", inLanguage[languageOf(ctx)].Text("name"), page{})
}

// problems lists all codes.
func (s *Site) problems(ctx *gin.Context) {
	l := languageOf(ctx)
	var all []about
	for _, code := range s.Problems {
		title, _ := problem.About(code, l)
		all = append(all, about{Code: code, Title: title})
	}
	s.show(ctx, http.StatusOK, "problems.html", inLanguage[l].Text("problems"), page{Body: all})
}

// problem says what a code means and how to mend the request.
func (s *Site) problem(ctx *gin.Context) {
	l, code := languageOf(ctx), domain.Code(ctx.Param("code"))
	if !slices.Contains(s.Problems, code) {
		s.show(ctx, http.StatusNotFound, "unknown.html", inLanguage[l].Text("unknown_code"), page{Body: code})
		return
	}
	title, mend := problem.About(code, l)
	s.show(ctx, http.StatusOK, "problem.html", title, page{Body: about{code, title, mend, s.Answering(code)}})
}
