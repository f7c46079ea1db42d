package httpapi

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"tizilim/domain"
	"tizilim/projections"
)

// Each reason of /readyz by itself: what a look has found, and the codes and words that tell it.
func TestEachThingThatALookFindsHasItsReason(t *testing.T) {
	serves := projections.Status{Serving: 1, Position: 40, Projector: true}
	fills := projections.Status{Building: 2, Built: 7, Target: 90, Projector: true, Withdrawn: "damaged"}
	for name, c := range map[string]struct {
		look  projections.Comparison
		codes []string
		words string
	}{
		"nothing":       {projections.Comparison{Head: 40, Status: serves}, nil, ""},
		"Redis is away": {projections.Comparison{ModelErr: errors.New("refused")}, []string{"redis_does_not_answer"}, ""},
		"Redis throws away": {
			projections.Comparison{Status: serves, Evicts: "allkeys-lru"}, []string{"redis_evicts_keys"}, "allkeys-lru",
		},
		"Redis is full": {
			projections.Comparison{Status: serves, Refuses: "OOM"}, []string{"redis_refuses_writes"}, "maxmemory",
		},
		"Redis is a replica": {
			projections.Comparison{Status: serves, Refuses: "READONLY"}, []string{"redis_refuses_writes"}, "replica",
		},
		"Redis cannot save": {
			projections.Comparison{Status: serves, Refuses: "MISCONF"}, []string{"redis_refuses_writes"}, "disk",
		},
		"Redis has no replicas": {
			projections.Comparison{Status: serves, Refuses: "NOREPLICAS"}, []string{"redis_refuses_writes"}, "replicas",
		},
		"the log may be another one": {
			projections.Comparison{Head: 30, Status: serves, Ahead: true}, []string{"log_replaced"}, "looks again",
		},
		"the log lacks an event": {
			projections.Comparison{Status: serves, Ahead: true, Lost: domain.EventRef{Stream: "queue-1", Revision: 4}},
			[]string{"log_replaced"}, "queue-1@4",
		},
		"the log is another one": {
			projections.Comparison{Status: fills, Replaced: true}, []string{"log_replaced"}, "given up",
		},
		"no model": {
			projections.Comparison{Status: projections.Status{Projector: true}}, []string{"model_not_filled"}, "there is no",
		},
		"a model is filled":   {projections.Comparison{Status: fills}, []string{"model_not_filled"}, "7 of 90"},
		"a model lost keys":   {projections.Comparison{Status: fills}, []string{"model_not_filled"}, "lost keys"},
		"the model went back": {projections.Comparison{Status: serves, WentBack: true}, []string{"model_went_back"}, "40"},
		"it stands still": {
			projections.Comparison{Head: 50, Status: serves, Still: true}, []string{"model_stands_still"}, "50",
		},
		"nobody keeps it up": {
			projections.Comparison{Status: projections.Status{Serving: 1}}, []string{"no_projector"}, "",
		},
		"several": {
			projections.Comparison{Status: projections.Status{}, Refuses: "OOM"},
			[]string{"redis_refuses_writes", "model_not_filled", "no_projector"}, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var codes []string
			text := ""
			for _, r := range modelReasons(c.look) {
				codes, text = append(codes, r.Code), text+r.Detail
			}
			if !slices.Equal(codes, c.codes) {
				t.Errorf("the reasons are %v, want %v", codes, c.codes)
			}
			if !strings.Contains(text, c.words) {
				t.Errorf("%q lacks %q", text, c.words)
			}
		})
	}
}
