package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tizilim/domain"
)

// TestATrialClockLetsTermsPass: an application in time is late when the clock has gone two months
// forward, the session holds, what is signed then is taken, and the clock stays where it is after a
// restart. A start by the clock of the machine is refused.
func TestATrialClockLetsTermsPass(t *testing.T) {
	t.Parallel()
	ctx, data := testContext(t), dataDir(t)
	s := serve(t, data, "127.0.0.1:0", "--trial-clock")
	told := storytellerFor(t, s)
	list, err := told.openList(ctx, "Тізім")
	if err != nil {
		t.Fatal(err)
	}
	p, err := told.record(ctx, "Айгүл", "1990-01-01", "citizen", true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := told.apply(ctx, list, p, true); err != nil {
		t.Fatal(err)
	}
	late := func() (n int) {
		var work struct{ Cases []any }
		if err := told.get(ctx, as(domain.RoleAuditor), "/v1/cases?overdue=true", &work); err != nil {
			t.Fatal(err)
		}
		return len(work.Cases)
	}
	if n := late(); n != 0 {
		t.Fatalf("%d cases are late at once", n)
	}
	said := use(t, "trial-clock", "--data", data, "--days", "60")
	day := domain.DateOf(time.Now()).AddDays(60)
	if !strings.Contains(said, "shows "+day.String()) {
		t.Errorf("the tool says %q, want %s", said, day)
	}
	if n := late(); n != 1 {
		t.Errorf("%d cases are late after two months", n)
	}
	shows := func() string {
		response, err := http.Get(s.url + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		return response.Header.Get("Tizilim-Trial-Clock")
	}
	if got := shows(); !strings.HasPrefix(got, day.String()) {
		t.Errorf("an answer says that it is %s", got)
	}
	s.signal(os.Interrupt)
	s.exits(0)

	refused := launch(t, "serve", "--listen", "127.0.0.1:0", "--data", data)
	refused.exits(1)
	if !strings.Contains(refused.stderr.String(), "has lived by a trial clock") {
		t.Errorf("a start by the clock of the machine: %s", refused.stderr.String())
	}
	s = serve(t, data, "127.0.0.1:0", "--trial-clock")
	if got := shows(); !strings.HasPrefix(got, day.String()) {
		t.Errorf("after a restart it is %s", got)
	}
	use(t, "trial-clock", "--data", data, "--to", day.AddDays(1).String())
	if got, want := shows(), day.AddDays(1).String()+"T09:00"; !strings.HasPrefix(got, want) {
		t.Errorf("it is %s, want %s", got, want)
	}
	back := launch(t, "trial-clock", "--data", data, "--to", day.String())
	back.exits(1)
	if !strings.Contains(back.stderr.String(), "forward only") {
		t.Errorf("back: %s", back.stderr.String())
	}
	s.verifies()
}

// TestATrialClockIsForNoRealRegistry: neither for one that has days of its own, nor for what others
// can reach.
func TestATrialClockIsForNoRealRegistry(t *testing.T) {
	t.Parallel()
	data := dataDir(t)
	s := serve(t, data, "127.0.0.1:0")
	real := launch(t, "trial-clock", "--data", data, "--days", "1")
	real.exits(1)
	if !strings.Contains(real.stderr.String(), "is not one for trying") {
		t.Errorf("the clock of a real registry: %s", real.stderr.String())
	}
	s.signal(os.Interrupt)
	s.exits(0)
	for want, flags := range map[string][]string{
		"has real days":         {"--listen", "127.0.0.1:0", "--data", data},
		"not for a real event":  {"--data", dataDir(t), "--eventstore", "esdb://127.0.0.1:1?tls=false"},
		"sends nothing":         {"--data", dataDir(t), "--gateway", "http://127.0.0.1:1"},
		"is for one machine":    {"--data", dataDir(t), "--listen", "0.0.0.0:0"},
		"is for one machine to": {"--data", dataDir(t), "--listen", ":0"},
	} {
		p := launch(t, append([]string{"serve", "--trial-clock"}, flags...)...)
		p.exits(1)
		if !strings.Contains(p.stderr.String(), strings.TrimSuffix(want, " to")) {
			t.Errorf("%v: %s", flags, p.stderr.String())
		}
	}
	if err := os.WriteFile(trialFile(data), []byte(`{"ahead_seconds": -1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	damaged := launch(t, "serve", "--trial-clock", "--listen", "127.0.0.1:0", "--data", data)
	damaged.exits(1)
	if !strings.Contains(damaged.stderr.String(), fmt.Sprint(filepath.Base(trialFile(data)), " is damaged")) {
		t.Errorf("a damaged file: %s", damaged.stderr.String())
	}
}
