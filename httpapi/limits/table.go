package limits

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"tizilim/httpapi/operation"
)

// kind is a column of the table: whose calls are counted together.
type kind string

const (
	address kind = "address"
	citizen kind = "citizen"
	staff   kind = "staff"
)

// Limit is how often one caller may call the operations of a class: Calls in each Per in
// the long run, and at most Burst at once.
type Limit struct {
	Calls int
	Per   time.Duration
	Burst int
}

// Table has the limits of each class, by who calls. A class or caller that it lacks is
// not bounded.
type Table map[operation.Class]map[kind]Limit

//go:embed limits.json
var embedded []byte

// Default is the built-in table.
func Default() Table {
	t, err := read(embedded, nil)
	if err != nil {
		panic(err) // a test reads it
	}
	return t
}

// classes are those that the table may have, with the columns of each.
func classes() map[operation.Class][]kind {
	all := map[operation.Class][]kind{
		operation.ClassRefusedToken: {address}, operation.ClassAddress: {address}, operation.ClassCheck: {address},
		operation.ClassNaming: {citizen},
	}
	for _, class := range operation.Classes {
		if all[class] == nil {
			all[class] = []kind{citizen, staff}
		}
	}
	return all
}

// Read reads a table as JSON. A limit that the text lacks is the built-in one; null takes a
// limit away, or all of a class. The error names the member that is wrong.
func Read(text []byte) (Table, error) { return read(text, Default()) }

// stored is a limit as the file has it.
type stored struct {
	Calls   int `json:"calls"`
	Seconds int `json:"seconds"`
	Burst   int `json:"burst"`
}

func read(text []byte, table Table) (Table, error) {
	var rows map[operation.Class]map[kind]*stored
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&rows); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("it has more than one JSON object")
	}
	if table == nil {
		table = Table{}
	}
	known := classes()
	for class, row := range rows {
		kinds, ok := known[class]
		if !ok {
			return nil, fmt.Errorf("%q is no class: use one of %v", class, slices.Sorted(maps.Keys(known)))
		}
		if row == nil {
			delete(table, class)
			continue
		}
		if table[class] == nil {
			table[class] = map[kind]Limit{}
		}
		for who, limit := range row {
			switch {
			case !slices.Contains(kinds, who):
				return nil, fmt.Errorf("%s.%s: a limit of this class is for %v", class, who, kinds)
			case limit == nil:
				delete(table[class], who)
			case limit.Calls < 1 || limit.Seconds < 1 || limit.Burst < 1:
				return nil, fmt.Errorf("%s.%s: calls, seconds and burst are at least 1", class, who)
			default:
				table[class][who] = Limit{limit.Calls, time.Duration(limit.Seconds) * time.Second, limit.Burst}
			}
		}
	}
	return table, nil
}
