package operation

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"tizilim/domain"
	"tizilim/eventstore/command"
)

type noInput struct{}

type answer struct{ Body struct{} }

// reading is a read whose declaration lacks nothing but what change takes away.
func reading(change func(*Declaration)) Operation {
	d := Declaration{
		ID: "get-it", Method: http.MethodGet, Path: "/it", Tag: "It", Summary: "It",
		Roles: []domain.Role{domain.RoleAuditor}, Shows: ShowsNobody("it"), Of: OfAll,
	}
	change(&d)
	return Read(d, func(context.Context, *noInput) (*answer, error) { return &answer{}, nil })
}

func noResponses(func(reflect.Type) *huma.Schema) map[string]*huma.Response { return nil }

type order struct{ Posted[struct{}] }

// ordering is a command whose declaration lacks nothing but what change takes away.
func ordering(change func(*Declaration)) Operation {
	d := Declaration{
		ID: "do-it", Path: "/it", Tag: "It", Summary: "It", Roles: []domain.Role{domain.RoleOperator}, Example: `{}`,
		Of: OfNew,
	}
	change(&d)
	return Command(d, func(context.Context, Call, *order) (command.Receipt, struct{ Events }, error) {
		return command.Receipt{}, struct{ Events }{}, nil
	})
}

func TestAnOperationThatDoesNotDeclareItselfDoesNotStart(t *testing.T) {
	same := func(*Declaration) {}
	for what, test := range map[string]struct {
		operations []Operation
		says       string // "" where they start
	}{
		"whole":                 {[]Operation{reading(same), ordering(same)}, ""},
		"two of one id":         {[]Operation{reading(same), reading(same)}, "another one has this id"},
		"without an id":         {[]Operation{reading(func(d *Declaration) { d.ID = "" })}, "give it an id"},
		"without a summary":     {[]Operation{ordering(func(d *Declaration) { d.Summary = "" })}, "a summary"},
		"without a record":      {[]Operation{reading(func(d *Declaration) { d.Of = "" })}, "say in Of"},
		"without roles":         {[]Operation{ordering(func(d *Declaration) { d.Roles = nil })}, "who may call it"},
		"without a disclosure":  {[]Operation{reading(func(d *Declaration) { d.Shows = Disclosure{} })}, "whose data"},
		"a command with one":    {[]Operation{ordering(func(d *Declaration) { d.Shows = ShowsPersons() })}, "leave Shows out"},
		"without an example":    {[]Operation{ordering(func(d *Declaration) { d.Example = "" })}, "give an Example"},
		"an example of no JSON": {[]Operation{ordering(func(d *Declaration) { d.Example = "{" })}, "give an Example"},
		"a problem twice": {[]Operation{reading(func(d *Declaration) {
			d.Problems = []domain.Code{domain.CodeCaseUnknown, domain.CodeCaseUnknown}
		})}, "leave case_unknown out"},
		"a problem of every operation": {[]Operation{reading(func(d *Declaration) { d.Problems = []domain.Code{domain.CodeMalformed} })},
			"leave malformed out"},
		"of no class": {[]Operation{reading(func(d *Declaration) { d.Class = "any" })}, "say in Class"},
		"a stream of no class": {[]Operation{Stream(reading(same).Declaration, noResponses,
			func(context.Context, *noInput, *Reading) (*huma.StreamResponse, error) { return nil, nil })}, "say in Class"},
		"a GET with an example": {[]Operation{reading(func(d *Declaration) { d.Example = `{}` })},
			"leave Example out"},
	} {
		t.Run(what, func(t *testing.T) {
			defer func() {
				said := recover()
				if (said == nil) != (test.says == "") || said != nil && !strings.Contains(fmt.Sprint(said), test.says) {
					t.Errorf("it says %v, want %q", said, test.says)
				}
			}()
			New(humagin.New(gin.New(), HumaConfig("It", "test")), Config{}).Add(test.operations...)
		})
	}
}

func TestAnOperationAnswersWhatItDeclaresAndWhatItsKindCan(t *testing.T) {
	read := reading(func(d *Declaration) { d.Problems = []domain.Code{domain.CodeCaseUnknown} })
	open := reading(func(d *Declaration) { d.Roles = []domain.Role{Anyone} })
	command := ordering(func(*Declaration) {})
	for _, test := range []struct {
		op   Operation
		code domain.Code
		want bool
	}{
		{read, domain.CodeCaseUnknown, true},
		{read, domain.CodeEntryUnknown, false},
		{read, domain.CodeMalformed, true},
		{read, domain.CodeUnauthenticated, true},
		{open, domain.CodeUnauthenticated, false},
		{read, domain.CodeIssuerAway, true},
		{open, domain.CodeSignInStronger, false},
		{read, domain.CodeKeyReused, false},
		{command, domain.CodeKeyReused, true},
		{read, domain.CodeBodyTooLarge, false},
		{command, domain.CodeBodyTooLarge, true},
	} {
		if got := test.op.Answers(test.code); got != test.want {
			t.Errorf("%s answers %s: %v, want %v", test.op.ID, test.code, got, test.want)
		}
	}
}
