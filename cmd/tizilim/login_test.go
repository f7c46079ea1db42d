package main

import "testing"

func TestWhoAnAddressNames(t *testing.T) {
	for address, want := range map[string]struct {
		user     string
		password bool
		place    string
	}{
		"esdb://a:1,b:2?tls=false":                {"", false, "esdb://a:1,b:2?tls=false"},
		"esdb://registry@a:1":                     {"registry", false, "esdb://a:1"},
		"esdb://registry:se%40same@a:1,b:2?tls=1": {"registry", true, "esdb://a:1,b:2?tls=1"},
		"esdb+discover://%D1%82:se@same@a?x=@":    {"т", true, "esdb+discover://a?x=@"},
		"nonsense":                                {"", false, "nonsense"},
	} {
		user, password := userOf(address)
		if user != want.user || password != want.password || withoutUser(address) != want.place {
			t.Errorf("%s: user %q, password %v, place %s", address, user, password, withoutUser(address))
		}
	}
}
