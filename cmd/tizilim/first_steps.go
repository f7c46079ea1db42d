package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"tizilim/domain"
	"tizilim/httpapi/token"
)

// demoIIN is an IIN that nobody has, since there is no month 99. Its control digit is
// right. The citizen's token of the first steps is for it.
const demoIIN = "999999000012"

// firstTokensValid is how long the tokens that are printed at the start are accepted.
const firstTokensValid = 24 * time.Hour

// printFirstSteps prints a first request to paste. It prints tokens only on a terminal:
// what is not a terminal may be a log, and whoever reads it could use them.
func (c *serveCommand) printFirstSteps(w io.Writer, a *app, terminal bool) error {
	fmt.Fprintf(w, "\nTizilim answers at %s (%s).\n", a.url(), a.reachableFrom())
	if c.Gateway == "" {
		fmt.Fprintf(w, "SMS and e-mail are written to %s; --gateway names a gateway.\n", quoted(outboxFile(c.Data)))
	}
	for _, issuer := range a.tokens.providers {
		fmt.Fprintf(w, "Tokens of %s are accepted.\n", issuer.Issuer)
	}
	if !a.tokens.acceptsLocal {
		return nil
	}
	if !a.tokens.defaultBodies {
		fmt.Fprintf(w, "\nStaff need an account that a body has. %s token --data %s --role administrator prints a token\n"+
			"to record bodies and accounts: \"Bodies and accounts\" in cmd/tizilim/OPERATION.md.\n", invocation(), quoted(c.Data))
		return nil
	}
	operator := fmt.Sprintf(`"Authorization: Bearer $(%s token --data %s --role operator)"`, invocation(), quoted(c.Data))
	if terminal {
		token, err := c.printTokens(w, a)
		if err != nil {
			return err
		}
		operator = "'Authorization: Bearer " + token + "'"
	} else {
		fmt.Fprintf(w, "\n%s token --data %s --role ROLE prints a token. On a terminal this screen has one for each role.\n",
			invocation(), quoted(c.Data))
	}
	fmt.Fprintf(w, `
A first request. It records the person of the IIN %s:

  curl -sS %s/v1/persons \
    -H %s \
    -H 'Idempotency-Key: first-person' -H 'Content-Type: application/json' \
    -d '{"iin":"%s","name":"Айгүл Серікқызы","birth_date":"1990-05-17","class":"citizen"}'

A demonstration of both services, from another terminal:

  %s demo --url %s --data %s

`, demoIIN, a.url(), operator, demoIIN, invocation(), a.url(), quoted(c.Data))
	return nil
}

// printTokens prints a token for each role, and returns that of an operator.
func (c *serveCommand) printTokens(w io.Writer, a *app) (operator string, err error) {
	fmt.Fprintf(w, "\nA token for each role, valid for %d hours:\n\n", int(firstTokensValid.Hours()))
	for _, role := range domain.Roles {
		p := token.Principal{Role: role, Account: string(role) + "-1"}
		if role == domain.RoleCitizen {
			p.PersonID = a.keys.person.PersonID(demoIIN)
		}
		text, err := a.keys.tokens.Issue(p, time.Now(), firstTokensValid)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(w, "  export %s=%s\n", upper(role), text)
		if role == domain.RoleOperator {
			operator = text
		}
	}
	return operator, nil
}

// invocation is the command by which the operator can start this program again.
func invocation() string {
	path, err := os.Executable()
	switch {
	case err != nil || strings.Contains(path, "go-build"): // started by go run
		return "go run ./cmd/tizilim"
	case !strings.ContainsRune(os.Args[0], os.PathSeparator): // found on the PATH
		return os.Args[0]
	default:
		return quoted(path)
	}
}

// quoted returns the text as one word for a shell.
func quoted(s string) string {
	if strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// upper returns the name of the role in capitals.
func upper(r domain.Role) string {
	b := []byte(r)
	for i := range b {
		b[i] -= 'a' - 'A'
	}
	return string(b)
}

// reachableFrom says who can reach the API, and warns where others can without TLS.
func (a *app) reachableFrom() string {
	switch {
	case isLoopback(a.listener.Addr()):
		return "this machine only"
	case a.tls != nil:
		return "reachable from other machines, by TLS"
	default:
		return "reachable from other machines; give it --tls-cert and --tls-key, or put TLS in front of it"
	}
}
