package httpapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"tizilim/domain"
	bodies "tizilim/domain/body"
	"tizilim/httpapi/token"
)

// consumerOf is the system of another state body.
func consumerOf() body { return body{"kind": "consumer", "names": bodyNames} }

// allowanceOf allows all kinds of fact in the whole country, with the personal values.
func allowanceOf(values ...string) body {
	return body{
		"facts": domain.FactKinds, "values": append([]string{}, values...), "whole_country": true, "basis": "agreement 14",
	}
}

// consumer records the system of another state body with an account, which may have what allowed
// says; nothing where it is nil. It returns the id of the body and a token of the account.
func (s *subtest) consumer(account string, allowed body) (id, bearer string) {
	s.t.Helper()
	administrator := s.token(domain.RoleAdministrator)
	id = s.command("/v1/bodies", administrator, consumerOf()).is(http.StatusCreated).id("body_id")
	if allowed != nil {
		s.command("/v1/bodies/"+id+"/allowance", administrator, allowed).is(http.StatusOK)
	}
	s.command("/v1/bodies/"+id+"/accounts", administrator, body{"account": account}).is(http.StatusOK)
	s.until("the account is delivered", func() bool {
		all, err := s.directory.Bodies(s.ctx())
		return err == nil && slices.ContainsFunc(all, func(b *bodies.Body) bool {
			_, opened := b.Account(account)
			return opened && b.ID.String() == id
		})
	})
	return id, s.tokenOf(token.Principal{
		Role: domain.RoleConsumer, Account: account, BodyID: parse[domain.BodyID](id),
	})
}

func TestC31_AnAdministratorAllowsAConsumerAndNobodyElseDoes(t *testing.T) {
	s := start(t).at(t)
	administrator := s.token(domain.RoleAdministrator)
	id, bearer := s.consumer("tax-1", nil)
	s.command("/v1/bodies/"+id+"/allowance", bearer, allowanceOf()).
		refused(http.StatusForbidden, domain.CodeRoleNotAllowed, "")
	for _, c := range []struct {
		change body
		status int
		code   domain.Code
		field  string
	}{
		{body{"facts": []string{"married"}}, http.StatusUnprocessableEntity, domain.CodeValueUnknown, "facts[0]"},
		{body{"facts": []string{}}, http.StatusUnprocessableEntity, domain.CodeRequired, "facts"},
		{body{"values": []string{"phone"}}, http.StatusUnprocessableEntity, domain.CodeValueUnknown, "values[0]"},
		{body{"territory": []string{"710000000"}}, http.StatusUnprocessableEntity, domain.CodeRequired, "territory"},
	} {
		s.command("/v1/bodies/"+id+"/allowance", administrator, allowanceOf().with(c.change)).refused(c.status, c.code, c.field)
	}
	commission, _ := s.commission("astana-1")
	s.command("/v1/bodies/"+commission+"/allowance", administrator, allowanceOf()).
		refused(http.StatusConflict, domain.CodeNoConsumer, "")
	s.command("/v1/bodies/"+id+"/allowance", administrator, allowanceOf("iin")).is(http.StatusOK)
	if got := s.get("/v1/bodies/"+id, administrator).is(http.StatusOK).at("allowance", "values", 0); got != "iin" {
		t.Errorf("the allowance shows %v", got)
	}
	s.command("/v1/bodies/"+id+"/allowance/end", administrator, body{"reasons": "r"}).is(http.StatusOK)
	if got := s.get("/v1/bodies/"+id, administrator).is(http.StatusOK); strings.Contains(got.text, "allowance") {
		t.Errorf("after its end the allowance is there: %s", got.text)
	}
}

// TestC31_AConsumerHasNoOtherRight: the walk over all operations checks each role; this one names what
// everybody else may read.
func TestC31_AConsumerHasNoOtherRight(t *testing.T) {
	s := start(t).at(t)
	_, bearer := s.consumer("tax-1", allowanceOf("iin", "name"))
	for _, path := range []string{"/v1/queues", "/v1/bodies", "/v1/me"} {
		s.get(path, bearer).refused(http.StatusForbidden, domain.CodeRoleNotAllowed, "")
	}
}

// TestC31_TheSecretOfAWebhookIsShownToWhoeverSetsItAndNowhereElse: again where the request is repeated,
// and another one for another webhook.
func TestC31_TheSecretOfAWebhookIsShownToWhoeverSetsItAndNowhereElse(t *testing.T) {
	s := start(t).at(t)
	administrator := s.token(domain.RoleAdministrator)
	id, bearer := s.consumer("tax-1", allowanceOf())
	path := "/v1/bodies/" + id + "/webhook"
	set := func(key string) string {
		return s.command(path, administrator, body{"url": "https://tax.example.kz/facts"}, header{"Idempotency-Key", key}).
			is(http.StatusOK).at("secret").(string)
	}
	first := set("a")
	if !strings.HasPrefix(first, "whsec_") || set("a") != first || set("b") == first {
		t.Error("a secret is not that of its webhook")
	}
	if got := s.get("/v1/bodies/"+id, administrator).is(http.StatusOK); got.at("webhook") != "https://tax.example.kz/facts" ||
		strings.Contains(got.text, "whsec_") {
		t.Errorf("the body shows %s", got.text)
	}
	if dry := s.command(path+"?dry_run=true", administrator, body{"url": "https://tax.example.kz"}); strings.Contains(dry.text, "whsec_") {
		t.Error("a dry run shows a secret")
	}
	for _, url := range []string{"http://tax.example.kz", "https://a:b@tax.example.kz", "https://tax.example.kz?a=b", "ftp://x", "x"} {
		s.command(path, administrator, body{"url": url}).refused(http.StatusUnprocessableEntity, domain.CodeMalformed, "url")
	}
	s.command(path, administrator, body{"url": "https://tax.example.kz", "after": "x"}).
		refused(http.StatusUnprocessableEntity, domain.CodeMalformed, "after")
	s.command(path, bearer, body{"url": "https://tax.example.kz"}).refused(http.StatusForbidden, domain.CodeRoleNotAllowed, "")
	s.command(path+"/end", administrator, body{}).is(http.StatusOK)
	s.command(path+"/end", administrator, body{}).refused(http.StatusConflict, domain.CodeNothingChanges, "")
}
