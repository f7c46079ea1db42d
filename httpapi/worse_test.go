package httpapi_test

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/eventstore/command"
)

// TestQ43_AHolderReadsThatTheirNumberGotWorse: on the day after, once, in their language, and not who
// stands before them. Who was put first reads of the priority alone.
func TestQ43_AHolderReadsThatTheirNumberGotWorse(t *testing.T) {
	s := start(t).at(t)
	s.notify(nil)
	list := s.list()
	first, _, _ := s.entry(list)
	second, entry, _ := s.entry(list)
	commission := s.token(domain.RoleCommission)
	s.command("/v1/queues/"+list+"/priority-rule", commission, body{"categories": []string{"orphan"}, "basis": "act 5"}).is(http.StatusOK)
	s.reached(s.command(entryPath(list, entry)+"/priority", commission, body{"category": "orphan"}).is(http.StatusOK))

	today := domain.DateOf(s.clock.Now())
	s.clock.pass(housing.WorseToldFrom(today).Sub(s.clock.Now()) + time.Second)
	for range 2 {
		command.NewTimer(s.another(), s.model, slog.New(slog.DiscardHandler)).Once(context.Background())
		s.reached(s.notify(nil))
		s.circulate()
	}
	told := func(person string) (texts []string) {
		for _, one := range s.get("/v1/me/notices?language=en", s.as(person)).is(http.StatusOK).body["notices"].([]any) {
			if n := one.(map[string]any); n["kind"] == "number_worse" {
				texts = append(texts, n["text"].(string))
			}
		}
		return texts
	}
	year, month, day := today.Start().Date()
	on := time.Date(year, month, day, 0, 0, 0, 0, domain.Zone).Format("02.01.2006")
	if texts := told(first); len(texts) != 1 || !strings.Contains(texts[0], on) || strings.Contains(texts[0], second) {
		t.Errorf("who was overtaken reads %q", texts)
	}
	if texts := told(second); len(texts) != 0 {
		t.Errorf("who was put first reads %q", texts)
	}
}
