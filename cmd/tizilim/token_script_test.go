package main

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// accepts URL FILE: waits until the server accepts the token in the file.
func scriptAccepts(ts *testscript.TestScript, _ bool, args []string) {
	scriptAwait(ts, func() error {
		if status, err := statusOfToken(args[0], ts.ReadFile(args[1])); err != nil || status == http.StatusUnauthorized {
			return fmt.Errorf("the token of %s is answered with %d, %v", args[1], status, err)
		}
		return nil
	})
}

// refuses URL FILE: waits until the server refuses the token in the file.
func scriptRefuses(ts *testscript.TestScript, _ bool, args []string) {
	scriptAwait(ts, func() error {
		if status, err := statusOfToken(args[0], ts.ReadFile(args[1])); err != nil || status != http.StatusUnauthorized {
			return fmt.Errorf("the token of %s is answered with %d, %v", args[1], status, err)
		}
		return nil
	})
}

// statusOfToken asks for the notices of the personal account with the token.
func statusOfToken(url, token string) (int, error) {
	request, err := http.NewRequest(http.MethodGet, url+"/v1/me/notices", nil)
	if err != nil {
		return 0, err
	}
	request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(token))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}
