package eventstore

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	// usersTimeout bounds one request to the API of users.
	usersTimeout = 10 * time.Second
	// maxUsersAnswer bounds an answer, in bytes.
	maxUsersAnswer = 1 << 20
)

// users is a client of the server's HTTP API of users, which the official client lacks.
// The server answers it on the same port as gRPC.
type users struct {
	as   *url.Userinfo
	http *http.Client
	base string // scheme, host and port of the node
}

// user is a user as the API encodes it.
type user struct {
	Login    string   `json:"loginName,omitempty"`
	FullName string   `json:"fullName"`
	Groups   []string `json:"groups"`
	Password string   `json:"password,omitempty"`
	Disabled bool     `json:"disabled,omitempty"`
}

// openUsers connects to the leader. A follower would forward changes, but read from its
// own copy.
func openUsers(ctx context.Context, s *Store) (*users, error) {
	config := s.config
	secure, err := s.tls(endpoint{}) // the transport adds the name of each host
	if err != nil {
		return nil, fmt.Errorf("load the user certificate: %w", err)
	}
	scheme := "http"
	if secure != nil {
		scheme = "https"
	}
	u := &users{
		as:   url.UserPassword(config.Username, config.Password),
		http: &http.Client{Transport: &http.Transport{TLSClientConfig: secure}, Timeout: usersTimeout},
	}
	hosts := []string{config.Address}
	if len(config.GossipSeeds) > 0 {
		hosts = nil
		for _, seed := range config.GossipSeeds {
			hosts = append(hosts, seed.String())
		}
	}
	err = ErrNoUsers // a node answered gRPC just before, but has no such API
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

// leader returns the address of the leader, as the current node names it; empty where it
// names none.
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
		if m.Alive && m.State == "Leader" && len(gossip.Members) > 1 { // a single node is the one that answers
			address = net.JoinHostPort(m.Host, strconv.Itoa(m.Port))
		}
	}
	return address, err
}

func (u *users) close() { u.http.CloseIdleConnections() }

// get returns the user; nil where there is none.
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
		return nil, ErrNoUsers // the server does not know this path
	case err == nil:
		return nil, errors.New("the server answers about its users in a form that is not known")
	default:
		return nil, err
	}
}

// create creates the user.
func (u *users) create(ctx context.Context, new user) error {
	err := u.ask(ctx, http.MethodPost, "/users/", new, nil, nil)
	var refused *usersError
	if errors.As(err, &refused) && refused.status == http.StatusConflict {
		return fmt.Errorf("somebody else has just created the user %s, with another password", new.Login)
	}
	return err
}

// update replaces the full name and the groups of the user.
func (u *users) update(ctx context.Context, changed user) error {
	login := changed.Login
	changed.Login = ""
	return u.ask(ctx, http.MethodPut, "/users/"+url.PathEscape(login), changed, nil, nil)
}

// logsIn checks that the user can log in with the password.
func (u *users) logsIn(ctx context.Context, login, password string) error {
	err := u.ask(ctx, http.MethodGet, "/users/$current", nil, nil, url.UserPassword(login, password))
	var refused *usersError
	if errors.As(err, &refused) && refused.status == http.StatusUnauthorized {
		return fmt.Errorf("the user %s exists with another password: "+
			"give the right one, or change it on the server", login)
	}
	return err
}

// usersError is an answer with an error status.
type usersError struct {
	status int
	body   []byte
}

func (e *usersError) Error() string {
	switch e.status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return "the server refuses: the login must be an administrator with the right password"
	case http.StatusRequestTimeout:
		return "the server could not do it in time: try again"
	default:
		return "the server answers " + strconv.Itoa(e.status) + " " + http.StatusText(e.status)
	}
}

// ask sends one request as the given user; nil stands for the user of the connection.
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
	got, err := io.ReadAll(io.LimitReader(response.Body, maxUsersAnswer))
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
