package domain_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tizilim/domain"
)

// lifted is an invented event whose third version is written.
type lifted struct {
	Name  string   `json:"name"`
	Parts []string `json:"parts"`
}

func (lifted) EventType() string        { return "Lifted" }
func (lifted) EffectiveAt() time.Time   { return time.Time{} }
func (lifted) Concerns() domain.Concern { return domain.ConcernsNobody("it is invented") }

// rename lifts version 1 to 2: title became name.
func rename(data []byte) ([]byte, error) {
	var m map[string]any
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, err
	}
	m["name"] = m["title"]
	delete(m, "title")
	return json.Marshal(m)
}

// split lifts version 2 to 3: the parts of the name are told apart.
func split(data []byte) ([]byte, error) {
	var m map[string]any
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, err
	}
	name, ok := m["name"].(string)
	if !ok {
		return nil, fmt.Errorf("no name to split")
	}
	m["parts"] = strings.Fields(name)
	return json.Marshal(m)
}

func TestOlderVersionsOfAnEventAreLiftedStepByStep(t *testing.T) {
	ty := domain.EventOf[lifted](rename, split)
	if ty.Name != "Lifted" || ty.Version != 3 {
		t.Fatalf("declared as %s of version %d, want Lifted of version 3", ty.Name, ty.Version)
	}
	want := lifted{Name: "Абай көшесі", Parts: []string{"Абай", "көшесі"}}
	for version, data := range map[int]string{
		1: `{"title":"Абай көшесі"}`,
		2: `{"name":"Абай көшесі"}`,
		3: `{"name":"Абай көшесі","parts":["Абай","көшесі"]}`,
	} {
		got, err := ty.Decode(version, []byte(data))
		if err != nil {
			t.Errorf("version %d: %v", version, err)
			continue
		}
		if e := got.(lifted); e.Name != want.Name || !slices.Equal(e.Parts, want.Parts) {
			t.Errorf("version %d became %+v, want %+v", version, e, want)
		}
	}
}

func TestWhatCannotBeLiftedIsAnError(t *testing.T) {
	ty := domain.EventOf[lifted](rename, split)
	for _, c := range []struct {
		version    int
		data, says string
	}{
		{0, `{}`, "version 0 is not known"},
		{4, `{}`, "version 4 is not known"},
		{2, `{}`, "upcast from version 2"},
		{3, `null`, "null"},
		{3, `{"name":`, "unexpected end"},
	} {
		if e, err := ty.Decode(c.version, []byte(c.data)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("version %d of %s: %v, %v; want an error that says %q", c.version, c.data, e, err, c.says)
		}
	}
}
