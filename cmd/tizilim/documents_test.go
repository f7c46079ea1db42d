package main

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tizilim/domain/events"
)

// root is the top of the repository, from this directory.
const root = "../.."

// readmeURL is the address of the server in the snippets of the README.
const readmeURL = "http://127.0.0.1:8080"

// TestReadmeFirstSession pastes every shell block of the first session into one
// shell, against a server of its own, and expects the queue number at its end.
func TestReadmeFirstSession(t *testing.T) {
	t.Parallel()
	for _, tool := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("%s is not installed, and the session of the README is typed in it: apt-get install %[1]s", tool)
		}
	}
	blocks := shellBlocks(section(t, readDocument(t, "README.md"), "A first session"))
	if len(blocks) < 7 {
		t.Fatalf("the first session has %d shell blocks", len(blocks))
	}
	s := serve(t, dataDir(t), "127.0.0.1:0", "--quiet")
	session := strings.Join(blocks, "")
	if !strings.Contains(session, readmeURL) {
		t.Fatalf("the session does not name %s", readmeURL)
	}
	// This test binary is tizilim already: make has nothing to build.
	script := "set -euo pipefail\nmake() { test \"$*\" = build; }\n" + strings.ReplaceAll(session, readmeURL, s.url)
	cmd := exec.CommandContext(testContext(t), "bash", "-c", script)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "TIZILIM_DATA="+s.data)
	var stdout, stderr output
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	said := stderr.String() + stdout.String()
	if err != nil || strings.Contains(said, "urn:tizilim:problem") {
		t.Fatalf("the session ends with %v:\n%s", err, said)
	}
	answers := strings.Split(strings.TrimSpace(stdout.String()), "\n")
	last := answers[len(answers)-1]
	var entry struct {
		Number, Of int
		Status     string
	}
	if err := json.Unmarshal([]byte(last), &entry); err != nil {
		t.Fatalf("the last answer is %q: %v", last, err)
	}
	if entry.Number != 1 || entry.Of != 1 || entry.Status != "active" {
		t.Errorf("the session ends with %s", last)
	}
	for _, want := range []string{"PersonRecorded", "HousingApplicationReceived", "EntryPlaced", "PlacementCertified"} {
		if !strings.Contains(stdout.String(), `"type":"`+want+`"`) {
			t.Errorf("the history that the auditor reads has no %s", want)
		}
	}
}

// TestDocumentsNameWhatExists: each link to a file or a heading, and each verb of
// make, leads somewhere.
func TestDocumentsNameWhatExists(t *testing.T) {
	makefile := readDocument(t, "Makefile")
	for _, name := range documents(t) {
		text := readDocument(t, name)
		for _, m := range regexp.MustCompile(`\]\(([^)\s]+)\)`).FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			file, heading, _ := strings.Cut(m[1], "#")
			to := name
			if file != "" {
				to = filepath.ToSlash(filepath.Join(filepath.Dir(name), file))
			}
			if _, err := os.Stat(filepath.Join(root, to)); err != nil {
				t.Errorf("%s links to %s: %v", name, m[1], err)
				continue
			}
			if heading != "" && !slices.Contains(headings(readDocument(t, to)), heading) {
				t.Errorf("%s links to %s: there is no such heading", name, m[1])
			}
		}
		for _, m := range regexp.MustCompile("(?m)(?:^|`)make ([a-z][a-z-]*)").FindAllStringSubmatch(text, -1) {
			if !regexp.MustCompile(`(?m)^` + m[1] + `:`).MatchString(makefile) {
				t.Errorf("%s names make %s, which is no verb of the Makefile", name, m[1])
			}
		}
	}
}

// TestDocumentsNameDeclaredCode: each path and each exported identifier that a
// document sets as code is there, so that no document outlives what it tells of.
func TestDocumentsNameDeclaredCode(t *testing.T) {
	declared := declarations(t)
	path := regexp.MustCompile(`^(?:cmd|domain|eventstore|httpapi|projections)/[\w./-]*\w$`)
	identifier := regexp.MustCompile(`^(?:[a-z]+\.)?[A-Z]\w*[a-z]\w*(?:\.[A-Z]\w*)?$`)
	for _, name := range documents(t) {
		if name == "CHANGELOG.md" { // tells of what was, too
			continue
		}
		found := 0
		for _, m := range regexp.MustCompile("`([^`\n]+)`").FindAllStringSubmatch(readDocument(t, name), -1) {
			switch code := m[1]; {
			case path.MatchString(code):
				found++
				if matches, err := filepath.Glob(filepath.Join(root, code)); err != nil || len(matches) == 0 {
					t.Errorf("%s names %s, which is not there (%v)", name, code, err)
				}
			case identifier.MatchString(code):
				found++
				if !declared[code] && !foreign[code] {
					t.Errorf("%s names %s, which is not declared", name, code)
				}
			}
		}
		if name == "ARCHITECTURE.md" && found < 20 {
			t.Errorf("%s names only %d paths and identifiers: does this test still find them?", name, found)
		}
	}
}

// foreign are words that documents set as code and that are no identifiers of
// this program.
var foreign = map[string]bool{"Accept": true}

// declarations are the exported names that the program declares at the top level,
// with their fields and methods, and the names of the types of event: Name,
// package.Name, Type.Name.
func declarations(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	for _, e := range events.All() {
		names[e.Name] = true
	}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		declare := func(name *ast.Ident, of ast.Expr) {
			names[name.Name] = true
			names[file.Name.Name+"."+name.Name] = true
			if star, ok := of.(*ast.StarExpr); ok {
				of = star.X
			}
			if id, ok := of.(*ast.Ident); ok {
				names[id.Name+"."+name.Name] = true
				names[file.Name.Name+"."+id.Name+"."+name.Name] = true
			}
		}
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				var of ast.Expr
				if d.Recv != nil {
					of = d.Recv.List[0].Type
				}
				declare(d.Name, of)
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					switch spec := spec.(type) {
					case *ast.TypeSpec:
						declare(spec.Name, nil)
						if s, ok := spec.Type.(*ast.StructType); ok {
							for _, field := range s.Fields.List {
								for _, name := range field.Names {
									declare(name, spec.Name)
								}
							}
						}
					case *ast.ValueSpec:
						for _, name := range spec.Names {
							declare(name, nil)
						}
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestOperationNamesEverySetting compares the operator's manual with what the
// program itself prints of its flags, variables and commands.
func TestOperationNamesEverySetting(t *testing.T) {
	manual := readDocument(t, "cmd/tizilim/OPERATION.md")
	settings := section(t, manual, "Settings of `tizilim serve`")
	help := use(t, "serve", "--help")
	flags := regexp.MustCompile(`(?m)^ +(?:-h, )?(--[a-z-]+)`).FindAllStringSubmatch(help, -1)
	variables := regexp.MustCompile(`\bTIZILIM_[A-Z_]+\b`).FindAllStringSubmatch(help, -1)
	if len(flags) < 15 || len(variables) < 15 {
		t.Fatalf("%d flags and %d variables in:\n%s", len(flags), len(variables), help)
	}
	for _, m := range append(flags, variables...) {
		name := m[len(m)-1]
		if name != "--help" && name != "--version" && !strings.Contains(settings, "`"+name+"`") {
			t.Errorf("the table of settings lacks %s", name)
		}
	}
	commands := section(t, manual, "Commands")
	listed := regexp.MustCompile(`(?m)^  ([a-z][a-z-]*(?: [a-z]+)?)\b`).FindAllStringSubmatch(use(t, "--help"), -1)
	if len(listed) < 15 {
		t.Fatalf("the program lists %v", listed)
	}
	for _, m := range listed {
		command := strings.NewReplacer("eventstore serve", "eventstore [serve]", "token print", "token [print]").Replace(m[1])
		if !strings.Contains(commands, "`tizilim "+command) {
			t.Errorf("the table of commands lacks %s", m[1])
		}
	}
}

// paragraphLimit is how many words a paragraph, a list item or a row of a table
// of the README has at most.
const paragraphLimit = 120

func TestReadmeHasShortParagraphs(t *testing.T) {
	inCode := false
	for _, p := range paragraphs(readDocument(t, "README.md")) {
		if strings.HasPrefix(p, "```") {
			inCode = !inCode
		}
		if n := len(strings.Fields(p)); !inCode && n > paragraphLimit {
			t.Errorf("%d words, at most %d: %.60s…", n, paragraphLimit, p)
		}
	}
}

// documents are the names of all documents, from the top of the repository.
func documents(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, pattern := range []string{"*.md", "*/*.md", "*/*/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			name, err := filepath.Rel(root, f)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(name, "data") && !strings.Contains(name, "node_modules") {
				names = append(names, filepath.ToSlash(name))
			}
		}
	}
	if !slices.Contains(names, "README.md") {
		t.Fatalf("the documents are %v", names)
	}
	return names
}

func readDocument(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// section is the text under a heading of the second level.
func section(t *testing.T, text, title string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, "\n## "+title+"\n")
	if !ok {
		t.Fatalf("there is no section %q", title)
	}
	part, _, _ := strings.Cut(rest, "\n## ")
	return part
}

// shellBlocks are the blocks of code that are for a shell.
func shellBlocks(text string) (blocks []string) {
	for _, m := range regexp.MustCompile("(?ms)^```sh\n(.*?)^```$").FindAllStringSubmatch(text, -1) {
		blocks = append(blocks, m[1])
	}
	return blocks
}

// paragraphs cuts a text at empty lines, list items, rows of tables and fences.
func paragraphs(text string) (all []string) {
	var now []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		begins := line == "" || regexp.MustCompile("^(- |\\||```)").MatchString(line)
		if begins && len(now) > 0 {
			all, now = append(all, strings.Join(now, " ")), nil
		}
		if line != "" {
			now = append(now, line)
		}
	}
	return append(all, strings.Join(now, " "))
}

// headings are the anchors that GitHub makes of the headings.
func headings(text string) (anchors []string) {
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
		plain := regexp.MustCompile(`[^\p{L}\p{N}_ -]`).ReplaceAllString(strings.ToLower(m[1]), "")
		anchors = append(anchors, strings.ReplaceAll(plain, " ", "-"))
	}
	return anchors
}
