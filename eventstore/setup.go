package eventstore

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// Setup describes a user for the registry on an EventStoreDB, with the least rights that
// the registry needs.
type Setup struct {
	Login    string
	Group    string                 // name of the group that has the rights
	Password string                 // of the user; empty: Generate makes one
	Generate func() (string, error) // makes the password of a new user
	DryRun   bool                   // only report what would be done
}

// SetupStep is one part of a [Setup].
type SetupStep struct {
	About string // what, such as "user tizilim"
	Found string // its state before
	Done  string // what was changed, or would be; empty: nothing
}

// ErrNoUsers says that a server has no users of its own, and so no rights: the embedded
// node, a server that runs with --insecure, or one with an external user store.
var ErrNoUsers = errors.New("this server has no users to set up, such as the embedded node, " +
	"a server with --insecure, or one with an external user store")

// ErrOpen says that existing rights admit everybody.
var ErrOpen = errors.New("existing rights admit everybody, and were not changed: " +
	"remove $all from them")

const (
	settingsStream = "$settings"
	settingsType   = "$settings"
	metadataType   = "$metadata"
	userStreamACL  = "$userStreamAcl"
	systemACL      = "$systemStreamAcl"
	administrators = "$admins"
	everybody      = "$all"
)

// SetUp carries out the Setup on the server as the administrator admin. An empty admin
// stands for the user of the connection string. It creates the user in its group and
// gives the group the right to read $all. In the default rights of the server, which
// apply to streams without rights of their own, it lets only the group read and append,
// and only administrators delete. It removes no existing right and may be repeated.
//
// It returns the steps that were taken also with an error.
//
// Errors: [ErrNoUsers]; [ErrOpen], after everything else is done; [*RevisionError]
// where somebody else changed the rights meanwhile.
func SetUp(
	ctx context.Context, connection, admin, password string, log *slog.Logger, setup Setup,
) (steps []SetupStep, err error) {
	var options []Option
	if admin != "" {
		options = append(options, WithCredentials(admin, password))
	}
	store, err := Open(connection, log, options...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if _, err := store.Head(ctx); err != nil { // its error says best why a server cannot be reached
		return nil, err
	}
	users, err := openUsers(ctx, store)
	if err != nil {
		return nil, err
	}
	defer users.close()
	step, err := setup.user(ctx, users)
	if err != nil {
		return nil, err
	}
	steps = append(steps, step)

	defaults, err := store.readRights(ctx, settingsStream, settingsType)
	if err != nil {
		return steps, err
	}
	allRights, err := store.readRights(ctx, "$$"+All, metadataType)
	if err != nil {
		return steps, err
	}
	readers, err := setup.readAll(allRights, defaults)
	if err != nil {
		return steps, err
	}
	closed, open, err := setup.closeStreams(defaults)
	if err != nil {
		return steps, err
	}
	for _, change := range []struct {
		rights *rights
		step   SetupStep
	}{{allRights, readers}, {defaults, closed}} {
		if change.step.Done != "" && !setup.DryRun {
			if err := store.writeRights(ctx, change.rights); err != nil {
				return steps, err
			}
		}
		steps = append(steps, change.step)
	}
	if open {
		return steps, ErrOpen
	}
	return steps, nil
}

// user creates the user, or adds the group to an existing one.
func (u Setup) user(ctx context.Context, users *users) (SetupStep, error) {
	step := SetupStep{About: "user " + u.Login}
	there, err := users.get(ctx, u.Login)
	switch {
	case err != nil:
		return step, err
	case there == nil:
		step.Found, step.Done = "does not exist", "created, in the group "+u.Group
		if u.DryRun {
			return step, nil
		}
		password := u.Password
		if password == "" {
			if password, err = u.Generate(); err != nil {
				return step, err
			}
		}
		return step, users.create(ctx, user{
			Login: u.Login, FullName: "Tizilim", Groups: []string{u.Group}, Password: password,
		})
	}
	step.Found = "exists, in the groups " + strings.Join(there.Groups, ", ")
	if len(there.Groups) == 0 {
		step.Found = "exists, in no group"
	}
	if there.Disabled {
		return step, fmt.Errorf("the user %s is disabled: enable it, or choose another one", u.Login)
	}
	if slices.Contains(there.Groups, administrators) {
		return step, fmt.Errorf("the user %s is an administrator, to whom no rights apply: choose another one", u.Login)
	}
	if u.Password != "" {
		if err := users.logsIn(ctx, u.Login, u.Password); err != nil {
			return step, err
		}
	}
	if slices.Contains(there.Groups, u.Group) {
		return step, nil
	}
	step.Done = "added to the group " + u.Group
	if u.DryRun {
		return step, nil
	}
	return step, users.update(ctx, user{Login: u.Login, FullName: there.FullName, Groups: append(there.Groups, u.Group)})
}

// rights is a JSON document of the server with access rights, read from the last event
// of its stream.
type rights struct {
	stream, eventType string
	expected          Expected
	members           map[string]json.RawMessage
}

func (s *Store) readRights(ctx context.Context, stream, eventType string) (*rights, error) {
	r := &rights{stream: stream, eventType: eventType, expected: NoStream, members: map[string]json.RawMessage{}}
	for e, err := range s.ReadRaw(ctx, RawRead{Stream: stream, Backwards: true, Limit: 1}) {
		if err != nil {
			return nil, fmt.Errorf("read the rights in %s: %w", stream, err)
		}
		r.expected = Expected(e.Revision)
		if err := json.Unmarshal(e.Data, &r.members); err != nil || r.members == nil {
			return nil, fmt.Errorf("the last event of %s is not a JSON object, so the server ignores it: "+
				"correct it first", stream)
		}
	}
	return r, nil
}

// writeRights appends the document at the revision where it was read. The id of the event
// is derived from its content, so that the append is idempotent.
func (s *Store) writeRights(ctx context.Context, r *rights) error {
	data, err := json.Marshal(r.members)
	if err != nil {
		return fmt.Errorf("rights in %s: %w", r.stream, err)
	}
	id := uuid.NewSHA1(uuid.NameSpaceURL, fmt.Appendf(nil, "%s@%d %s", r.stream, r.expected+1, data))
	_, _, err = s.AppendRaw(ctx, r.stream, r.expected, []RawEvent{{ID: id, Type: r.eventType, JSON: true, Data: data}})
	return err
}

// acl returns the access control list with that name; empty where there is none.
func (r *rights) acl(name string) (acl map[string]roles, err error) {
	if text, ok := r.members[name]; ok {
		if err := json.Unmarshal(text, &acl); err != nil || acl == nil {
			return nil, fmt.Errorf("%s in the last event of %s is not a list of rights, so the server ignores it: "+
				"correct it first", name, r.stream)
		}
		return acl, nil
	}
	return map[string]roles{}, nil
}

func (r *rights) setACL(name string, acl map[string]roles) (err error) {
	r.members[name], err = json.Marshal(acl)
	return err
}

// roles are users and groups, in JSON a list or a single string; nil: not given.
type roles []string

func (r *roles) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return errors.New("null is not a list of roles")
	}
	if bytes.HasPrefix(text, []byte(`"`)) {
		*r = make(roles, 1)
		return json.Unmarshal(text, &(*r)[0])
	}
	return json.Unmarshal(text, (*[]string)(r))
}

func (r roles) String() string { return strings.Join(r, ", ") }

// readAll adds the group to the readers of the log. Where $all has no rights of its own,
// it also adds those who may read every system stream, so that they keep that right.
func (u Setup) readAll(log, defaults *rights) (SetupStep, error) {
	step := SetupStep{About: "reading the log, in $$" + All}
	acl, err := log.acl("$acl")
	if err != nil {
		return step, err
	}
	now := acl["$r"]
	if now == nil {
		system, err := defaults.acl(systemACL)
		if err != nil {
			return step, err
		}
		if now = system["$r"]; now == nil {
			now = roles{administrators}
		}
	}
	step.Found = "open to " + now.String()
	if slices.Contains(now, u.Group) || slices.Contains(now, everybody) {
		return step, nil
	}
	acl["$r"] = append(slices.Clip(now), u.Group)
	step.Done = "opened to " + acl["$r"].String()
	return step, log.setACL("$acl", acl)
}

// defaultRights are the rights of every stream without rights of its own. group says
// whether the group gets the right. Without default rights everybody has all of them.
var defaultRights = []struct {
	member, means string
	group         bool
}{
	{"$r", "read", true},
	{"$w", "append", true},
	{"$d", "delete", false},
	{"$mr", "read metadata", true},
	{"$mw", "write metadata", false},
}

// closeStreams restricts each default right that is not given to the group and the
// administrators. open reports that an existing right admits everybody.
func (u Setup) closeStreams(defaults *rights) (step SetupStep, open bool, err error) {
	step.About = "streams without rights of their own, in " + settingsStream
	acl, err := defaults.acl(userStreamACL)
	if err != nil {
		return step, false, err
	}
	var found, done []string
	for _, right := range defaultRights {
		now := acl[right.member]
		if now == nil {
			found = append(found, right.means+": everybody")
		} else {
			found = append(found, right.means+": "+now.String())
		}
		switch {
		case slices.Contains(now, everybody):
			open = true
			continue
		case now == nil:
			now = roles{administrators}
			if right.group {
				now = append(now, u.Group)
			}
		case right.group && !slices.Contains(now, u.Group):
			now = append(slices.Clip(now), u.Group)
		default:
			continue
		}
		acl[right.member] = now
		done = append(done, right.means+": "+now.String())
	}
	step.Found, step.Done = strings.Join(found, "; "), strings.Join(done, "; ")
	if step.Done == "" {
		return step, open, nil
	}
	return step, open, defaults.setACL(userStreamACL, acl)
}
