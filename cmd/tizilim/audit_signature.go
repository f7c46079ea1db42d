package main

import (
	"bufio"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/events"
	"tizilim/eventstore/command/adapters/eds"
	"tizilim/eventstore/seal"
	"tizilim/httpapi"
)

type auditSignatureCommand struct {
	Event string `arg:"" optional:"" help:"The event, as stream@revision. With --file it may be left out: then all signed events of the file are checked."`
	logPlace
	File     string   `help:"Read events from a file instead of the log: lines of a history in NDJSON, or of tizilim eventstore read; - is the standard input." placeholder:"FILE"`
	Roots    string   `name:"signature-roots" help:"Certificates in PEM of the authorities that were trusted. Default: the demonstration authority in --data." placeholder:"FILE" type:"path" env:"TIZILIM_SIGNATURE_ROOTS"`
	TSARoots string   `name:"signature-tsa-roots" help:"Certificates in PEM of the authorities that certify the timestamp authority. Default: those of --signature-roots." placeholder:"FILE" type:"path" env:"TIZILIM_SIGNATURE_TSA_ROOTS"`
	Lists    []string `name:"list" help:"Files of revocation lists, old and new ones. The report names those that it lacks." placeholder:"FILE" type:"path"`
	NCANode  string   `name:"signature-ncanode" help:"Service with the API of NCANode v3, which is asked again about signatures by GOST 34.10. Without it they stay open." placeholder:"URL" env:"TIZILIM_SIGNATURE_NCANODE"`
}

// Run prints each check with its result. It asks nobody, but NCANode where it is named.
func (c *auditSignatureCommand) Run(ctx context.Context) error {
	auditor, err := c.auditor()
	if err != nil {
		return err
	}
	signed, err := c.events(ctx)
	if err != nil {
		return err
	}
	failed, undecided := 0, 0
	for _, rec := range signed {
		evidence, ok := httpapi.EvidenceOf(rec.Event)
		if !ok {
			return fmt.Errorf("%s@%d keeps no signature: it is a %s", rec.Stream, rec.Revision, rec.Event.EventType())
		}
		findings := auditor.Check(ctx, evidence, rec.Event.EffectiveAt())
		findings = append(findings, asSigned(rec), recordedThen(rec))
		fmt.Printf("%s@%d %s\n", rec.Stream, rec.Revision, rec.Event.EventType())
		for _, f := range findings {
			switch f.Verdict {
			case eds.Fails:
				failed++
			case eds.Open:
				undecided++
			}
			fmt.Printf("  %-5s  %s\n", f.Verdict, strings.TrimSuffix(f.What+": "+f.Why, ": "))
		}
	}
	switch {
	case failed > 0:
		return fmt.Errorf("%s failed: what is recorded was not signed so", counted(failed, "check"))
	case undecided > 0:
		return errLeftOpen
	}
	return nil
}

// asSigned compares the event with the request that was signed.
func asSigned(rec domain.Recorded) eds.Finding {
	f := eds.Finding{What: "the event says what was signed"}
	if differs := httpapi.DiffersFromSigned(rec); len(differs) > 0 {
		f.Verdict, f.Why = eds.Fails, strings.Join(differs, "; ")
	}
	return f
}

// maxUnrecorded is how long after its receipt a request is appended, at most: a command
// has ten seconds, and clocks differ.
const maxUnrecorded = 5 * time.Minute

// recordedThen compares the two times of the event: only the registry vouches for the
// first, and the log for the second.
func recordedThen(rec domain.Recorded) eds.Finding {
	f := eds.Finding{What: "the log took the event when the event says that the request came"}
	if rec.Created.IsZero() {
		f.Verdict, f.Why = eds.Open, "the line does not say when the log took it"
	} else if rec.Created.Sub(rec.Event.EffectiveAt()).Abs() > maxUnrecorded {
		f.Verdict, f.Why = eds.Fails, "they are more than "+maxUnrecorded.String()+" apart"
	}
	return f
}

// auditor reads what the flags name.
func (c *auditSignatureCommand) auditor() (_ *eds.Auditor, err error) {
	a := eds.Archive{NCANode: c.NCANode}
	if c.NCANode != "" {
		if _, err := parseHTTP(c.NCANode); err != nil {
			return nil, errors.New("--signature-ncanode is not the address of a service: write it as https://host/path")
		}
	}
	if c.Roots != "" {
		a.Trusted, err = readCertificates("--signature-roots", c.Roots)
	} else {
		a.Trusted, err = c.demonstration()
		a.Unrevoked = true
	}
	if err != nil {
		return nil, err
	}
	if c.TSARoots != "" {
		if a.Stampers, err = readCertificates("--signature-tsa-roots", c.TSARoots); err != nil {
			return nil, err
		}
	}
	for _, path := range c.Lists {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("--list: %w", err)
		}
		a.Lists = append(a.Lists, text)
	}
	// Another file than that of the registry would make each signer another person, so
	// none is created here.
	if path := filepath.Join(keysDir(c.Data), "person-id.key"); fileExists(path) {
		key, err := openKey(path)
		if err != nil {
			return nil, err
		}
		a.Person = domain.PersonIDKey(key).PersonID
	}
	return eds.NewAuditor(a)
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// demonstration returns the certificate of the demonstration authority.
func (c *auditSignatureCommand) demonstration() ([]*x509.Certificate, error) {
	path := filepath.Join(keysDir(c.Data), "demonstration-authority.pem")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("whom the registry trusted is not at hand: name the authorities with --signature-roots")
	}
	if err != nil {
		return nil, err
	}
	return eds.Certificates(text)
}

// events returns the events to check.
func (c *auditSignatureCommand) events(ctx context.Context) ([]domain.Recorded, error) {
	var ref domain.EventRef
	if c.Event != "" {
		if err := ref.UnmarshalText([]byte(c.Event)); err != nil {
			return nil, errors.New("the event is named as stream@revision, such as case-5f0c0b1e-7f0e-4f57-9d4e-0a6f4f1f8a10@0")
		}
	}
	if c.File != "" {
		return eventsOfFile(c.File, ref)
	}
	if ref.IsZero() {
		return nil, errors.New("name an event, as stream@revision, or a file with --file")
	}
	store, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	rec, err := store.ReadEvent(ctx, ref.Stream, ref.Revision)
	if err != nil {
		return nil, err
	}
	return []domain.Recorded{rec}, nil
}

// auditLine is an event as one line of a history, or of tizilim eventstore read.
type auditLine struct {
	Stream      string           `json:"stream"`
	Revision    uint64           `json:"revision"`
	Type        string           `json:"type"`
	CreatedAt   time.Time        `json:"created_at"` // of a history
	Created     time.Time        `json:"created"`    // of the event store
	Causation   domain.CommandID `json:"causation"`
	Correlation uuid.UUID        `json:"correlation"`
	Actor       string           `json:"actor"`
	Data        json.RawMessage  `json:"data"`
	Metadata    *struct {
		Schema    json.RawMessage  `json:"schema"`
		Causation domain.CommandID `json:"$causationId"`
		Actor     string           `json:"actor"`
		Created   *time.Time       `json:"$copied_created"`
	} `json:"metadata"`
}

// recorded decodes the event. A history shows every event in its newest version.
func (l auditLine) recorded() (domain.Recorded, error) {
	rec := domain.Recorded{
		Stream: l.Stream, Revision: l.Revision, Created: l.CreatedAt,
		Meta: domain.Meta{Correlation: l.Correlation, Causation: l.Causation, Actor: l.Actor},
	}
	version := 0
	for _, t := range events.All() {
		if t.Name == l.Type {
			version = t.Version
		}
	}
	if m := l.Metadata; m != nil {
		rec.Created, rec.Meta.Causation, rec.Meta.Actor = l.Created, m.Causation, m.Actor
		if m.Created != nil {
			rec.Created = *m.Created
		}
		if err := json.Unmarshal([]byte(strings.Trim(string(m.Schema), `"`)), &version); err != nil {
			return rec, errors.New("its metadata name no version")
		}
	}
	event, err := events.Decode(l.Type, version, l.Data)
	if err == nil && len(seal.Used(event)) > 0 {
		return rec, errors.New("its values are sealed: give a history of the API, or leave --file out and read the log")
	}
	rec.Event = event
	return rec, err
}

// maxLine bounds a line of a file, in bytes. An event has at most 1 MiB.
const maxLine = 4 << 20

// eventsOfFile returns the signed events of the file, or the one that ref names.
func eventsOfFile(path string, ref domain.EventRef) (found []domain.Recorded, err error) {
	file := os.Stdin
	if path != "-" {
		if file, err = os.Open(path); err != nil {
			return nil, fmt.Errorf("--file: %w", err)
		}
		defer file.Close()
	}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, maxLine)
	for n := 1; lines.Scan(); n++ {
		var line auditLine
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return nil, fmt.Errorf("--file: line %d is no event in JSON", n)
		}
		if !ref.IsZero() && (line.Stream != ref.Stream || line.Revision != ref.Revision) {
			continue
		}
		rec, err := line.recorded()
		if err != nil {
			return nil, fmt.Errorf("--file: line %d: %w", n, err)
		}
		if _, signed := httpapi.EvidenceOf(rec.Event); signed || !ref.IsZero() {
			found = append(found, rec)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("--file: %w", err)
	}
	if len(found) == 0 {
		return nil, errors.New("--file: it has no such event that keeps a signature")
	}
	return found, nil
}
