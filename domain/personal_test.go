package domain_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"tizilim/domain"
)

const (
	secretIIN  = domain.IIN("900101300017")
	secretName = domain.Personal("Дәурен Қасымұлы")
	secretDoc  = domain.Personal("N04567123")
)

// assertHidden fails if the text shows any of the values, whole, in parts, in
// hexadecimal or escaped.
func assertHidden(t *testing.T, how, text string) {
	t.Helper()
	for _, secret := range []string{string(secretIIN), string(secretName), string(secretDoc)} {
		for _, form := range []string{
			secret, secret[:8], fmt.Sprintf("%x", secret), fmt.Sprintf("%X", secret), fmt.Sprintf("% x", secret),
			strings.Trim(fmt.Sprintf("%+q", secret), `"`)[:8], fmt.Sprintf("%d", []byte(secret)), fmt.Sprintf("%U", []rune(secret)[0]),
		} {
			if strings.Contains(text, form) {
				t.Errorf("%s shows a personal value: %s", how, text)
				return
			}
		}
	}
}

type passport struct {
	IIN    domain.IIN
	Name   domain.Personal
	Owner  *domain.Personal
	Others map[string]domain.Personal
	ByIIN  map[domain.IIN]domain.Personal
	Papers []domain.Document
	Any    any
}

func carriers() map[string]any {
	name := secretName
	doc := domain.Document{Type: domain.DocumentIdentityCard, Number: secretDoc}
	p := passport{
		IIN: secretIIN, Name: secretName, Owner: &name, Others: map[string]domain.Personal{"spouse": secretName},
		ByIIN: map[domain.IIN]domain.Personal{secretIIN: secretName}, Papers: []domain.Document{doc}, Any: secretIIN,
	}
	return map[string]any{
		"IIN": secretIIN, "Personal": secretName, "Document": doc, "struct": p, "pointer": &p,
		"slice": []domain.IIN{secretIIN}, "map": map[domain.IIN]domain.Personal{secretIIN: secretName},
	}
}

func TestPersonalValuesNeverPrint(t *testing.T) {
	for name, value := range carriers() {
		for _, verb := range []string{"%v", "%+v", "%s", "%q", "%+q", "%#q", "%#v", "%x", "%X", "% x", "%#x", "%d", "%o", "%b", "%c", "%U", "%e", "%t", "%20v", "%-20s", "%.3s", "%T"} {
			assertHidden(t, name+" with "+verb, fmt.Sprintf(verb, value))
		}
		assertHidden(t, name+" as an argument too many", fmt.Sprintf(strings.Clone("no verb"), value))
		assertHidden(t, name+" with Sprint", fmt.Sprint(value))
		assertHidden(t, name+" with Sprintln", fmt.Sprintln(value))
		assertHidden(t, name+" in an error", fmt.Errorf("record %v: %w", value, errors.ErrUnsupported).Error())
		assertHidden(
			t,
			name+" in a refusal",
			domain.Refuse(domain.Invalid, domain.CodeRequired, "%v %+v %#v", value, value, value).Error(),
		)
	}
}

func TestPersonalValuesOfWhatIsReadNeverPrint(t *testing.T) {
	rec := domain.Recorded{Event: noted{Name: secretName}, Stream: "residence-x"}
	for _, value := range []any{rec, &rec, domain.Delivery{Recorded: &rec}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			assertHidden(t, fmt.Sprintf("%T with %s", value, verb), fmt.Sprintf(verb, value))
		}
	}
}

func TestPersonalValuesNeverReachALog(t *testing.T) {
	all := carriers()
	rec := domain.Recorded{Event: noted{Name: secretName}, Stream: "residence-x"}
	all["Recorded"], all["*Recorded"] = rec, &rec
	all["Delivery"] = domain.Delivery{Recorded: &rec}
	// A bare map, slice or foreign struct of these types has no say in how the
	// JSON handler writes it; the types of the domain have.
	jsonOf := []string{"IIN", "Personal", "Document", "Recorded", "*Recorded", "Delivery"}
	var out bytes.Buffer
	for name, value := range all {
		out.Reset()
		slog.New(slog.NewTextHandler(&out, nil)).Info("seen", "value", value, slog.Group("in", "value", value))
		assertHidden(t, name+" in a text log", out.String())
	}
	for _, name := range jsonOf {
		out.Reset()
		slog.New(slog.NewJSONHandler(&out, nil)).Info("seen", "value", all[name], slog.Group("in", "value", all[name]))
		assertHidden(t, name+" in a JSON log", out.String())
		if !strings.Contains(out.String(), `"value":"`) {
			t.Errorf("%s left no trace in the log: %s", name, out.String())
		}
	}
}

func TestPersonalValuesAreWhatJSONCarries(t *testing.T) {
	data, err := json.Marshal(struct {
		IIN  domain.IIN
		Name domain.Personal
	}{secretIIN, secretName})
	if want := `{"IIN":"900101300017","Name":"Дәурен Қасымұлы"}`; err != nil || string(data) != want {
		t.Errorf("%s, %v, want %s", data, err, want)
	}
}

func TestAPersonalDayIsTheDayOrWhatStandsInstead(t *testing.T) {
	for text, want := range map[string]string{
		`"1990-01-01"`: "1990-01-01", `""`: "", `"[erased]"`: "", `"s1.key.text"`: "",
	} {
		var d domain.PersonalDate
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if d.Date.String() != want {
			t.Errorf("%s is the day %q, want %q", text, d.Date, want)
		}
		if again, err := json.Marshal(d); err != nil || string(again) != text {
			t.Errorf("%s is written as %s, %v", text, again, err)
		}
	}
	for _, text := range []string{`"1990-02-30"`, `"[Erased]"`, `"s2.key.text"`, `1`} {
		var d domain.PersonalDate
		if err := json.Unmarshal([]byte(text), &d); err == nil {
			t.Errorf("%s was read as a day", text)
		}
	}
	d := domain.PersonalDate{Date: domain.NewDate(1990, 1, 1)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d"} {
		if text := fmt.Sprintf(verb, struct{ Born domain.PersonalDate }{d}); strings.Contains(text, "1990") {
			t.Errorf("%s shows a birth date: %s", verb, text)
		}
	}
}
