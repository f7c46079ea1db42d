package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tizilim/httpapi/token"
)

// tokenKeys are the keys of the registry's own tokens, and the file that has them: one a
// line, 32 bytes in hex. The first signs, the others are still accepted.
type tokenKeys struct {
	*token.Issuer
	path string
	text []byte // of the file, as it was read
}

func tokenKeysFile(data string) string { return filepath.Join(keysDir(data), "token.key") }

// keysEvery is how often a server looks whether the file of token keys has changed.
const keysEvery = time.Second

// openTokenKeys reads the file. It makes one with a key where there is none.
func openTokenKeys(path string) (tokenKeys, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := makeKey(path); err != nil {
			return tokenKeys{}, fmt.Errorf("make key: %w", err)
		}
	}
	text, keys, err := readTokenKeys(path)
	if err != nil {
		return tokenKeys{}, err
	}
	issuer, err := token.NewIssuer(token.MaxLifetime, keys...)
	return tokenKeys{issuer, path, text}, err
}

// readTokenKeys reads the file of token keys.
func readTokenKeys(path string) (text []byte, keys []*token.Key, err error) {
	if text, err = os.ReadFile(path); err != nil {
		return nil, nil, fmt.Errorf("read key: %w", err)
	}
	for line := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n") {
		seed, err := hex.DecodeString(strings.TrimSpace(line))
		if err != nil || len(seed) != keySize {
			return nil, nil, fmt.Errorf("%s does not have keys of %d bytes in hex, one a line; "+
				"restore it from a backup", path, keySize)
		}
		key, err := token.NewKey(seed)
		if err != nil {
			return nil, nil, err
		}
		keys = append(keys, key)
	}
	return text, keys, nil
}

// follow takes over changes of the file until ctx ends, so that a key can be added and
// removed while the server runs. A file that cannot be read changes nothing.
func (k tokenKeys) follow(ctx context.Context, logger *slog.Logger) {
	tick := time.NewTicker(keysEvery)
	defer tick.Stop()
	for failed := false; ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		text, keys, err := readTokenKeys(k.path)
		if err == nil && !bytes.Equal(text, k.text) {
			if err = k.Use(keys...); err == nil {
				logger.Info("the keys of tokens have changed", "keys", len(keys))
			}
		}
		if err != nil && !failed {
			logger.Warn("the keys of tokens cannot be read; those that are known stay", "error", err)
		}
		if failed = err != nil; !failed {
			k.text = text
		}
	}
}

type tokenKeysCommand struct {
	List   tokenKeysListCommand   `cmd:"" default:"withargs" help:"Print the ids of the keys. The first signs, the others are still accepted."`
	Rotate tokenKeysRotateCommand `cmd:"" help:"Make a new key that signs from now on. Those before stay accepted."`
	Remove tokenKeysRemoveCommand `cmd:"" help:"Delete a key. The tokens that it signed are refused."`
}

type tokenKeysListCommand struct {
	Data string `help:"Data directory of the server." default:"./data" type:"path" env:"TIZILIM_DATA"`
}

func (c *tokenKeysListCommand) Run(ctx context.Context) error {
	if _, err := existingKeys(ctx, c.Data); err != nil {
		return err
	}
	_, keys, err := readTokenKeys(tokenKeysFile(c.Data))
	if err != nil {
		return err
	}
	for i, key := range keys {
		use := "accepted"
		if i == 0 {
			use = "signs"
		}
		fmt.Println(key.ID(), use)
	}
	return nil
}

type tokenKeysRotateCommand struct {
	Data string `help:"Data directory of the server." default:"./data" type:"path" env:"TIZILIM_DATA"`
}

func (c *tokenKeysRotateCommand) Run(ctx context.Context) error {
	return changeTokenKeys(ctx, c.Data, func(lines []string, _ []*token.Key) ([]string, error) {
		seed := make([]byte, keySize)
		if _, err := rand.Read(seed); err != nil {
			return nil, err
		}
		key, err := token.NewKey(seed)
		if err != nil {
			return nil, err
		}
		fmt.Println(key.ID())
		return append([]string{hex.EncodeToString(seed)}, lines...), nil
	})
}

type tokenKeysRemoveCommand struct {
	Data string `help:"Data directory of the server." default:"./data" type:"path" env:"TIZILIM_DATA"`
	ID   string `arg:"" help:"Id of the key, as tizilim token keys prints it."`
}

func (c *tokenKeysRemoveCommand) Run(ctx context.Context) error {
	return changeTokenKeys(ctx, c.Data, func(lines []string, keys []*token.Key) ([]string, error) {
		var rest []string
		for i, key := range keys {
			if key.ID() != c.ID {
				rest = append(rest, lines[i])
			}
		}
		switch {
		case len(rest) == len(lines):
			return nil, errors.New("no key has this id: tizilim token keys prints those that there are")
		case len(rest) == 0:
			return nil, errors.New("this is the only key: make another one with tizilim token keys rotate first")
		}
		return rest, nil
	})
}

// changeTokenKeys replaces the lines of the file of token keys, at once.
func changeTokenKeys(ctx context.Context, data string, change func(lines []string, keys []*token.Key) ([]string, error)) error {
	if _, err := existingKeys(ctx, data); err != nil {
		return err
	}
	path := tokenKeysFile(data)
	text, keys, err := readTokenKeys(path)
	if err != nil {
		return err
	}
	lines, err := change(strings.Fields(string(text)), keys)
	if err != nil {
		return err
	}
	if err := replaceFile(path, []byte(strings.Join(lines, "\n")+"\n")); err != nil {
		return err
	}
	if before := strings.Fields(string(text)); before[len(before)-1] == lines[len(lines)-1] {
		return nil
	}
	return recordTokenKey(ctx, data)
}

// oldestTokenKey reads the oldest key of the file, which belongs to the log.
func oldestTokenKey(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	all, err := keysIn(path, string(text))
	if err != nil {
		return nil, err
	}
	return all[len(all)-1], nil
}

// recordTokenKey records in the log that the oldest key of tokens is another one now, so
// that the next start takes it for the log's own. Before the first start there is no log.
func recordTokenKey(ctx context.Context, data string) error {
	if _, err := os.Stat(endpointsFile(data)); err != nil && !holdsStore(storeDirOf(data)) {
		return nil
	}
	_, log, end, err := keysPlace{Data: data}.open(ctx)
	if err == nil {
		_, err = acceptKey(ctx, log, keysDir(data), "token", "tizilim token keys")
		err = errors.Join(err, end())
	}
	if err != nil {
		return fmt.Errorf("the keys of tokens are changed, but the log does not say so (%w): "+
			"record it with tizilim keys accept token, or the next start is refused", err)
	}
	return nil
}
