package httpapi_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"

	"tizilim/domain"
	"tizilim/httpapi"
)

// countedLog counts the pages of history that are read from it. From the second on, a page
// waits until its request is given up.
type countedLog struct {
	httpapi.Log
	holds atomic.Bool
	asked chan struct{} // one for each page that waits
	gone  chan struct{} // one for each that was given up
}

func (l *countedLog) ReadPage(ctx context.Context, stream string, from uint64, limit int) ([]domain.Recorded, error) {
	if l.holds.Load() {
		l.asked <- struct{}{}
		<-ctx.Done()
		l.gone <- struct{}{}
		return nil, ctx.Err()
	}
	return l.Log.ReadPage(ctx, stream, from, limit)
}

func TestAHistoryIsReadNoFurtherWhenItsReaderHasGone(t *testing.T) {
	log := &countedLog{asked: make(chan struct{}, 100), gone: make(chan struct{}, 100)}
	s := start(t, func(set *settings) {
		set.log = func(l httpapi.Log) httpapi.Log { log.Log = l; return log }
	}).at(t)
	person := s.citizen()
	path, auditor := "/v1/persons/"+person+"/history", s.token(domain.RoleAuditor)
	s.until("the model has it", func() bool { return s.get(path, auditor).status == http.StatusOK })

	log.holds.Store(true)
	ctx, leave := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.http.URL+path, nil)
	must(t, err)
	request.Header.Set("Authorization", "Bearer "+auditor)
	request.Header.Set("Accept", "application/x-ndjson")
	done := make(chan error, 1)
	go func() {
		response, err := client.Do(request)
		if err == nil {
			err = response.Body.Close()
		}
		done <- err
	}()
	<-log.asked
	leave()
	<-log.gone
	if err := <-done; err == nil {
		t.Error("control: the reader did not go")
	}
	select {
	case <-log.asked:
		t.Error("the history is read on")
	default:
	}
}
