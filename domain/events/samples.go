package events

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"

	"tizilim/domain"
)

//go:embed testdata/*.json
var compiled embed.FS

// files has the samples below testdata.
var files fs.FS = compiled

// Sample is an event as the log stores it: data and metadata. Both are JSON.
type Sample struct {
	Type     string          `json:"-"`
	Version  int             `json:"-"`
	Data     json.RawMessage `json:"data"`
	Metadata json.RawMessage `json:"metadata"`
}

// File is the name of the sample's file in testdata.
func (s Sample) File() string { return fmt.Sprintf("%s.v%d.json", s.Type, s.Version) }

// StoredSamples returns the samples of all versions of all types, for tests: by
// type in the order of [All], then by version. A type without a sample is an
// error.
func StoredSamples() ([]Sample, error) {
	var samples []Sample
	for _, t := range all {
		for v := 1; v <= t.Version; v++ {
			s := Sample{Type: t.Name, Version: v}
			text, err := fs.ReadFile(files, "testdata/"+s.File())
			if err != nil {
				return nil, fmt.Errorf("no sample of %s version %d: run go test ./domain/events -update", t.Name, v)
			}
			if err := json.Unmarshal(text, &s); err != nil {
				return nil, fmt.Errorf("sample %s: %w", s.File(), err)
			}
			samples = append(samples, s)
		}
	}
	return samples, nil
}

// Samples returns one event of each type, for tests: the sample of its current
// version, in the order of [All]. Each has every field set. A sample that cannot
// be read panics.
func Samples() []domain.Event {
	stored, err := StoredSamples()
	if err != nil {
		panic(err)
	}
	var samples []domain.Event
	for _, s := range stored {
		if s.Version != byName[s.Type].Version {
			continue
		}
		e, err := Decode(s.Type, s.Version, s.Data)
		if err != nil {
			panic(fmt.Sprintf("sample %s: %v", s.File(), err))
		}
		samples = append(samples, e)
	}
	return samples
}
