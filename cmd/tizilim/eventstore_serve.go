package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"tizilim/eventstore/embedded"
)

type storeServeCommand struct {
	storeDir
	Listen       string `help:"Address for clients." default:"127.0.0.1:2113"`
	TLSCert      string `name:"tls-cert" help:"Certificate in PEM. With it and --tls-key, clients must use TLS." type:"existingfile" env:"TIZILIM_EVENTSTORE_TLS_CERT"`
	TLSKey       string `name:"tls-key" help:"Key of the certificate in PEM." type:"existingfile" env:"TIZILIM_EVENTSTORE_TLS_KEY"`
	Username     string `help:"With TLS: the only user that the node admits." env:"TIZILIM_EVENTSTORE_USERNAME"`
	Password     string `help:"Password of the user. Everybody on this machine sees it: better in TIZILIM_EVENTSTORE_PASSWORD or a file."`
	PasswordFile string `name:"password-file" help:"File with the password of the user." placeholder:"FILE" type:"path" env:"TIZILIM_EVENTSTORE_PASSWORD_FILE"`
}

func (c *storeServeCommand) Run(ctx context.Context) (err error) {
	options := []embedded.Option{embedded.WithLogger(slog.Default())}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return errors.New("TLS needs both --tls-cert and --tls-key")
	}
	if c.TLSCert != "" {
		certificate, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
		if err != nil {
			return fmt.Errorf("load the certificate: %w", err)
		}
		options = append(options, embedded.WithTLS(&tls.Config{
			Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12,
		}))
	}
	password, err := c.password()
	if err != nil {
		return err
	}
	switch {
	case c.Username == "" && !listensOnLoopback(c.Listen):
		return errors.New("an event store that other machines reach needs TLS and a user, since whoever reaches it can " +
			"read and change it: give --tls-cert, --tls-key, --username and --password-file, or listen on 127.0.0.1")
	case c.Username == "":
		slog.Warn("everybody on this machine can read and change this event store: " +
			"--tls-cert, --tls-key, --username and --password-file admit one user only")
	}
	if c.Username != "" {
		options = append(options, embedded.WithCredentials(c.Username, password))
	}
	node, err := embedded.Open(c.Data, options...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, node.Close()) }()
	admin, err := serveAdmin(node, c.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, admin.Close()) }()
	if err := node.Start(c.Listen); err != nil {
		return err
	}
	fmt.Println(node.ConnectionString())
	<-ctx.Done()
	return nil
}

// password returns the password of the user; empty where there is no user.
func (c *storeServeCommand) password() (password string, err error) {
	password = cmp.Or(c.Password, os.Getenv(passwordVariable))
	switch {
	case c.Password != "":
		slog.Warn("everybody on this machine can see --password: give it in a file or in " + passwordVariable)
	case c.PasswordFile != "":
		if password, err = readPassword(c.PasswordFile); err != nil {
			return "", err
		}
	}
	switch {
	case c.Username != "" && password == "":
		return "", errors.New("--username needs a password: give it with --password-file or in " + passwordVariable)
	case c.Username == "" && password != "":
		return "", errors.New("there is a password but no user, so the node would admit everybody: " +
			"name the user with --username")
	case c.Username != "" && c.TLSCert == "":
		return "", errors.New("a user needs TLS: give --tls-cert and --tls-key, " +
			"since without TLS clients would send the password in clear")
	}
	return password, nil
}
