package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheExampleOfIdentityProvidersIsTheOneThatIsTested: package oidc reads that file.
func TestTheExampleOfIdentityProvidersIsTheOneThatIsTested(t *testing.T) {
	file, err := os.ReadFile(filepath.Join(root, "httpapi/token/oidc/testdata/issuers.json"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(readDocument(t, "cmd/tizilim/OPERATION.md"), "```json\n"+string(file)+"```\n") {
		t.Error("the example in OPERATION.md is another one")
	}
}
