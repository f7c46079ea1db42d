package main

import (
	"cmp"
	"errors"
	"log/slog"
	"os"

	"tizilim/projections"
)

// redisPasswordVariable is the environment variable with the password of Redis. There is
// no flag for it: everybody on the machine can see flags.
const redisPasswordVariable = "TIZILIM_REDIS_PASSWORD"

// redisCredentials are the flags that name the user of Redis.
type redisCredentials struct {
	RedisUser         string `help:"User of Redis. Default: the default user." placeholder:"NAME" env:"TIZILIM_REDIS_USER"`
	RedisPasswordFile string `help:"File with the password of Redis; it may also be in TIZILIM_REDIS_PASSWORD." placeholder:"FILE" type:"path" env:"TIZILIM_REDIS_PASSWORD_FILE"`
}

// given reports whether there is a password beside the address.
func (c redisCredentials) given() bool {
	return c.RedisPasswordFile != "" || os.Getenv(redisPasswordVariable) != ""
}

// connect returns a client of Redis at the address. The flag has precedence over a user
// in the address, the file over the variable, and both over a password in the address.
func (c redisCredentials) connect(address string) (projections.Client, error) {
	user, inAddress := userOf(address)
	if inAddress && os.Getenv("TIZILIM_REDIS") != address {
		slog.Warn("everybody on this machine can see the password in the address of Redis: " +
			"give it in a file or in " + redisPasswordVariable)
	}
	if !c.given() {
		if c.RedisUser != "" {
			return nil, errors.New("there is no password for the user of Redis: give it in a file or in " +
				redisPasswordVariable)
		}
		return projections.Connect(address)
	}
	password := os.Getenv(redisPasswordVariable)
	if c.RedisPasswordFile != "" {
		var err error
		if password, err = readPassword(c.RedisPasswordFile); err != nil {
			return nil, err
		}
	}
	return projections.Connect(address, projections.WithCredentials(cmp.Or(c.RedisUser, user), password))
}
