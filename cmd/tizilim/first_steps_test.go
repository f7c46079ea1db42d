package main

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"tizilim/domain"
)

// terminal returns the two ends of a new terminal: what a person sees, and what a process
// writes to.
func terminal(t *testing.T) (screen, tty *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { screen.Close() })
	if err := unix.IoctlSetPointerInt(int(screen.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(screen.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tty.Close() })
	return screen, tty
}

// TestATerminalIsShownATokenForEachRole, and what is no terminal is not
// (testdata/script/serve.txtar): it may be a log.
func TestATerminalIsShownATokenForEachRole(t *testing.T) {
	screen, tty := terminal(t)
	cmd := exec.Command("tizilim", "serve", "--listen", "127.0.0.1:0", "--data", dataDir(t))
	var logged output
	cmd.Stdout, cmd.Stderr = tty, &logged
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
	})
	tokens := map[string]string{}
	url := ""
	lines := bufio.NewScanner(screen)
	for lines.Scan() && !strings.Contains(lines.Text(), " demo --url ") {
		if m := regexp.MustCompile(`export ([A-Z]+)=(\S+)`).FindStringSubmatch(lines.Text()); m != nil {
			tokens[m[1]] = m[2]
		}
		if m := regexp.MustCompile(`answers at (http://\S+) `).FindStringSubmatch(lines.Text()); m != nil {
			url = m[1]
		}
	}
	for _, role := range domain.Roles {
		request, err := http.NewRequest(http.MethodGet, url+"/v1/me/notices", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+tokens[upper(role)])
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		want := http.StatusForbidden
		if role == domain.RoleCitizen {
			want = http.StatusOK
		}
		if response.StatusCode != want {
			t.Errorf("the token %q of %s: got %d, want %d", tokens[upper(role)], role, response.StatusCode, want)
		}
	}
	if strings.Contains(logged.String(), "eyJ") {
		t.Errorf("a token is in the log:\n%s", logged.String())
	}
}
