package private

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
)

// The oldest version that the read model runs on.
const oldestMajor, oldestMinor = 6, 2

// ErrNotInstalled says that no redis-server is in the PATH.
var ErrNotInstalled = errors.New("no redis-server is installed")

// Find returns the redis-server in the PATH. Errors: [ErrNotInstalled], or why the one that
// is there cannot be used.
func Find(ctx context.Context) (binary string, err error) {
	if binary, err = exec.LookPath("redis-server"); err != nil {
		return "", ErrNotInstalled
	}
	said, err := exec.CommandContext(ctx, binary, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("the redis-server at %s does not tell its version: %w", binary, err)
	}
	if err := recentEnough(string(said)); err != nil {
		return "", fmt.Errorf("the redis-server at %s cannot be used: %w", binary, err)
	}
	return binary, nil
}

var versionPattern = regexp.MustCompile(`\bv=(\d+)\.(\d+)`)

// recentEnough reads what redis-server --version says.
func recentEnough(said string) error {
	match := versionPattern.FindStringSubmatch(said)
	if match == nil {
		return errors.New("it does not tell its version")
	}
	major, err := strconv.Atoi(match[1])
	if err != nil {
		return err
	}
	minor, err := strconv.Atoi(match[2])
	if err != nil {
		return err
	}
	if major < oldestMajor || major == oldestMajor && minor < oldestMinor {
		return fmt.Errorf("its version is %d.%d, and %d.%d or later is needed", major, minor, oldestMajor, oldestMinor)
	}
	return nil
}
