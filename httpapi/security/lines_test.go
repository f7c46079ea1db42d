package security

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"tizilim/domain"
	"tizilim/httpapi/operation"
)

// disk takes bytes as long as there is room.
type disk struct {
	bytes.Buffer
	room int
}

func (d *disk) Write(p []byte) (int, error) {
	n, _ := d.Buffer.Write(p[:min(d.room, len(p))])
	d.room -= n
	if n < len(p) {
		return n, syscall.ENOSPC
	}
	return n, nil
}

func TestAFullDiskCostsTheSecurityLogTheLinesOfThatTimeAndNoOthers(t *testing.T) {
	var told strings.Builder
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&told, nil)))
	defer slog.SetDefault(before)
	d, r := &disk{room: 1 << 20}, prometheus.NewRegistry()
	l := New(d, r, time.Now)
	refuse := func(account string) {
		who := desk
		who.Account = account
		l.Request(operation.Seen{Caller: who, Status: http.StatusForbidden, Code: domain.CodeRoleNotAllowed})
	}
	refuse("before")
	d.room = 40 // the next line is torn
	for range 100 {
		refuse("lost")
	}
	d.room = 1 << 20
	refuse("after")
	refuse("at the end")

	var whole []string
	for _, line := range strings.Split(strings.TrimSuffix(d.String(), "\n"), "\n") {
		var read map[string]any
		if json.Unmarshal([]byte(line), &read) == nil {
			whole = append(whole, read["user.id"].(string))
		}
	}
	if got := strings.Join(whole, ", "); got != "before, after, at the end" {
		t.Errorf("the lines are of %q:\n%s", got, d.String())
	}
	if n, err := testutil.GatherAndCount(r, "tizilim_security_lines_lost_total"); n != 1 || err != nil {
		t.Fatalf("%d metrics, %v", n, err)
	}
	if err := testutil.GatherAndCompare(r, strings.NewReader(`
# HELP tizilim_security_lines_lost_total Lines of the security log that could not be written.
# TYPE tizilim_security_lines_lost_total counter
tizilim_security_lines_lost_total 100
`), "tizilim_security_lines_lost_total"); err != nil {
		t.Error(err)
	}
	if lines := strings.Count(told.String(), "\n"); lines != 2 || !strings.Contains(told.String(), "lines_lost=100") {
		t.Errorf("it is told:\n%s", told.String())
	}
}
