package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"tizilim/domain"
	"tizilim/httpapi"
	"tizilim/httpapi/limits"
	"tizilim/projections"
)

// BenchmarkNumberRead measures what the limits add to the read of a number: none, those of
// this process, and with a round trip to Redis for each read.
func BenchmarkNumberRead(b *testing.B) {
	redis := func(t testing.TB) projections.Client { client, _ := realRedis(t); return client }
	wide := limits.Table{}
	for class, row := range limits.Default() {
		wide[class] = row
		for who, limit := range row {
			limit.Calls, limit.Burst = 1_000_000, 1_000_000
			wide[class][who] = limit
		}
	}
	for _, test := range []struct {
		name string
		with func(*settings)
	}{
		{"unbounded", func(*settings) {}},
		{"bounded", func(s *settings) { s.limits = wide }},
	} {
		b.Run(test.name, func(b *testing.B) {
			r := start(b, test.with, func(s *settings) { s.redis = redis })
			s := r.at(b)
			person, entry, list := "", "", s.list()
			person, entry, _ = s.entry(list)
			path, own := entryPath(list, entry), s.as(person)
			r.until("the model has it", func() bool { return s.get(path, own).status == http.StatusOK })
			benchmarkRead(b, r.server, path, own)
		})
	}
	b.Run("a count in Redis alone", func(b *testing.B) {
		client, _ := realRedis(b)
		counts := projections.NewLimits(client, projections.Options{})
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, _, _, err := counts.Take(b.Context(), "read:"+string(domain.RoleOperator), 1e6, 1e9, 1e6); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

func benchmarkRead(b *testing.B, server *httpapi.Server, path, token string) {
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			request := httptest.NewRequest(http.MethodGet, path, nil)
			request.Header.Set("Authorization", "Bearer "+token)
			answered := httptest.NewRecorder()
			server.ServeHTTP(answered, request)
			if answered.Code != http.StatusOK {
				b.Fatal(answered.Code, answered.Body)
			}
		}
	})
}
