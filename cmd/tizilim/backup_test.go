package main

import (
	"archive/tar"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"filippo.io/age"
)

// backups is a registry with the demonstration in it, and a pair of keys for its backups.
type backups struct {
	*server
	dir, identity, recipient string
}

func startBackups(t *testing.T) backups {
	t.Helper()
	b := backups{server: serve(t, dataDir(t), "127.0.0.1:0", "--quiet"), dir: t.TempDir()}
	use(t, "demo", "--url", b.url, "--data", b.data)
	pair, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	b.identity, b.recipient = b.file("identity", pair.String()), pair.Recipient().String()
	return b
}

func (b backups) file(name, text string) string {
	path := filepath.Join(b.dir, name)
	if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
		b.t.Fatal(err)
	}
	return path
}

// refuses runs a tool and expects the error.
func refuses(t *testing.T, says string, args ...string) {
	t.Helper()
	p := launch(t, args...)
	p.exits(1)
	if !strings.Contains(p.stderr.String(), says) {
		t.Errorf("tizilim %v says %q, want %q", args, p.stderr.String(), says)
	}
}

func TestABackupRestoresTheRegistryWithItsKeys(t *testing.T) {
	t.Parallel()
	b := startBackups(t)
	rules := b.file("rules", "{}")
	served, offline := filepath.Join(b.dir, "served"), filepath.Join(b.dir, "offline")
	before := use(t, "eventstore", "read", "$all", "--data", storeDirOf(b.data))
	use(t, "backup", served, "--data", b.data, "--recipient", b.recipient, "--rules", rules)
	log := use(t, "eventstore", "read", "$all", "--data", storeDirOf(b.data))
	b.signal(syscall.SIGTERM)
	b.exits(0)
	passphrase := b.file("passphrase", "correct horse battery staple")
	use(t, "backup", offline, "--data", b.data, "--passphrase-file", passphrase)
	for _, file := range []string{served, offline} {
		if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
			t.Errorf("%s has mode %v (%v)", file, info.Mode(), err)
		}
		expectNoPersonalValue(t, file, log)
	}
	expectPrivate(t, b.data) // and nothing is left in it
	if left, err := filepath.Glob(filepath.Join(b.data, ".backup*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}

	first, second := filepath.Join(b.dir, "first"), filepath.Join(dataDir(t), "second")
	said := use(t, "restore", served, "--data", first, "--identity-file", b.identity)
	if !comparedLog.MatchString(said) {
		t.Errorf("restore does not say that the log is as its heads have it: %q", said)
	}
	if !strings.Contains(said, "start the server with --rules "+filepath.Join(first, "rules.json")) {
		t.Errorf("restore says %q", said)
	}
	use(t, "restore", offline, "--data", second, "--passphrase-file", passphrase)
	expectPrivate(t, first)
	expectPrivate(t, second)
	if got := use(t, "eventstore", "read", "$all", "--data", storeDirOf(first)); !strings.HasPrefix(got, before) || !strings.HasPrefix(log, got) {
		t.Error("the log of the restored registry is not that of the time of the backup") // the server goes on appending
	}
	again := serve(t, second, "127.0.0.1:0", "--quiet")
	if got := use(t, "verify", "--data", second); !strings.Contains(got, "0 differences") {
		t.Errorf("verify: %s", got)
	}
	use(t, "demo", "--url", again.url, "--data", second) // signs, and finds by IIN, with the restored keys
}

// comparedLog is what is said of a log that is as its signed heads have it.
var comparedLog = regexp.MustCompile(`[1-9]\d* events of the log checked, [1-9]\d* of them in the newest signed head: 0 findings`)

func TestARestoreSaysThatTheLogWasChangedBeforeTheBackup(t *testing.T) {
	t.Parallel()
	b := startBackups(t)
	stream := regexp.MustCompile(`"stream":"(queue-[^"]+)"`).
		FindStringSubmatch(use(t, "eventstore", "read", "$all", "--data", storeDirOf(b.data)))[1]
	b.signal(syscall.SIGTERM)
	b.exits(0)
	last := use(t, "eventstore", "read", stream, "--backwards", "--limit", "1", "--data", storeDirOf(b.data))
	revision := regexp.MustCompile(`"revision":(\d+)`).FindStringSubmatch(last)[1]
	forged := regexp.MustCompile(`"id":"[^"]*",`).ReplaceAllString(last, "")
	add := exec.Command("tizilim", "eventstore", "append", stream, "--expect", revision, "--force", "--data", storeDirOf(b.data))
	add.Stdin = strings.NewReader(forged)
	if out, err := add.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	file, data := filepath.Join(b.dir, "backup"), filepath.Join(b.dir, "restored")
	use(t, "backup", file, "--data", b.data, "--recipient", b.recipient)

	p := launch(t, "restore", file, "--data", data, "--identity-file", b.identity)
	p.exits(1)
	if want := "restored, but before the backup was made the log was changed"; !strings.Contains(p.stderr.String(), want) {
		t.Errorf("restore says %q, want %q", p.stderr.String(), want)
	}
	if want := "forged: " + stream + "@"; !strings.Contains(p.stdout.String(), want) {
		t.Errorf("restore names %q, want %q", p.stdout.String(), want)
	}
	if got := use(t, "eventstore", "read", stream, "--data", storeDirOf(data)); !strings.Contains(got, `"revision":`+revision) {
		t.Errorf("what was found is not restored: %s", got)
	}
}

// expectNoPersonalValue looks in the file for the personal values of the log, in the form
// in which the store holds them.
func expectNoPersonalValue(t *testing.T, file, log string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	values := 0
	for _, member := range []string{"iin", "name", "phone", "email"} {
		for _, rest := range strings.Split(log, `"`+member+`":"`)[1:] {
			value, _, _ := strings.Cut(rest, `"`)
			if values++; len(value) > 4 && bytes.Contains(text, []byte(value)) {
				t.Errorf("%s holds a value of %s in clear", file, member)
			}
		}
	}
	if values < 10 {
		t.Errorf("only %d personal values are in the log: does this test still find them?", values)
	}
}

func TestABackupThatIsNotWholeIsRefused(t *testing.T) {
	t.Parallel()
	b := startBackups(t)
	backup := filepath.Join(b.dir, "backup")
	use(t, "backup", backup, "--data", b.data, "--recipient", b.recipient)
	refuses(t, "exists: name a file that does not exist", "backup", backup, "--data", b.data, "--recipient", b.recipient)
	text, err := os.ReadFile(backup)
	if err != nil {
		t.Fatal(err)
	}
	damaged, target := filepath.Join(b.dir, "damaged"), filepath.Join(b.dir, "target")
	flip := func(at int) []byte {
		other := slices.Clone(text)
		other[at] ^= 1
		return other
	}
	for name, other := range map[string][]byte{
		"cut by a byte":       text[:len(text)-1],
		"cut in the middle":   text[:len(text)/2],
		"a bit at the end":    flip(len(text) - 1),
		"a bit in the middle": flip(len(text) / 2),
		"a bit of the header": flip(bytes.Index(text, []byte("---")) + 8),
	} {
		if err := os.WriteFile(damaged, other, 0o600); err != nil {
			t.Fatal(err)
		}
		p := launch(t, "restore", damaged, "--data", target, "--identity-file", b.identity)
		p.exits(1)
		if !strings.Contains(p.stderr.String(), "the backup is damaged or incomplete: take another one") {
			t.Errorf("%s: %s", name, p.stderr.String())
		}
	}
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	refuses(t, "this passphrase or private key does not open the backup",
		"restore", backup, "--data", target, "--identity-file", b.file("other", other.String()))
	refuses(t, "it is not a backup of tizilim backup", "restore", b.identity, "--data", target, "--identity-file", b.identity)
	refuses(t, "is not empty", "restore", backup, "--data", b.data, "--identity-file", b.identity)
	refuses(t, "say who can open the backup", "backup", damaged+"2", "--data", b.data)
	refuses(t, "the passphrase in", "backup", damaged+"2", "--data", b.data, "--passphrase-file", b.file("short", "12345678901"))
	if left, err := filepath.Glob(filepath.Join(b.dir, ".*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
	if _, err := os.Lstat(target); err == nil {
		t.Error("a refused restore has made its directory")
	}
}

func TestAWrongPassphraseOpensNoBackup(t *testing.T) {
	t.Parallel()
	data, dir := dataDir(t), t.TempDir()
	s := serve(t, data, "127.0.0.1:0", "--quiet")
	b := backups{server: s, dir: dir}
	keysAlone := filepath.Join(dir, "keys")
	use(t, "backup", keysAlone, "--keys-only", "--data", data, "--passphrase-file", b.file("right", "correct horse battery staple"))
	target := filepath.Join(dir, "target")
	refuses(t, "this passphrase or private key does not open the backup",
		"restore", keysAlone, "--data", target, "--passphrase-file", b.file("wrong", "correct horse battery stable"))
	use(t, "restore", keysAlone, "--data", target, "--passphrase-file", filepath.Join(dir, "right"))
	want, err := os.ReadFile(keyFile(keysDir(data), "person-id"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(keyFile(keysDir(target), "person-id")); err != nil || !bytes.Equal(got, want) {
		t.Errorf("the key is restored as another one (%v)", err)
	}
}

func TestABackupNeedsTheKeysOfItsLog(t *testing.T) {
	t.Parallel()
	b := backups{server: serve(t, dataDir(t), "127.0.0.1:0", "--quiet"), dir: t.TempDir()}
	if err := os.Remove(keyFile(keysDir(b.data), "document-check")); err != nil {
		t.Fatal(err)
	}
	refuses(t, "document-check.key is missing", "backup", filepath.Join(b.dir, "a"), "--data", b.data,
		"--passphrase-file", b.file("passphrase", "correct horse battery staple"))
	refuses(t, "there are no keys in", "backup", filepath.Join(b.dir, "a"), "--data", b.dir, "--keys-only",
		"--passphrase-file", filepath.Join(b.dir, "passphrase"))
}

func TestAnArchiveThatItsManifestDoesNotDescribeIsRefused(t *testing.T) {
	t.Parallel()
	type file struct{ name, text string }
	const inside = `{"format":1,"files":[{"name":"keys/a","size":1,"sha256":` +
		`"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"}]}`
	for name, files := range map[string][]file{
		"":                         {{"keys/a", "a"}, {"manifest.json", inside}},
		"without a manifest":       {{"keys/a", "a"}},
		"with another content":     {{"keys/a", "b"}, {"manifest.json", inside}},
		"without a file":           {{"manifest.json", inside}},
		"with a file more":         {{"keys/a", "a"}, {"keys/b", "b"}, {"manifest.json", inside}},
		"with a file twice":        {{"keys/a", "a"}, {"keys/a", "a"}, {"manifest.json", inside}},
		"with a file elsewhere":    {{"keys/../../a", "a"}, {"manifest.json", inside}},
		"with a file above":        {{"../a", "a"}, {"manifest.json", inside}},
		"with an absolute path":    {{"/a", "a"}, {"manifest.json", inside}},
		"of a later format":        {{"keys/a", "a"}, {"manifest.json", `{"format":2}`}},
		"with a broken manifest":   {{"keys/a", "a"}, {"manifest.json", `{`}},
		"with an unknown document": {{"run.json", "a"}, {"manifest.json", inside}},
	} {
		var text bytes.Buffer
		archive := tar.NewWriter(&text)
		for _, f := range files {
			if err := archive.WriteHeader(&tar.Header{Name: f.name, Size: int64(len(f.text)), Mode: 0o600}); err != nil {
				t.Fatal(err)
			}
			if _, err := archive.Write([]byte(f.text)); err != nil {
				t.Fatal(err)
			}
		}
		if err := archive.Close(); err != nil {
			t.Fatal(err)
		}
		parent := t.TempDir()
		_, err := readArchive(t.Context(), &text, filepath.Join(parent, "dir"))
		if (err == nil) != (name == "") {
			t.Errorf("an archive %s: %v", name, err)
		}
		if outside, err := os.ReadDir(parent); err != nil || len(outside) > 1 {
			t.Errorf("an archive %s writes outside of its directory: %v (%v)", name, outside, err)
		}
	}
}
