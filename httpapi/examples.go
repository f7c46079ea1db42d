package httpapi

import (
	_ "embed"
	"encoding/json"
	"strconv"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"tizilim/httpapi/operation"
)

// answerExamples has for each operation an answer of success by its status, as a test got it. Whoever
// changes an answer writes it again: go test ./httpapi -run AnswersAreWhat -update.
//
//go:embed examples.json
var answerExamples []byte

// examplesOf are the examples by operation and status, read once.
var examplesOf = sync.OnceValue(func() (examples map[string]map[int]json.RawMessage) {
	if err := json.Unmarshal(answerExamples, &examples); err != nil {
		panic(err) // a test reads the file
	}
	return examples
})

// showAnswers puts the examples of answers into the document.
func showAnswers(document *huma.OpenAPI) {
	examples := examplesOf()
	for _, path := range document.Paths {
		for _, op := range []*huma.Operation{path.Get, path.Post, path.Put, path.Delete} {
			if op == nil {
				continue
			}
			for status, example := range examples[op.OperationID] {
				if response := op.Responses[strconv.Itoa(status)]; response != nil && response.Content[operation.JSON] != nil {
					response.Content[operation.JSON].Example = example
				}
			}
		}
	}
}
