package operation

import (
	"mime"
	"net/http"
	"net/url"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"tizilim/domain"
	"tizilim/httpapi/problem"
)

// badForm refuses a query or headers that a lenient reader would take for another
// request: a query that is half understood may lose its dry_run, and then the
// command is carried out. It returns nil where the form is right.
func badForm(op Operation, ctx huma.Context) *problem.Problem {
	u := ctx.URL()
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return problem.New(http.StatusBadRequest, domain.CodeMalformed,
			"the query cannot be read: percent-encode the values, and separate parameters with &", "")
	}
	for name, values := range query {
		field := problem.Query(name)
		if len(values) > 1 {
			return problem.New(http.StatusUnprocessableEntity, domain.CodeMalformed,
				"a parameter of the query came twice; send it once", field)
		}
		if values[0] == "" {
			return problem.New(http.StatusUnprocessableEntity, domain.CodeMalformed,
				"a parameter of the query has no value; give it one, or leave it out", field)
		}
	}
	if refused := op.notGiven(ctx); refused != nil {
		return refused
	}
	if !op.hasBody() {
		return nil
	}
	if encoding := ctx.Header("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return problem.New(http.StatusUnsupportedMediaType, domain.CodeMediaType,
			"the body is encoded; send plain JSON without Content-Encoding", "header.Content-Encoding")
	}
	if op.media != "" {
		if media, _, err := mime.ParseMediaType(ctx.Header("Content-Type")); err != nil || media != op.media {
			return problem.New(http.StatusUnsupportedMediaType, domain.CodeMediaType,
				"the body is a form with a file: send it as Content-Type: "+op.media, "header.Content-Type")
		}
		return nil
	}
	if kind := ctx.Header("Content-Type"); kind != "" {
		media, params, err := mime.ParseMediaType(kind)
		charset := params["charset"]
		if err != nil || media != "application/json" || charset != "" && !strings.EqualFold(charset, "utf-8") {
			return problem.New(http.StatusUnsupportedMediaType, domain.CodeMediaType,
				"the body is JSON in UTF-8: send it as Content-Type: application/json", "header.Content-Type")
		}
	}
	return nil
}
