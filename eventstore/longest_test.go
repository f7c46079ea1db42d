package eventstore

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/residence"
)

func TestEventsThatAreTooLargeNameTheirLongestMember(t *testing.T) {
	id := uuid.New()
	small := residence.DwellingRecorded{Address: "Астана"}
	large := small
	large.Address = strings.Repeat("<", 1<<18) // six bytes each in JSON
	err := CheckSize([]NewEvent{{ID: id, Event: small}, {ID: id, Event: large}, {ID: id, Event: small}})
	refused, ok := err.(*domain.Error)
	if !ok || refused.Code != domain.CodeBodyTooLarge || refused.Field != "address" {
		t.Errorf("refused with %v, want body_too_large at address", err)
	}
	if err := CheckSize([]NewEvent{{ID: id, Event: small}}); err != nil {
		t.Errorf("a small event is refused: %v", err)
	}
}

func TestTheLongestTextIsFoundAtAnyDepth(t *testing.T) {
	for _, test := range []struct {
		value any
		want  string
	}{
		{map[string]any{"a": "12", "b": "1"}, ".a"},
		{map[string]any{"a": "12", "b": []any{"1", map[string]any{"c": "123"}}}, ".b[1].c"},
		{map[string]any{"b": "12", "a": "12"}, ".a"},
		{map[string]any{"n": 12.0}, ""},
	} {
		if got, _ := longestText(test.value, ""); got != test.want {
			t.Errorf("%v: %q, want %q", test.value, got, test.want)
		}
	}
}
