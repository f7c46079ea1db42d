package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"tizilim/domain"
	"tizilim/httpapi/token"
)

// demoIIN is a made-up IIN (no month has the number 99) with a right control
// digit, for the citizen's token of the first steps.
const demoIIN = "999999000012"

// greetingValid is how long the tokens printed at the start are accepted.
const greetingValid = 24 * time.Hour

// greet prints what a newcomer needs for the first request.
func (c *serveCommand) greet(w io.Writer, a *app) error {
	tokens := map[domain.Role]string{}
	for _, role := range domain.Roles {
		p := token.Principal{Role: role, Account: string(role) + "-1"}
		if role == domain.RoleCitizen {
			p.PersonID = a.keys.person.PersonID(demoIIN)
		}
		var err error
		if tokens[role], err = a.keys.tokens.Issue(p, time.Now(), greetingValid); err != nil {
			return err
		}
	}
	fmt.Fprintf(w, "\nTizilim answers at %s (%s).\n", a.url(), where(a.listener.Addr()))
	if c.Gateway == "" {
		fmt.Fprintf(w, "SMS and e-mail are written to %s; name a gateway with --gateway.\n", quoted(outboxFile(c.Data)))
	}
	fmt.Fprintf(w, "\nA token for each role, good for %d hours:\n\n", int(greetingValid.Hours()))
	for _, role := range domain.Roles {
		fmt.Fprintf(w, "  export %s=%s\n", upper(role), tokens[role])
	}
	fmt.Fprintf(w, `
A first request, to paste as it is. It records the person whom CITIZEN speaks for:

  curl -sS %s/v1/persons \
    -H 'Authorization: Bearer %s' \
    -H 'Idempotency-Key: first-person' -H 'Content-Type: application/json' \
    -d '{"iin":"%s","name":"Айгүл Серікқызы","birth_date":"1990-05-17","class":"citizen"}'

The story of both services, from another terminal:

  %s demo --url %s --data %s

`, a.url(), tokens[domain.RoleOperator], demoIIN, invocation(), a.url(), quoted(c.Data))
	return nil
}

// invocation is how the operator can start this program again.
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

// quoted is the text as one word of a shell.
func quoted(s string) string {
	if strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

func upper(r domain.Role) string {
	b := []byte(r)
	for i := range b {
		b[i] -= 'a' - 'A'
	}
	return string(b)
}

// where warns of an address that others can reach.
func where(addr net.Addr) string {
	if tcp, ok := addr.(*net.TCPAddr); ok && tcp.IP.IsLoopback() {
		return "this machine only"
	}
	return "reachable from other machines; put TLS in front of it"
}
