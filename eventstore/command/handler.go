package command

import (
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"tizilim/domain"
	"tizilim/domain/certificates"
	"tizilim/domain/rules"
)

// streamsCached bounds the streams kept in memory. Most are a person with a few
// registrations; a list takes about 400 bytes per entry.
const streamsCached = 10_000

// Handler carries out commands. It is safe for concurrent use.
type Handler struct {
	log     Log
	model   Model
	streams *lru.Cache[cacheKey, any] // *cached of a state, least recently used first out
	keepers *lru.Cache[domain.ListID, domain.BodyID]
	now     func() time.Time
	clock   Clock
	rules   rules.Book

	signatures     SignatureVerifier
	mobileCitizens MobileCitizens
	gateway        Gateway
	passwordKey    PasswordKey
	checkKey       certificates.CheckKey
	logger         *slog.Logger

	bodies *Directory // nil: no body is recorded

	keys    DataKeys // nil: nothing is sealed, and nobody is erased
	records Records

	merges atomic.Uint64 // of records, and undone ones, that this process has carried out

	lockOrder lockOrder
}

// Config is what a [Handler] works with. All of it is required but Clock, Rules, Bodies,
// and Keys with Records.
type Config struct {
	Log   Log
	Model Model
	Now   func() time.Time // the clock for steps that the registry takes by itself
	Clock Clock            // says whether Now can be relied on; nil: it always can, as in a measurement
	Rules rules.Book       // by which commands are judged; the zero Book is the built-in one

	Signatures     SignatureVerifier
	MobileCitizens MobileCitizens
	Gateway        Gateway // of the one-time passwords
	PasswordKey    PasswordKey
	CheckKey       certificates.CheckKey // of the check codes on documents
	Logger         *slog.Logger

	Bodies *Directory // nil: no body is recorded, as in a measurement

	Keys    DataKeys // nil: nothing is sealed, and nobody is erased
	Records Records  // needed with Keys
}

// New returns a Handler. It fails where something that is required is missing.
func New(c Config) (*Handler, error) {
	if c.Log == nil || c.Model == nil || c.Now == nil || c.Signatures == nil || c.MobileCitizens == nil ||
		c.Gateway == nil || len(c.PasswordKey) == 0 || len(c.CheckKey) == 0 || c.Logger == nil {
		return nil, errors.New("command: of a Config, everything but Clock, Rules and Bodies is required")
	}
	if c.Keys != nil && c.Records == nil {
		return nil, errors.New("command: a Config with Keys needs Records")
	}
	streams, err := lru.New[cacheKey, any](streamsCached)
	if err != nil {
		return nil, fmt.Errorf("command: the cache of streams: %w", err)
	}
	keepers, err := lru.New[domain.ListID, domain.BodyID](keepersCached)
	if err != nil {
		return nil, fmt.Errorf("command: the cache of keepers: %w", err)
	}
	// The registry's own commands have the zone and the precision of clients'
	// commands, so that a step looks the same whoever takes it.
	now := func() time.Time { return c.Now().UTC().Truncate(time.Microsecond) }
	if c.Clock == nil {
		c.Clock = unchecked{}
	}
	return &Handler{
		log: c.Log, model: c.Model, streams: streams, keepers: keepers, now: now, clock: c.Clock, rules: c.Rules,
		signatures:     c.Signatures,
		mobileCitizens: c.MobileCitizens, gateway: c.Gateway, passwordKey: c.PasswordKey,
		checkKey: c.CheckKey, logger: c.Logger, bodies: c.Bodies, keys: c.Keys, records: c.Records,
	}, nil
}

// Options of a command.
type Options struct {
	IfMatch *uint64 // the revision that the caller saw; nil where it does not care
	DryRun  bool    // tell what would be appended, and append nothing
	Signed  Signed  // how it is signed, where it is
}

// Receipt is the answer to a command.
type Receipt struct {
	Stream   string
	Revision uint64            // of the last event of the command
	Position domain.Position   // of the last event of the command
	Events   []domain.Recorded // the command's events on this stream, as the log holds them
	Repeated bool              // the command had been carried out before
	Planned  bool              // a dry run: Events are what would be appended, and nothing was
	Begins   bool              // a dry run: the stream is not there, and would begin with Events
}
