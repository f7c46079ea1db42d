package main

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

// Where the rules and their readings are written, from the root of the repository.
const (
	rulesFile    = "domain/RULES.md"
	readingsFile = "domain/READINGS.md"
)

// idForm is the form of an id: S000-2.5, C10, Q15a, F5.
const idForm = `S00[01]-\d{1,2}(?:\.\d)?|[CRQF]\d{1,2}a?`

var (
	ruleRow        = regexp.MustCompile(`^\| (` + idForm + `) \| (.+) \| (.+) \|$`)
	readingHeading = regexp.MustCompile(`^### ((?:` + idForm + `)(?:, (?:` + idForm + `))*): (.+)$`)
	anyID          = regexp.MustCompile(idForm)
)

// rule is one rule of the two services, or one question that their texts leave
// open.
type rule struct {
	id, says string
	// source is where a rule of C, R and Q comes from. Of a clause of a text (S)
	// and of an open question (F) it is the ids of the rules that carry it out.
	source string
}

// proved reports whether tests prove the rule itself. Clauses (S) and open
// questions (F) are proved through the rules that carry them out.
func (r rule) proved() bool { return strings.ContainsRune("CRQ", rune(r.id[0])) }

// reading is how an open question of the rules was read.
type reading struct {
	rules    []string
	question string
}

// catalogue is what the documents of the domain say.
type catalogue struct {
	rules    []rule
	readings []reading
}

func (c catalogue) has(id string) bool {
	return slices.ContainsFunc(c.rules, func(r rule) bool { return r.id == id })
}

// readingsOf returns the questions about a rule.
func (c catalogue) readingsOf(id string) (questions []string) {
	for _, r := range c.readings {
		if slices.Contains(r.rules, id) {
			questions = append(questions, r.question)
		}
	}
	return questions
}

// readCatalogue reads both documents. An id that is listed twice, and an id that
// a document names and that is not listed, is an error.
func readCatalogue(tree fs.FS) (catalogue, error) {
	var c catalogue
	text, err := fs.ReadFile(tree, rulesFile)
	if err != nil {
		return c, fmt.Errorf("run this at the root of the repository: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		m := ruleRow.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil {
			continue
		}
		if c.has(m[1]) {
			return c, fmt.Errorf("%s lists %s twice", rulesFile, m[1])
		}
		c.rules = append(c.rules, rule{m[1], m[2], m[3]})
	}
	if len(c.rules) == 0 {
		return c, fmt.Errorf("%s lists no rule", rulesFile)
	}
	for _, r := range c.rules {
		if err := c.knows(rulesFile, r.source); err != nil {
			return c, err
		}
	}
	if text, err = fs.ReadFile(tree, readingsFile); err != nil {
		return c, err
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "###") {
			continue
		}
		m := readingHeading.FindStringSubmatch(line)
		if m == nil {
			return c, fmt.Errorf("%s: %q is not of the form \"### C1, R2: question?\"", readingsFile, line)
		}
		if err := c.knows(readingsFile, m[1]); err != nil {
			return c, err
		}
		c.readings = append(c.readings, reading{strings.Split(m[1], ", "), m[2]})
	}
	return c, nil
}

// knows fails where the text names an id that is no rule.
func (c catalogue) knows(file, text string) error {
	for _, found := range anyID.FindAllString(text, -1) {
		if !c.has(found) && !c.hasClauses(found) {
			return fmt.Errorf("%s names %s, which %s does not list", file, found, rulesFile)
		}
	}
	return nil
}

// hasClauses reports whether the id is a clause that is listed by its parts, as
// S001-4 is by S001-4.1 to S001-4.3.
func (c catalogue) hasClauses(id string) bool {
	return slices.ContainsFunc(c.rules, func(r rule) bool { return strings.HasPrefix(r.id, id+".") })
}
