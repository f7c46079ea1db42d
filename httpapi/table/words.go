package table

import (
	"cmp"
	"embed"
	"encoding/json"
	"reflect"

	"tizilim/domain"
	"tizilim/httpapi/words"
)

// said is what a table says in a language.
type said struct {
	Sheets  map[string]string `json:"sheets"`  // by the member that has the rows; at most 31 letters
	Columns map[string]string `json:"columns"` // by name
}

//go:embed texts/*.json
var files embed.FS

var spoken = func() map[domain.Language]said {
	all := map[domain.Language]said{}
	for _, l := range domain.Languages {
		data, err := files.ReadFile("texts/" + string(l) + ".json")
		if err != nil {
			panic(err) // the build has the file
		}
		var of said
		if err := json.Unmarshal(data, &of); err != nil {
			panic(err)
		}
		all[l] = of
	}
	return all
}()

func sheet(member string, l domain.Language) string { return cmp.Or(spoken[l].Sheets[member], member) }
func title(name string, l domain.Language) string   { return cmp.Or(spoken[l].Columns[name], name) }

// word is a value of an enumeration in words; another value stays as it is, and so do all where no language
// is asked for.
func word(of reflect.Type, value string, l domain.Language) string {
	if l == "" {
		return value
	}
	return cmp.Or(words.OfType(of, value, l), value)
}
