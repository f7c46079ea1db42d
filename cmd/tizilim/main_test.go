package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the test binary be the program: what runs as "tizilim" in a
// test is this binary under that name, first on the PATH.
func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"tizilim": main}) }
