package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
	"tizilim/eventstore"
	"tizilim/eventstore/command"
	"tizilim/eventstore/embedded"
	"tizilim/httpapi"
	"tizilim/httpapi/token"
	"tizilim/projections"
)

// world is a registry in this process, with access to its parts.
type world struct {
	store     *eventstore.Store
	raw       *esdb.Client // for the floors
	redis     projections.Client
	model     *projections.Reader
	projector *projections.Projector
	commands  *command.Handler
	api, bare *httptest.Server
	http      *http.Client
	tokens    map[domain.Role]string
	issue     *token.Issuer
	head      domain.Position
	dwellings []domain.DwellingID // two dwellings to move between
	closers   []func()            // in the order of opening
}

// startRedis starts a Redis without persistence on a free port.
func startRedis(binary string) (address string, end func(), err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	address = listener.Addr().String()
	if err := listener.Close(); err != nil {
		return "", nil, err
	}
	_, port, _ := strings.Cut(address, ":")
	server := exec.Command(binary, "--port", port, "--bind", "127.0.0.1",
		"--save", "", "--appendonly", "no", "--dir", os.TempDir())
	out, err := server.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := server.Start(); err != nil {
		return "", nil, err
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.Contains(lines.Text(), "Ready to accept connections") {
			return "redis://" + address, func() { _ = server.Process.Kill(); _ = server.Wait() }, nil
		}
	}
	return "", nil, errors.New("redis-server did not start")
}

// newWorld starts a registry on an empty store. An empty address stands for the
// in-process Redis.
func newWorld(redis string) (w *world, err error) {
	w = &world{tokens: map[domain.Role]string{}}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	quiet := slog.New(slog.DiscardHandler)
	if err := w.openStore(quiet); err != nil {
		return w, err
	}
	metrics := prometheus.NewRegistry()
	options := projections.Options{Logger: quiet, Registerer: metrics, AwaitTimeout: time.Minute}
	if err := w.openModel(redis, options); err != nil {
		return w, err
	}
	key := bytes.Repeat([]byte{7}, 32)
	if err := w.issueTokens(key); err != nil {
		return w, err
	}
	if w.commands, err = command.New(command.Config{
		Log: w.store, Model: outside{}, Now: time.Now, Signatures: outside{}, MobileCitizens: outside{}, Gateway: outside{},
		PasswordKey: key, CheckKey: key, Logger: quiet,
	}); err != nil {
		return w, err
	}
	accepted, err := token.NewChecker(map[string]token.Source{token.LocalIssuer: w.issue}, nil)
	if err != nil {
		return w, err
	}
	watch, err := projections.NewWatch(w.model, w.store, projections.Options{Logger: quiet})
	if err != nil {
		return w, err
	}
	directory := command.NewDirectory(w.store, true)
	following, stop := context.WithCancel(context.Background())
	w.atEnd(stop)
	go directory.Run(following, w.store)
	identities := command.NewIdentities(w.commands)
	accepted.Identify(identities)
	w.api = httptest.NewServer(httpapi.New(httpapi.Config{
		Commands: w.commands, Directory: directory, Log: w.store, Model: w.model, Watch: watch, Claims: projections.NewClaims(w.redis, options),
		Tokens: accepted, Identity: identities, PersonKey: key, Metrics: metrics, Logger: quiet, Now: time.Now, Version: "bench",
	}))
	w.atEnd(w.api.Close)
	engine := gin.New()
	constant := []byte(strings.Repeat("x", 600)) // about as long as an answer with a number
	engine.GET("/constant", func(c *gin.Context) { c.Data(http.StatusOK, "application/json", constant) })
	w.bare = httptest.NewServer(engine)
	w.atEnd(w.bare.Close)
	w.http = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	w.atEnd(w.http.CloseIdleConnections)
	return w, nil
}

// outside replaces everything that commands need beside the log. It answers at once and
// is empty, so that only the log is measured.
type outside struct{}

func (outside) CatchUp(context.Context) error { return nil }

func (outside) Occupants(context.Context, domain.DwellingID, domain.Date) ([]domain.PersonID, error) {
	return nil, nil
}

func (outside) Street(context.Context, domain.KATO, string, string) ([]domain.DwellingID, string, error) {
	return nil, "", nil
}
func (outside) Keeps(context.Context, domain.BodyID) (bool, error)       { return false, nil }
func (outside) ListsOf(context.Context, string) ([]domain.ListID, error) { return nil, nil }

func (outside) Holder([]byte) (domain.Holder, error) {
	return domain.Holder{}, errors.New("bench: nothing is signed here")
}

func (outside) Verify(context.Context, []byte, []byte, time.Time) (domain.Evidence, error) {
	return domain.Evidence{}, errors.New("bench: nothing is signed here")
}

func (outside) Phone(context.Context, domain.IIN) (domain.Personal, error) { return "", nil }

func (outside) Send(context.Context, command.Message) error { return nil }

// openStore opens an embedded event store, and connects to it twice: as the registry
// does, and with the client alone.
func (w *world) openStore(quiet *slog.Logger) error {
	dir, err := os.MkdirTemp("", "tizilim-bench-")
	if err != nil {
		return err
	}
	w.atEnd(func() { _ = os.RemoveAll(dir) })
	node, err := embedded.Open(dir, embedded.WithLogger(quiet))
	if err != nil {
		return err
	}
	w.atEnd(func() { _ = node.Close() })
	if err := node.Start("127.0.0.1:0"); err != nil {
		return err
	}
	if w.store, err = eventstore.Open(node.ConnectionString(), quiet); err != nil {
		return err
	}
	w.atEnd(func() { _ = w.store.Close() })
	config, err := esdb.ParseConnectionString(node.ConnectionString())
	if err != nil {
		return err
	}
	config.Logger = func(esdb.LogLevel, string, ...any) {}
	if w.raw, err = esdb.NewClient(config); err != nil {
		return err
	}
	w.atEnd(func() { _ = w.raw.Close() })
	return nil
}

// openModel connects to Redis and starts the projector.
func (w *world) openModel(redis string, options projections.Options) (err error) {
	if redis == "" {
		inProcess, err := projections.StartEmbedded()
		if err != nil {
			return err
		}
		w.atEnd(func() { _ = inProcess.Close() })
		redis = inProcess.URL()
	}
	if w.redis, err = projections.Connect(redis); err != nil {
		return err
	}
	w.atEnd(func() { _ = w.redis.Close() })
	if w.projector, err = projections.NewProjector(w.redis, w.store, options); err != nil {
		return err
	}
	w.model = projections.NewReader(w.redis, options)
	ctx, stop := context.WithCancel(context.Background())
	var work sync.WaitGroup
	work.Go(func() { _ = w.projector.Run(ctx) })
	w.atEnd(func() { stop(); work.Wait() })
	return nil
}

// issueTokens issues a token for each staff role that is measured.
func (w *world) issueTokens(key []byte) (err error) {
	signing, err := token.NewKey(key)
	if err != nil {
		return err
	}
	if w.issue, err = token.NewIssuer(time.Hour, signing); err != nil {
		return err
	}
	for _, role := range []domain.Role{domain.RoleOperator, domain.RoleCommission, domain.RoleAuditor} {
		p := token.Principal{Role: role, Account: "bench"}
		if w.tokens[role], err = w.issue.Issue(p, time.Now(), time.Hour); err != nil {
			return err
		}
	}
	return nil
}

func (w *world) atEnd(f func()) { w.closers = append(w.closers, f) }

// close ends everything, in the reverse order of opening.
func (w *world) close() {
	for i := len(w.closers) - 1; i >= 0; i-- {
		w.closers[i]()
	}
}

// newCommand returns the envelope of a command by staff.
func newCommand(role domain.Role, channel domain.Channel) domain.Command {
	return domain.Command{
		ID: domain.CommandID{UUID: uuid.New()}, Actor: "bench", Role: role, Channel: channel,
		Now: time.Now().UTC().Truncate(time.Microsecond),
	}
}

// concurrently calls do n times, up to 32 at once.
func concurrently(n int, do func(i int) error) error {
	var group errgroup.Group
	group.SetLimit(32)
	for i := range n {
		group.Go(func() error { return do(i) })
	}
	return group.Wait()
}

// persons records n refugees, who need no IIN.
func (w *world) persons(ctx context.Context, n int) ([]domain.PersonID, error) {
	ids := make([]domain.PersonID, n)
	err := concurrently(n, func(i int) error {
		ids[i] = domain.PersonID{UUID: uuid.New()}
		_, err := w.commands.RecordPerson(ctx, newCommand(domain.RoleOperator, ""), residence.RecordPerson{
			PersonID: ids[i], Name: "Тұрғын", BirthDate: domain.NewDate(1990, 1, 1), Class: residence.Refugee,
		}, command.Options{})
		return err
	})
	return ids, err
}

// signed is the paper on which a desk states the consent of an applicant.
var signed = domain.Basis{
	Type: "application", Number: "1", IssuedOn: domain.NewDate(2026, 1, 15), Issuer: "bench",
	SHA256: domain.Personal(domain.TextDigest([]byte("a scanned paper"))),
}

// list is a list with entries, and the applications to place on it.
type list struct {
	*world
	id      domain.ListID
	entries []domain.EntryID
	holders []string // tokens of the holders
	members []string // of the sorted set, for the floor
	key     string   // of the sorted set
	cases   []domain.CaseID
	next    atomic.Int64
}

func (l *list) length() string { return strconv.Itoa(len(l.entries)) }

// fill makes a list of the length by appending placements in bulk, and applications that
// are not decided yet.
func (w *world) fill(ctx context.Context, length, applications int) (*list, error) {
	l := &list{world: w, id: domain.ListID{UUID: uuid.New()}}
	began := time.Now().Add(-24 * time.Hour).UTC().Truncate(time.Microsecond)
	facts := []domain.Event{housing.ListOpened{ListID: l.id, Body: "a", Settlement: "b", Title: "c", OpenedAt: began}}
	for i := range length {
		entry, person := domain.EntryID{UUID: uuid.New()}, domain.PersonID{UUID: uuid.New()}
		l.entries = append(l.entries, entry)
		token, err := w.issue.Issue(token.Principal{Role: domain.RoleCitizen, PersonID: person}, time.Now(), time.Hour)
		if err != nil {
			return nil, err
		}
		l.holders = append(l.holders, token)
		facts = append(facts, housing.EntryPlaced{
			ListID: l.id, EntryID: entry, PersonID: person, CaseID: domain.CaseID{UUID: uuid.New()},
			Seniority:    housing.Seniority{At: began.Add(time.Duration(i) * time.Second), Position: domain.Position(i + 1)},
			RegisteredOn: domain.DateOf(began), Number: i + 1, PlacedAt: began,
		})
	}
	const batch = 500 // well below the limit of one append
	for at := 0; at < len(facts); at += batch {
		var events []eventstore.NewEvent
		for _, fact := range facts[at:min(at+batch, len(facts))] {
			events = append(events, eventstore.NewEvent{ID: uuid.New(), Event: fact, Meta: domain.Meta{
				Correlation: uuid.New(), Causation: domain.CommandID{UUID: uuid.New()}, Actor: "bench", Role: domain.RoleCommission,
			}})
		}
		if _, err := w.store.Append(ctx, l.id.Stream(), eventstore.Expected(at-1), events); err != nil {
			return nil, err
		}
	}
	people, err := w.persons(ctx, applications)
	if err != nil {
		return nil, err
	}
	l.cases = make([]domain.CaseID, applications)
	err = concurrently(applications, func(i int) error {
		l.cases[i] = domain.CaseID{UUID: uuid.New()}
		_, err := w.commands.ReceiveApplication(ctx, newCommand(
			domain.RoleOperator, domain.ChannelStateCorp,
		), housing.ReceiveApplication{
			CaseID: l.cases[i], ListID: l.id, ApplicantID: people[i], Consent: true, Language: "kk",
			Signature: domain.SignatureHandwritten, Basis: signed, Service: served,
		}, command.Options{})
		return err
	})
	return l, err
}

// served is the service of every applicant, in the body of the list.
var served = housing.ServiceStated{Employer: "a", Office: "маман", Since: domain.NewDate(2020, 1, 1), Basis: ground}

// ground is on what persons register at dwellings that have no recorded owner.
var ground = domain.Basis{
	Type: domain.DocumentCourtDecision, Number: "1", IssuedOn: domain.NewDate(2020, 1, 1), Issuer: "сот",
	SHA256: domain.Personal(domain.TextDigest([]byte("the file"))),
}

// mover makes a person with a long history of moves.
func (w *world) mover(ctx context.Context, moves int) (domain.PersonID, error) {
	for i := range 2 {
		id := domain.DwellingID{UUID: uuid.New()}
		w.dwellings = append(w.dwellings, id)
		if _, err := w.commands.RecordDwelling(ctx, newCommand(domain.RoleOperator, ""), residence.RecordDwelling{
			DwellingID: id, Identity: residence.Identity{RKA: fmt.Sprintf("02013%011d", i), KATO: "711310000"}, Address: "Астана",
		}, command.Options{}); err != nil {
			return domain.PersonID{}, err
		}
	}
	people, err := w.persons(ctx, 1)
	if err != nil {
		return domain.PersonID{}, err
	}
	today := domain.DateOf(time.Now())
	for i := range moves {
		cmd := newCommand(domain.RoleOperator, "")
		if _, err := w.commands.Register(ctx, cmd, people[0], residence.Register{
			RegistrationID: domain.RegistrationID{UUID: cmd.ID.UUID}, DwellingID: w.dwellings[i%2], Kind: residence.Permanent,
			From: today.AddDays(i - moves), ConsentGround: ground,
		}, command.Options{}); err != nil {
			return domain.PersonID{}, err
		}
	}
	return people[0], nil
}

// reached waits until the models have the whole log.
func (w *world) reached(ctx context.Context) (err error) {
	if w.head, err = w.store.Head(ctx); err != nil {
		return err
	}
	return w.model.Await(ctx, w.head)
}

// send sends a request and calls read with the answer.
func (w *world) send(ctx context.Context, method, url, token string, body any, read func(io.Reader) error) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(text))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Accept", "application/x-ndjson, application/json")
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Idempotency-Key", uuid.NewString())
	}
	response, err := w.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusBadRequest {
		answer, err := io.ReadAll(response.Body)
		return errors.Join(fmt.Errorf("%s %s: %s: %s", method, url, response.Status, answer), err)
	}
	return read(response.Body)
}

func discard(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

func (w *world) constant(ctx context.Context) error {
	return w.send(ctx, http.MethodGet, w.bare.URL+"/constant", "", nil, discard)
}

// number reads the number of an entry as its holder. Successive reads are of entries far
// apart in the list.
func (l *list) number(ctx context.Context, i int) error {
	at := i * 7919 % len(l.entries)
	url := fmt.Sprintf("%s/v1/queues/%s/entries/%s", l.api.URL, l.id, l.entries[at])
	return l.send(ctx, http.MethodGet, url, l.holders[at], nil, discard)
}

// locate finds the sorted set of the list in the current generation.
func (l *list) locate(ctx context.Context) error {
	generation, err := l.redis.Get(ctx, "{tizilim}:serving").Result()
	if err != nil {
		return err
	}
	l.key = "{tizilim}:g" + generation + ":" + l.id.Stream() + ":order"
	l.members, err = l.redis.ZRange(ctx, l.key, 0, -1).Result()
	return err
}

// rank reads the same rank from Redis as a read of a number.
func (l *list) rank(ctx context.Context, i int) error {
	return l.redis.ZRank(ctx, l.key, l.members[i*7919%len(l.members)]).Err()
}

// placeNext decides to place the next application.
func (l *list) placeNext(ctx context.Context) error {
	next := l.cases[l.next.Add(1)-1]
	return l.send(ctx, http.MethodPost, l.api.URL+"/v1/cases/"+next.String()+"/decision", l.tokens[domain.RoleCommission],
		map[string]any{"outcome": "place", "examination": map[string]any{"findings": []any{}}}, discard)
}

func (w *world) register(ctx context.Context, person domain.PersonID) error {
	return w.send(ctx, http.MethodPost, w.api.URL+"/v1/registrations", w.tokens[domain.RoleOperator], map[string]any{
		"person_id": person, "dwelling_id": w.dwellings[0], "kind": "permanent", "effective_from": domain.DateOf(time.Now()),
		"consent_ground": ground,
	}, discard)
}

// appendOne appends one event of the usual size to a new stream.
func (w *world) appendOne(ctx context.Context) error {
	id := uuid.New()
	options := esdb.AppendToStreamOptions{ExpectedRevision: esdb.NoStream{}}
	_, err := w.raw.AppendToStream(ctx, "floor-"+id.String(), options, esdb.EventData{
		EventID: id, EventType: "Floor", ContentType: esdb.ContentTypeJson,
		Data:     []byte(`{"text":"` + strings.Repeat("x", 400) + `"}`),
		Metadata: []byte(`{"text":"` + strings.Repeat("x", 200) + `"}`),
	})
	return err
}

// rebuild builds a generation.
func (w *world) rebuild(ctx context.Context, s *sample) error {
	var events uint64
	began := time.Now()
	err := w.projector.Rebuild(ctx, func(p projections.Progress) { events = p.Events })
	s.batch(int(events), time.Since(began))
	return err
}

// subscribe receives the same events as rebuild.
func (w *world) subscribe(ctx context.Context, s *sample) error {
	began := time.Now()
	sub, err := w.raw.SubscribeToAll(ctx, esdb.SubscribeToAllOptions{
		From: esdb.Start{}, MaxSearchWindow: 512, CheckpointInterval: 1,
		Filter: &esdb.SubscriptionFilter{Type: esdb.StreamFilterType, Prefixes: domain.Categories},
	})
	if err != nil {
		return err
	}
	defer sub.Close()
	for events := 0; ; {
		switch message := sub.Recv(); {
		case message.EventAppeared != nil:
			events++
		case message.CaughtUp != nil:
			s.batch(events, time.Since(began))
			return nil
		case message.SubscriptionDropped != nil:
			return message.SubscriptionDropped.Error
		}
	}
}

// repeats is how often a short operation is measured in one turn.
const repeats = 5

// replay reads the history of the person.
func (w *world) replay(ctx context.Context, person domain.PersonID, s *sample) error {
	for range repeats {
		began, events := time.Now(), 0
		url := w.api.URL + "/v1/persons/" + person.String() + "/history"
		err := w.send(ctx, http.MethodGet, url, w.tokens[domain.RoleAuditor], nil, func(r io.Reader) error {
			lines := bufio.NewScanner(r)
			for lines.Scan() {
				events++
			}
			return lines.Err()
		})
		if err != nil {
			return err
		}
		s.batch(events, time.Since(began))
	}
	return nil
}

// readStream reads the events of the same history.
func (w *world) readStream(ctx context.Context, person domain.PersonID, s *sample) error {
	for range repeats {
		began, events := time.Now(), 0
		stream, err := w.raw.ReadStream(ctx, person.Stream(), esdb.ReadStreamOptions{From: esdb.Start{}}, 1<<20)
		if err != nil {
			return err
		}
		for {
			if _, err := stream.Recv(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				stream.Close()
				return err
			}
			events++
		}
		stream.Close()
		s.batch(events, time.Since(began))
	}
	return nil
}
