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

// cacheSize is the size of the block cache of the storage engine, in bytes. The memory for
// writes, two tables of 16 MiB, is not part of it.
const cacheSize = 64 << 20

type settings struct {
	fs       vfs.FS
	now      func() time.Time
	logger   *slog.Logger
	tls      *tls.Config
	username string
	password string
}

// valid returns an error where the settings contradict each other.
func (s *settings) valid() error {
	if s.username != "" && s.tls == nil {
		return errors.New("credentials need TLS: clients do not send them without TLS")
	}
	return nil
}

// Option changes one default of a node.
type Option func(*settings)

// InMemory keeps the store in memory instead of the directory. Its contents are lost when
// the node closes.
func InMemory() Option { return func(s *settings) { s.fs = vfs.NewMem() } }

// WithFileSystem keeps the store on the file system, such as one whose faults a test decides.
func WithFileSystem(fs vfs.FS) Option { return func(s *settings) { s.fs = fs } }

// WithClock replaces time.Now. The clock gives events their creation time, and their age for
// $maxAge.
func WithClock(now func() time.Time) Option { return func(s *settings) { s.now = now } }

// WithLogger replaces slog.Default.
func WithLogger(logger *slog.Logger) Option { return func(s *settings) { s.logger = logger } }

// WithTLS serves TLS only.
func WithTLS(config *tls.Config) Option { return func(s *settings) { s.tls = config } }

// WithCredentials admits only clients with this user and password. It needs WithTLS. Without
// credentials the node admits every client.
func WithCredentials(username, password string) Option {
	return func(s *settings) { s.username, s.password = username, password }
}
