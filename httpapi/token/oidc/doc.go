// Package oidc accepts tokens of identity providers by OpenID Connect. It finds the keys
// of an issuer by discovery, keeps them, and fetches them again. A configuration maps the
// claims of a token to role, account, body and person.
//
// The issuer needs no key of ours: where a token has an IIN, the id of the person is
// derived here. An IIN, and every other value of a claim, stays in memory: it is in no
// error and in no log.
//
// go-oidc does the discovery, go-jose reads the keys, and golang-jwt, which reads the
// registry's own tokens too, checks signatures and times. The verifier of go-oidc is not
// used: it fetches the keys for every token with an unknown key id, and its tolerance of
// clocks cannot be set.
package oidc
