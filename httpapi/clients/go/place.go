// Command place places a person on a list and reads the number, with a client that oapi-codegen makes of
// the OpenAPI document alone. URL, OPERATOR, COMMISSION and IIN are in the environment.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/oapi-codegen/runtime/types"

	"place/api"
)

func main() {
	log.SetFlags(0)
	ctx := context.Background()
	operator, commission := as("OPERATOR"), as("COMMISSION")

	iin := os.Getenv("IIN")
	person, err := operator.RecordPersonWithResponse(ctx, &api.RecordPersonParams{IdempotencyKey: uuid.NewString()},
		api.RecordPersonBody{Name: "Айгүл Серікқызы", BirthDate: day("1990-05-17"), Class: "citizen", Iin: &iin})
	must("record", err, person.JSON201 != nil, person.Body)

	ministry := "Қорғаныс министрлігі"
	list, err := commission.OpenQueueWithResponse(ctx, &api.OpenQueueParams{IdempotencyKey: uuid.NewString()},
		api.OpenQueueJSONRequestBody{Body: &ministry, Settlement: "Астана", Title: "Астана гарнизоны, Go"})
	must("open a list", err, list.JSON201 != nil, list.Body)

	application := paper("application")
	received, err := operator.ApplyForHousingWithResponse(ctx, &api.ApplyForHousingParams{IdempotencyKey: uuid.NewString()},
		api.ApplyForHousingJSONRequestBody{
			Channel: "state_corporation", ListId: list.JSON201.ListId, ApplicantId: person.JSON201.PersonId, Consent: true,
			Signature: api.SignatureBody{Method: "handwritten"}, Basis: &application,
			Service: &api.EmploymentBody{
				Employer: ministry, Office: "бас маман", Since: day("2021-09-01"), Basis: paper("other"),
			},
		})
	must("apply", err, received.JSON201 != nil, received.Body)

	id := received.JSON201.CaseId
	reviewed, err := commission.ReviewWithResponse(ctx, id, &api.ReviewParams{IdempotencyKey: uuid.NewString()},
		api.ReviewJSONRequestBody{})
	must("review", err, reviewed.JSON200 != nil, reviewed.Body)
	examined, err := commission.ExamineNeedWithResponse(ctx, id, &api.ExamineNeedParams{IdempotencyKey: uuid.NewString()},
		api.ExamineNeedJSONRequestBody{Findings: []api.FindingBody{}})
	must("examine", err, examined.JSON200 != nil, examined.Body)
	decided, err := commission.DecideCaseWithResponse(ctx, id, &api.DecideCaseParams{IdempotencyKey: uuid.NewString()},
		api.DecideCaseJSONRequestBody{Outcome: "place"})
	must("decide", err, decided.JSON200 != nil && decided.JSON200.Placement != nil, decided.Body)

	entry, err := commission.GetEntryWithResponse(ctx, list.JSON201.ListId, decided.JSON200.Placement.EntryId,
		&api.GetEntryParams{})
	must("read", err, entry.JSON200 != nil && entry.JSON200.Number != nil && *entry.JSON200.Number == 1, entry.Body)
	fmt.Printf("oapi-codegen: placed, number %d\n", *entry.JSON200.Number)
}

// as is a client with the token that the variable of the environment has.
func as(name string) *api.ClientWithResponses {
	client, err := api.NewClientWithResponses(os.Getenv("URL"), api.WithRequestEditorFn(
		func(_ context.Context, r *http.Request) error {
			r.Header.Set("Authorization", "Bearer "+os.Getenv(name))
			return nil
		}))
	if err != nil {
		log.Fatal(err)
	}
	return client
}

// must ends the program where a step was not answered as expected.
func must(step string, err error, expected bool, answer []byte) {
	if err != nil || !expected {
		log.Fatalf("%s: %v %s", step, err, answer)
	}
}

func day(text string) types.Date {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		log.Fatal(err)
	}
	return types.Date{Time: t}
}

func paper(kind string) api.BasisBody {
	return api.BasisBody{
		Type: api.BasisBodyType(kind), Number: "17", IssuedOn: day("2026-03-09"), Issuer: "АХАЖ", Sha256: strings.Repeat("0a", 32),
	}
}
