package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestUserOf(t *testing.T) {
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

func TestWithAbsoluteFiles(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"esdb://a:1":           "esdb://a:1",
		"esdb://a:1?tls=false": "esdb://a:1?tls=false",
		"esdb://a:1?tlsCaFile=/etc/ca.pem&tls=true": "esdb://a:1?tlsCaFile=/etc/ca.pem&tls=true",
		"esdb://a:1?tlsCAFile=ca.pem":               "esdb://a:1?tlsCAFile=" + filepath.Join(here, "ca.pem"),
		"esdb://a:1?tlsCaFile=a%26b":                "esdb://a:1?tlsCaFile=" + here + "/a%26b",
		"esdb://a:1?userCertFile=u.pem&userKeyFile=../u.key": "esdb://a:1?userCertFile=" + filepath.Join(here, "u.pem") +
			"&userKeyFile=" + filepath.Join(here, "../u.key"),
	} {
		if got := withAbsoluteFiles(address); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
}
