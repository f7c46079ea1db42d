package main

import (
	"strings"
	"testing"
)

func TestAConnectionSaysWhatItLacks(t *testing.T) {
	const tls, user = "TLS", "a user"
	for _, c := range []struct {
		address string
		login   credentials
		lacks   []string
	}{
		{"esdb://10.0.0.1:2113?tls=false", credentials{}, []string{tls, user}},
		{"esdb://10.0.0.1:2113?tls=false", credentials{User: "registry"}, []string{tls, user}}, // sent by TLS only
		{"esdb://127.0.0.1:2113,10.0.0.1:2113?TLS=false", credentials{}, []string{tls, user}},
		{"esdb+discover://cluster.example:2113", credentials{}, []string{user}},
		{"esdb://127.0.0.1:2113?tls=false", credentials{}, []string{user}},
		{"esdb://localhost:2113?tls=false", credentials{}, []string{user}},
		{"esdb+discover://cluster.example:2113", credentials{User: "registry"}, nil},
		{"esdb://registry:secret@cluster.example:2113", credentials{}, nil},
		{"esdb://cluster.example:2113?userCertFile=a&userKeyFile=b", credentials{}, nil},
		{"esdb+unix:///srv/data/sockets/eventstore.sock", credentials{}, nil},
	} {
		expectLacks(t, c.address, storeLacks(c.address, c.login), c.lacks)
	}
	for _, c := range []struct {
		address string
		login   redisCredentials
		lacks   []string
	}{
		{"redis://redis.example:6379/0", redisCredentials{}, []string{tls, user}},
		{"redis://127.0.0.1:6379?addr=10.0.0.1:6379", redisCredentials{}, []string{tls, user}},
		{"redis://[::1]:6379/0", redisCredentials{}, []string{user}},
		{"rediss://redis.example:6379/0", redisCredentials{}, []string{user}},
		{"rediss://redis.example:6379/0", redisCredentials{RedisPasswordFile: "file"}, nil},
		{"rediss://:secret@redis.example:6379/0", redisCredentials{}, nil},
		{"unix:///srv/data/sockets/redis.sock", redisCredentials{}, nil},
	} {
		expectLacks(t, c.address, redisLacks(c.address, c.login), c.lacks)
	}
}

func expectLacks(t *testing.T, address, said string, lacks []string) {
	t.Helper()
	for _, word := range []string{"TLS", "a user"} {
		expected := strings.Contains(strings.Join(lacks, " "), word)
		if strings.Contains(said, word) != expected {
			t.Errorf("%s: says %q, want it to lack %v", address, said, lacks)
		}
	}
	if len(lacks) == 0 && said != "" {
		t.Errorf("%s: says %q, and lacks nothing", address, said)
	}
	if strings.Contains(said, "secret") {
		t.Errorf("%s: repeats the password", address)
	}
}

func TestListeningOnEveryAddressIsNotLoopback(t *testing.T) {
	for address, loopback := range map[string]bool{
		"127.0.0.1:2113": true, "127.9.9.9:0": true, "[::1]:2113": true, "localhost:2113": true,
		":2113": false, "0.0.0.0:2113": false, "[::]:2113": false, "10.0.0.1:2113": false, "host.example:2113": false, "nonsense": false,
	} {
		if got := listensOnLoopback(address); got != loopback {
			t.Errorf("%s: %t", address, got)
		}
	}
}

func TestAPathWithAnAtSignHasNoUser(t *testing.T) {
	for _, address := range []string{"esdb+unix:///srv/a@b/eventstore.sock", "unix:///srv/a@b/redis.sock"} {
		if user, password := userOf(address); user != "" || password || withoutUser(address) != address ||
			withoutSecrets(address) != address {
			t.Errorf("%s: user %q, %s, %s", address, user, withoutUser(address), withoutSecrets(address))
		}
	}
}
