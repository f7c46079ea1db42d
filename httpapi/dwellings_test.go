package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"tizilim/domain"
)

func TestADwellingIsRecordedWithItsDescription(t *testing.T) {
	s := start(t).at(t)
	a := s.command("/v1/dwellings", s.token(domain.RoleOperator), body{
		"rka": rka(), "address": "Астана", "place": "apartment", "useful_area": 54.3,
	}).is(http.StatusCreated)
	shown := s.seen("/v1/dwellings/"+a.id("dwelling_id")+"/residents", s.token(domain.RoleAuditor), a)
	if shown.at("place") != "apartment" || shown.at("useful_area") != 54.3 {
		t.Errorf("shown as %s", shown.text)
	}
}

func TestR30_ADwellingIsRecordedOnceAndTheRefusalNamesIt(t *testing.T) {
	s := start(t).at(t)
	code := rka()
	record := func(rka string) *answer {
		return s.command("/v1/dwellings", s.token(domain.RoleOperator), body{
			"rka": rka, "cadastral_number": "21:318:" + code + ":a", "address": "Астана",
		})
	}
	id := record(code).is(http.StatusCreated).id("dwelling_id")
	again := record(code[:4]+" "+code[4:]).refused(http.StatusConflict, domain.CodeDwellingRecorded, "rka")
	if !strings.Contains(again.text, id) {
		t.Errorf("%s does not name the dwelling %s", again.text, id)
	}
	record(rka()).refused(http.StatusConflict, domain.CodeDwellingRecorded, "cadastral_number")
}

// TestTheDocumentDescribesWhatIsEmbedded: huma sees the members of exported types only.
func TestTheDocumentDescribesWhatIsEmbedded(t *testing.T) {
	schemas := start(t).at(t).document()["components"].(map[string]any)["schemas"].(map[string]any)
	for schema, members := range map[string][]string{
		"RecordDwellingBody": {"address", "place", "useful_area"},
		"LineBody":           {"registration_id", "effective_from", "until"},
		"RecordBodyBody":     {"kind", "names", "territory"},
		"AppointBody":        {"person_id", "iin", "office"},
		"BodyBody":           {"body_id", "names", "officials"},
	} {
		properties, _ := schemas[schema].(map[string]any)["properties"].(map[string]any)
		for _, member := range members {
			if properties[member] == nil {
				t.Errorf("the schema %s has no member %s", schema, member)
			}
		}
	}
}
