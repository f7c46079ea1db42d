// Package words has what a person reads for each value of an enumeration of the API, in three languages.
package words

import (
	"embed"
	"encoding/json"
	"reflect"

	"tizilim/domain"
	"tizilim/httpapi/problem"
)

// Catalogue has words by the Go type of an enumeration, then by value.
type Catalogue map[string]map[string]string

//go:embed texts/*.json
var files embed.FS

var catalogues = func() map[domain.Language]Catalogue {
	all := map[domain.Language]Catalogue{}
	for _, l := range domain.Languages {
		data, err := files.ReadFile("texts/" + string(l) + ".json")
		if err != nil {
			panic(err) // the build has the file
		}
		var of Catalogue
		if err := json.Unmarshal(data, &of); err != nil {
			panic(err)
		}
		all[l] = of
	}
	return all
}()

// titles stands in [wordedBy] for the titles of problems.
const titles = "domain.Code"

// wordedBy are types whose values are those of another type, in whole or in part. What a type says itself
// counts first.
var wordedBy = map[string]string{
	"httpapi.applicationChannel":     "domain.Channel",
	"httpapi.consequence":            titles,
	"httpapi.contradiction":          titles,
	"httpapi.contradictionOfRecords": titles,
	"httpapi.difference":             titles,
	"httpapi.dueKind":                "procedure.Duty",
	"httpapi.noticeSubject":          "procedure.Duty",
	"httpapi.numberState":            "housing.EntryState",
	"httpapi.ownershipAction":        "residence.CorrectionAction",
	"httpapi.ownershipConsequence":   titles,
	"httpapi.toldFact":               "domain.FactKind",
	"httpapi.allowedFact":            "domain.FactKind",
	"httpapi.standingState":          "housing.EntryState",
	"httpapi.unlikely":               titles,
	"httpapi.warningToAnswer":        titles,
	"operation.StatedPurpose":        "accesslog.Purpose",
	"procedure.NotifiedBy":           "notice.Way",
	"procedure.Office":               "body.Office",
	"projections.DutyReason":         "housing.ReviewReason",
}

// Worded reports whether the values of the type have words.
func Worded(t reflect.Type) bool {
	return wordedBy[t.String()] != "" || catalogues[domain.English][t.String()] != nil
}

// In returns the words for all enumerations in a language.
func In(l domain.Language) Catalogue { return catalogues[l] }

// Of says in the language what a value means; "" for a value that has no words.
func Of[T ~string](value T, l domain.Language) string {
	return OfType(reflect.TypeFor[T](), string(value), l)
}

// OfType says it for a value of the type.
func OfType(t reflect.Type, value string, l domain.Language) string {
	if word := catalogues[l][t.String()][value]; word != "" {
		return word
	}
	other := wordedBy[t.String()]
	if other == titles {
		title, _ := problem.About(domain.Code(value), l)
		return title
	}
	return catalogues[l][other][value]
}
