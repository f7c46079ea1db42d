package table

import (
	"cmp"
	"embed"
	"encoding/json"
	"reflect"

	"tizilim/domain"
)

// words are what a table says in a language.
type words struct {
	Sheets  map[string]string            `json:"sheets"`  // by the member that has the rows; at most 31 letters
	Columns map[string]string            `json:"columns"` // by name
	Values  map[string]map[string]string `json:"values"`  // by Go type, then by value
}

//go:embed texts/*.json
var files embed.FS

var spoken = func() map[domain.Language]words {
	all := map[domain.Language]words{}
	for _, l := range domain.Languages {
		data, err := files.ReadFile("texts/" + string(l) + ".json")
		if err != nil {
			panic(err) // the build has the file
		}
		var of words
		if err := json.Unmarshal(data, &of); err != nil {
			panic(err)
		}
		all[l] = of
	}
	return all
}()

func sheet(member string, l domain.Language) string { return cmp.Or(spoken[l].Sheets[member], member) }
func title(name string, l domain.Language) string   { return cmp.Or(spoken[l].Columns[name], name) }

// word is a value of an enumeration in words; another value stays as it is.
func word(of reflect.Type, value string, l domain.Language) string {
	return cmp.Or(spoken[l].Values[of.String()][value], value)
}
