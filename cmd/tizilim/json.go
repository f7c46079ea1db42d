package main

import (
	"encoding/json"
	"os"
)

// printJSON prints the value to standard output, indented.
func printJSON(v any) error {
	out := json.NewEncoder(os.Stdout)
	out.SetIndent("", "  ")
	return out.Encode(v)
}
