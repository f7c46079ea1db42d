package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestALineThatACrashHasCutOffStaysApartFromTheNext(t *testing.T) {
	data := t.TempDir()
	name := filepath.Join(data, "security.ndjson")
	for _, held := range []string{"", "{}\n", "{}\n{\"cut"} {
		if err := os.WriteFile(name, []byte(held), 0o600); err != nil {
			t.Fatal(err)
		}
		w, closeLog, err := openSecurityLog("", data)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte("{\"next\":1}\n")); err != nil {
			t.Fatal(err)
		}
		if err := closeLog(); err != nil {
			t.Fatal(err)
		}
		want := held + "{\"next\":1}\n"
		if held == "{}\n{\"cut" {
			want = held + "\n{\"next\":1}\n"
		}
		if text, err := os.ReadFile(name); err != nil || string(text) != want {
			t.Errorf("after %q the file holds %q, %v, want %q", held, text, err, want)
		}
	}
}
