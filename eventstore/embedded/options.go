package embedded

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// maxAppendSize is the limit on the events of one append, in bytes of data,
// metadata and type (UTF-16), as EventStoreDB has it by default.
const maxAppendSize = 1 << 20

// cacheSize is the memory that the storage engine keeps blocks of the disk in, in
// bytes. Memory for writes, two tables of 16 MiB, comes on top.
const cacheSize = 64 << 20

type settings struct {
	fs       vfs.FS
	now      func() time.Time
	logger   *slog.Logger
	tls      *tls.Config
	username string
	password string
}

func (s *settings) validate() error {
	if s.username != "" && s.tls == nil {
		return errors.New("credentials need TLS: clients never send them in the clear")
	}
	return nil
}

// An Option changes one default of a node.
type Option func(*settings)

// InMemory keeps the store in memory instead of the directory; its contents
// end with the node.
func InMemory() Option { return func(s *settings) { s.fs = vfs.NewMem() } }

// WithClock replaces time.Now as the source of the events' creation times and
// of the age that $maxAge compares with.
func WithClock(now func() time.Time) Option { return func(s *settings) { s.now = now } }

// WithLogger replaces slog.Default.
func WithLogger(logger *slog.Logger) Option { return func(s *settings) { s.logger = logger } }

// WithTLS serves TLS only.
func WithTLS(config *tls.Config) Option { return func(s *settings) { s.tls = config } }

// WithCredentials admits only clients that know the one user of the node. It
// needs WithTLS. Without credentials everybody who can connect is admitted.
func WithCredentials(username, password string) Option {
	return func(s *settings) { s.username, s.password = username, password }
}
