package httpapi_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tizilim/domain"
	"tizilim/httpapi"
)

// htmlPages are the addresses of pages, without those of codes.
var htmlPages = []string{"/", "/docs", "/problems"}

var (
	linkOf   = regexp.MustCompile(`(?:href|src)="([^"#][^"]*)"`)
	scriptIn = regexp.MustCompile(`<script(?: [^>]*)?>[^<]|<style|style="| on[a-z]+="`)
)

// Every page is shown in each language, loads nothing from another host and has no script within, and
// whatever it refers to is there.
func TestEveryPageInEveryLanguage(t *testing.T) {
	s := start(t).at(t)
	asBrowser := header{"Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
	known := map[string]bool{}
	all := slices.Clone(htmlPages)
	for _, code := range httpapi.Problems(s.server) {
		all = append(all, "/problems/"+string(code))
	}
	if len(all) < 300 {
		t.Fatalf("%d pages", len(all))
	}
	titles := map[string]string{}
	for _, path := range all {
		for _, l := range domain.Languages {
			a := s.get(path+"?language="+string(l), "", asBrowser).is(http.StatusOK)
			if a.header.Get("Content-Type") != "text/html; charset=utf-8" {
				t.Errorf("%s is of type %s", path, a.header.Get("Content-Type"))
			}
			if policy := a.header.Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; ") ||
				strings.Contains(policy, "http") || strings.Contains(policy, "script-src 'self' '") {
				t.Errorf("%s: %s", path, policy)
			}
			if scriptIn.MatchString(a.text) {
				t.Errorf("%s has a script or a style within: %s", path, scriptIn.FindString(a.text))
			}
			for _, link := range linkOf.FindAllStringSubmatch(a.text, -1) {
				to, _, _ := strings.Cut(link[1], "#")
				switch {
				case strings.HasPrefix(to, "?"), known[to]:
				case !strings.HasPrefix(to, "/"):
					t.Errorf("%s leads to another place: %s", path, to)
				default:
					s.get(to, "", asBrowser).is(http.StatusOK)
					known[to] = true
				}
			}
			if path == "/docs" {
				continue
			}
			if !strings.Contains(a.text, `<html lang="`+string(l)+`"`) || a.header.Get("Content-Language") != string(l) {
				t.Errorf("%s is not in %s", path, l)
			}
			title, _, _ := strings.Cut(a.text[strings.Index(a.text, "<title>"):], "</title>")
			if other, ok := titles[title]; ok && other != path {
				t.Errorf("%s has the title of %s: %s", path, other, title)
			}
			titles[title] = path
		}
	}
	if s.get("/problems/no_such_code", "", asBrowser).status != http.StatusNotFound {
		t.Error("an unknown code has a page")
	}
}

// Whoever asks for no language gets Kazakh; the address of a page counts before the settings of a browser.
func TestTheLanguageOfAPage(t *testing.T) {
	s := start(t).at(t)
	for accept, want := range map[string]string{"": "kk", "de": "kk", "ru-RU,ru;q=0.9": "ru", "en-US": "en", "kk,en;q=0.9": "kk"} {
		a := s.get("/problems", "", header{"Accept-Language", accept})
		if a.header.Get("Content-Language") != want || a.header.Get("Vary") != "Accept-Language" {
			t.Errorf("%q: %v", accept, a.header)
		}
	}
	if got := s.get("/problems?language=ru", "", header{"Accept-Language", "en"}).header.Get("Content-Language"); got != "ru" {
		t.Errorf("the page is in %s", got)
	}
}

// A program gets JSON at the root, a browser a page.
func TestTheRootIsJSONForPrograms(t *testing.T) {
	s := start(t).at(t)
	for _, accept := range []string{"", "*/*", "application/json"} {
		if a := s.get("/", "", header{"Accept", accept}).is(http.StatusOK); a.at("docs") != "/docs" || a.at("problems") != "/problems" {
			t.Errorf("%q: %s", accept, a.text)
		}
	}
}
