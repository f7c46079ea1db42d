package eventstore

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/EventStore/EventStore-Client-Go/v4/esdb"
)

const (
	// usersTimeout bounds one request about users.
	usersTimeout = 10 * time.Second
	// usersAnswer bounds what is read of an answer, in bytes.
	usersAnswer = 1 << 20
)

// users speaks the part of the server's HTTP API that keeps its users. The
// client has none of it; the server answers it on the port of everything else.
type users struct {
	as   *url.Userinfo
	http *http.Client
	base string // scheme, host and port of the node
}

// user is as the API has it.
type user struct {
	Login    string   `json:"loginName,omitempty"`
	FullName string   `json:"fullName"`
	Groups   []string `json:"groups"`
	Password string   `json:"password,omitempty"`
	Disabled bool     `json:"disabled,omitempty"`
}

// openUsers finds the node that leads. A follower would hand the changes on, but
// read from its own copy.
func openUsers(ctx context.Context, connection, admin, password string) (*users, error) {
	config, err := esdb.ParseConnectionString(connection)
	if err != nil {
		return nil, badAddress(err)
	}
	as := url.UserPassword(config.Username, config.Password)
	if admin != "" {
		as = url.UserPassword(admin, password)
	}
	transport := &http.Transport{}
	scheme := "http"
	if !config.DisableTLS {
		scheme = "https"
		transport.TLSClientConfig = &tls.Config{
			RootCAs: config.RootCAs, InsecureSkipVerify: config.SkipCertificateVerification,
		}
		if config.UserCertFile != "" {
			certificate, err := tls.LoadX509KeyPair(config.UserCertFile, config.UserKeyFile)
			if err != nil {
				return nil, fmt.Errorf("load the user certificate: %w", err)
			}
			transport.TLSClientConfig.Certificates = []tls.Certificate{certificate}
		}
	}
	u := &users{as: as, http: &http.Client{Transport: transport, Timeout: usersTimeout}}
	hosts := []string{config.Address}
	if len(config.GossipSeeds) > 0 {
		hosts = nil
		for _, seed := range config.GossipSeeds {
			hosts = append(hosts, seed.String())
		}
	}
	err = ErrNoUsers // of a node that was reached as an event store just before
	for _, host := range hosts {
		u.base = scheme + "://" + host
		leader, asked := u.leader(ctx)
		var dial *net.OpError
		switch {
		case asked == nil:
			u.base = scheme + "://" + cmp.Or(leader, host)
			return u, nil
		case errors.As(asked, &dial) && dial.Op == "dial", ctx.Err() != nil:
			err = asked
		}
	}
	u.close()
	return nil, err
}

// leader is the address of the node that leads, as the present one tells; empty
// where it does not say.
func (u *users) leader(ctx context.Context) (address string, err error) {
	var gossip struct {
		Members []struct {
			State string `json:"state"`
			Alive bool   `json:"isAlive"`
			Host  string `json:"httpEndPointIp"`
			Port  int    `json:"httpEndPointPort"`
		} `json:"members"`
	}
	err = u.ask(ctx, http.MethodGet, "/gossip", nil, &gossip, nil)
	var refused *usersError
	if errors.As(err, &refused) {
		return "", nil
	}
	for _, m := range gossip.Members {
		if m.Alive && m.State == "Leader" && len(gossip.Members) > 1 { // one node alone is the one that was asked
			address = net.JoinHostPort(m.Host, strconv.Itoa(m.Port))
		}
	}
	return address, err
}

func (u *users) close() { u.http.CloseIdleConnections() }

// get returns the user, nil where there is none.
func (u *users) get(ctx context.Context, login string) (*user, error) {
	var answer struct {
		Success *bool `json:"success"`
		Data    *user `json:"data"`
	}
	err := u.ask(ctx, http.MethodGet, "/users/"+url.PathEscape(login), nil, &answer, nil)
	var refused *usersError
	switch {
	case err == nil && answer.Data != nil:
		return answer.Data, nil
	case errors.As(err, &refused) && refused.status == http.StatusNotFound:
		if json.Unmarshal(refused.body, &answer) == nil && answer.Success != nil {
			return nil, nil
		}
		return nil, ErrNoUsers // nobody has this address
	case err == nil:
		return nil, errors.New("the server answers something else about its users than this program understands")
	default:
		return nil, err
	}
}

func (u *users) create(ctx context.Context, new user) error {
	err := u.ask(ctx, http.MethodPost, "/users/", new, nil, nil)
	var refused *usersError
	if errors.As(err, &refused) && refused.status == http.StatusConflict {
		return fmt.Errorf("the user %s was created by somebody else meanwhile, with another password", new.Login)
	}
	return err
}

func (u *users) update(ctx context.Context, changed user) error {
	login := changed.Login
	changed.Login = ""
	return u.ask(ctx, http.MethodPut, "/users/"+url.PathEscape(login), changed, nil, nil)
}

// logsIn asks the server about the user as that user.
func (u *users) logsIn(ctx context.Context, login, password string) error {
	err := u.ask(ctx, http.MethodGet, "/users/$current", nil, nil, url.UserPassword(login, password))
	var refused *usersError
	if errors.As(err, &refused) && refused.status == http.StatusUnauthorized {
		return fmt.Errorf("the user %s is there with another password than the one given: "+
			"give the right one, or change it on the server", login)
	}
	return err
}

// usersError is an answer other than success.
type usersError struct {
	status int
	body   []byte
}

func (e *usersError) Error() string {
	switch e.status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return "the server refuses: only one of its administrators sets up users; is the password right?"
	case http.StatusRequestTimeout:
		return "the server could not do it now: try again"
	default:
		return "the server answers " + strconv.Itoa(e.status) + " " + http.StatusText(e.status)
	}
}

// ask sends one request, as the user of the connection or as somebody else.
func (u *users) ask(ctx context.Context, method, path string, body, answer any, as *url.Userinfo) error {
	var text bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&text).Encode(body); err != nil {
			return err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, u.base+path, &text)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	if as = cmp.Or(as, u.as); as.Username() != "" {
		password, _ := as.Password()
		request.SetBasicAuth(as.Username(), password)
	}
	response, err := u.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	got, err := io.ReadAll(io.LimitReader(response.Body, usersAnswer))
	if err != nil {
		return err
	}
	if response.StatusCode/100 != 2 {
		return &usersError{response.StatusCode, got}
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(got, answer)
}
