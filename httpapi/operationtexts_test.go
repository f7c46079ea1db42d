package httpapi_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"tizilim/domain"
	"tizilim/domain/accesslog"
	"tizilim/httpapi/operation"
)

// operationNames are what operations are called in a language, as its file has it.
func operationNames(t *testing.T, l domain.Language) (of map[string]string) {
	data, err := os.ReadFile("texts/" + string(l) + ".json")
	must(t, err)
	must(t, json.Unmarshal(data, &of))
	return of
}

// The steps of a case, and the reads that an access log can name, are what people see of operations.
func TestEveryOperationThatPeopleReadOfHasItsText(t *testing.T) {
	want := map[string]bool{accesslog.LookUp: true}
	for _, op := range start(t).at(t).operations() {
		step := op.Changes() && op.Of == operation.OfCase
		shows := !op.Changes() && !strings.HasPrefix(op.Leaves(domain.RoleOperator), "nobody: ")
		if step || shows {
			want[op.ID] = true
		}
	}
	for _, l := range domain.Languages {
		if got := operationNames(t, l); !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want))) {
			t.Errorf("%s has texts for %v, want %v", l, slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
		}
	}
}

func TestStepsAndAccessesAreInTheLanguageOfTheirReader(t *testing.T) {
	s := start(t).at(t)
	person, list := s.citizen(), s.list()
	path := "/v1/cases/" + s.applied(person, list) + "/file"
	for _, c := range []struct{ query, reads, want string }{
		{"", "", "kk"}, {"", "ru", "ru"}, {"?language=en", "ru", "en"}, {"?language=ru", "", "ru"},
	} {
		names := operationNames(t, domain.Language(c.want))
		headers := []header{}
		if c.reads != "" {
			headers = append(headers, header{"Accept-Language", c.reads})
		}
		steps := s.get(path+c.query, s.token(domain.RoleCommission), headers...).is(http.StatusOK).at("next").([]any)
		if len(steps) == 0 {
			t.Fatal("there are no steps")
		}
		for _, step := range steps {
			if step := step.(map[string]any); step["text"] != names[step["operation"].(string)] || step["text"] == "" {
				t.Errorf("%v: %v is called %v", c, step["operation"], step["text"])
			}
		}
		looks := s.get("/v1/me/accesses"+c.query, s.as(person), headers...).is(http.StatusOK).at("accesses").([]any)
		if look := looks[0].(map[string]any); look["operation"] != "get-case-file" || look["text"] != names["get-case-file"] {
			t.Errorf("%v: the look is %v", c, look)
		}
	}
}
