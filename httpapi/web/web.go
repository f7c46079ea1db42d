// Package web makes what a browser shows: pages in Kazakh, Russian and English, from templates, with a
// style of their own and without another host.
package web

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/text/language"

	"tizilim/domain"
)

// Config is what pages show and do not know themselves.
type Config struct {
	// Problems are the codes of all problems that the API answers with.
	Problems []domain.Code
	// Answering are the operations that declare the problem as one of their own.
	Answering func(domain.Code) []Operation
	// Trial is what a clock for trying shows; nil where the clock is real.
	Trial func() time.Time
}

// Operation is an operation of the API as a page names it.
type Operation struct {
	ID, Tag, Method, Path, Summary string
}

// Site serves the pages.
type Site struct{ Config }

// New returns the pages.
func New(c Config) *Site { return &Site{c} }

// Route serves the pages from the engine.
func (s *Site) Route(engine gin.IRoutes) {
	engine.GET("/assets/:file", serveAsset)
	engine.GET("/docs", s.docs)
	engine.GET("/docs/:file", serveDocsFile)
	engine.GET("/problems", s.problems)
	engine.GET("/problems/:code", s.problem)
}

// page is what the layout of every page needs.
type page struct {
	Language  domain.Language
	Languages []choice
	Title     string
	Trial     string // what the clock for trying shows; "" where the clock is real
	Say       texts
	Body      any
	Styles    []string
	Scripts   []string
}

// choice is another language of the same page.
type choice struct {
	Language domain.Language
	Name     string
	Chosen   bool
}

// names of the languages, each in itself.
var names = map[domain.Language]string{domain.Kazakh: "Қазақша", domain.Russian: "Русский", domain.English: "English"}

// offered are the languages of pages, the language of the state first: who asks for none gets it.
var offered = []domain.Language{domain.Kazakh, domain.Russian, domain.English}

var matcher = language.NewMatcher([]language.Tag{language.Kazakh, language.Russian, language.English})

// languageOf is the language of a page: that of its address, else what the browser asks for.
func languageOf(ctx *gin.Context) domain.Language {
	if asked := domain.Language(ctx.Query("language")); slices.Contains(offered, asked) {
		return asked
	}
	_, i := language.MatchStrings(matcher, ctx.GetHeader("Accept-Language"))
	return offered[i]
}

// texts are the words of pages, by their name.
type texts map[string]string

// Text returns the words of the name, with the values in their places.
func (t texts) Text(name string, values ...any) string {
	words, ok := t[name]
	if !ok {
		panic("web: no text has the name " + name) // a test renders every page in every language
	}
	return fmt.Sprintf(words, values...)
}

//go:embed templates/*.html texts/*.json assets/*
var files embed.FS

var templates = template.Must(template.ParseFS(files, "templates/*.html"))

// inLanguage are the words of pages in each language.
var inLanguage = map[domain.Language]texts{
	domain.Kazakh: readTexts("kk"), domain.Russian: readTexts("ru"), domain.English: readTexts("en"),
}

func readTexts(name string) (t texts) {
	data, err := files.ReadFile("texts/" + name + ".json")
	if err == nil {
		err = json.Unmarshal(data, &t)
	}
	if err != nil {
		panic(err) // the build has the file
	}
	return t
}

// policy is the Content-Security-Policy of a page: everything comes from here.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// show writes a page, made from the template of the name.
func (s *Site) show(ctx *gin.Context, status int, name, title string, p page) {
	p.Language = languageOf(ctx)
	p.Say, p.Title = inLanguage[p.Language], title
	for _, l := range offered {
		p.Languages = append(p.Languages, choice{l, names[l], l == p.Language})
	}
	p.Trial = s.trial()
	var body, whole bytes.Buffer
	if err := templates.ExecuteTemplate(&body, name, p); err != nil {
		panic(err) // a test renders every page
	}
	p.Body = template.HTML(body.String())
	if err := templates.ExecuteTemplate(&whole, "layout.html", p); err != nil {
		panic(err)
	}
	h := ctx.Writer.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("Content-Language", string(p.Language))
	h.Add("Vary", "Accept-Language")
	h.Set("Cache-Control", "no-store")
	ctx.Data(status, "text/html; charset=utf-8", whole.Bytes())
}

// trial says what a clock for trying shows; "" where the clock is real.
func (s *Site) trial() string {
	if s.Trial == nil {
		return ""
	}
	return s.Trial().In(domain.Zone).Format("2006-01-02 15:04")
}

// day is for how long a browser keeps the style and the scripts: the next build may change them.
const day = "public, max-age=86400"

// serveAsset serves a file of the style of the pages.
func serveAsset(ctx *gin.Context) {
	assets, err := fs.Sub(files, "assets")
	if err != nil {
		panic(err) // the build has the directory
	}
	ctx.Header("Cache-Control", day)
	ctx.FileFromFS(path.Base(ctx.Param("file")), http.FS(assets))
}
