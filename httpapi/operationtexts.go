package httpapi

import (
	"embed"
	"encoding/json"

	"tizilim/domain"
)

//go:embed texts/*.json
var textFiles embed.FS

// operationTexts say what an operation does, for people: by language and operation id. They have the steps
// of a case, and what can stand in an access log.
var operationTexts = func() map[domain.Language]map[string]string {
	all := map[domain.Language]map[string]string{}
	for _, l := range domain.Languages {
		data, err := textFiles.ReadFile("texts/" + string(l) + ".json")
		if err != nil {
			panic(err) // the build has the file
		}
		of := map[string]string{}
		if err := json.Unmarshal(data, &of); err != nil {
			panic(err)
		}
		all[l] = of
	}
	return all
}()

// operationText says in the language what the operation does; in Kazakh where none is asked for, and ""
// for an operation of an earlier version.
func operationText(id string, l domain.Language) string {
	if of, ok := operationTexts[l]; ok {
		return of[id]
	}
	return operationTexts[domain.Kazakh][id]
}
