package command

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/notice"
	"tizilim/domain/otp"
	"tizilim/domain/residence"
)

// contact returns the id of a telephone or e-mail. Without the key nobody can tell
// which one it is.
func (k PasswordKey) contact(w notice.Way, address domain.Personal) otp.ContactID {
	mac := hmac.New(sha256.New, k)
	// No code is computed from such a text: those begin with a zero byte.
	mac.Write([]byte("contact " + string(w) + " " + strings.ToLower(string(address))))
	var id uuid.UUID
	copy(id[:], mac.Sum(nil))
	id[6] = id[6]&0x0f | 0x80 // version 8: custom derivation (RFC 9562)
	id[8] = id[8]&0x3f | 0x80 // variant 10
	return otp.ContactID{UUID: id}
}

// countCode counts a code that the command is about to send to the address, or refuses
// it where too many went there within an hour, whoever asked for them. The same command
// counts once. A command that is refused after that has counted a code that it did not
// send, which does no harm.
func (h *Handler) countCode(ctx context.Context, cmd domain.Command, w notice.Way, address domain.Personal) error {
	id := h.passwordKey.contact(w, address)
	count := cmd.Step(cmd.ID.UUID, "code to "+id.String())
	_, err := execute(ctx, h, streamCommand[otp.Sent]{
		cmd: count, stream: id.Stream(), correlation: cmd.ID.UUID,
		decide: func(s *otp.Sent) ([]domain.Event, error) { return s.Send(count, id, h.rules) },
	})
	return err
}

// wayTo is the way by which a message reaches a contact.
var wayTo = map[residence.Contact]notice.Way{residence.Phone: notice.SMS, residence.Email: notice.Email}

// StateContacts states how a person can be reached, and sends a code to each contact
// that is new.
//
// Steps: the codes are counted in the streams of the contacts, which may refuse; the
// person's stream takes the statement; the codes are handed to the gateway. Before the
// first step the command is decided once without effect, so that one that is refused
// counts no code. After a crash the same command, repeated, sends the same messages with
// the same ids. A contact that waits for no code any more gets none, and with a dry run
// none does.
func (h *Handler) StateContacts(
	ctx context.Context, cmd domain.Command, id domain.PersonID, c residence.StateContacts, opt Options,
) (Receipt, error) {
	c.Rules = h.rules
	c.ChallengeID = domain.ChallengeID{UUID: domain.DeriveID(cmd.ID.UUID, "contacts")}
	state := streamCommand[residence.Person]{
		cmd: cmd, stream: id.Stream(), ifMatch: opt.IfMatch, dryRun: true,
		decide: func(p *residence.Person) ([]domain.Event, error) { return p.StateContacts(cmd, c) },
	}
	r, err := execute(ctx, h, state)
	if err != nil || opt.DryRun {
		return r, err
	}
	if r.Planned { // it was not carried out before
		e := r.Events[0].Event.(residence.ContactsStated)
		for _, contact := range e.Codes {
			if err := h.countCode(ctx, cmd, wayTo[contact], e.Address(contact)); err != nil {
				return Receipt{}, err
			}
		}
		state.dryRun = false
		if r, err = execute(ctx, h, state); err != nil {
			return r, err
		}
	}
	return r, h.sendContactCodes(ctx, cmd, r.Events[0].Event.(residence.ContactsStated))
}

// sendContactCodes sends the codes of contacts that still wait for them.
func (h *Handler) sendContactCodes(ctx context.Context, cmd domain.Command, e residence.ContactsStated) error {
	p, err := h.Person(ctx, e.PersonID)
	if err != nil || p.Stated.ChallengeID != e.ChallengeID || !cmd.Now.Before(e.ConfirmBy) {
		return err
	}
	for _, contact := range e.Codes {
		if !p.Awaits(contact) {
			continue
		}
		text, ok := contactTexts[e.Language]
		if !ok {
			text = contactTexts[domain.Kazakh]
		}
		challenge := e.Challenge(contact)
		code := h.passwordKey.Code(challenge, e.Digits)
		m := Message{
			ID: challenge.UUID, Way: wayTo[contact], To: e.Address(contact),
			Text: domain.Personal(fmt.Sprintf(text, code, int(e.ConfirmBy.Sub(e.StatedAt)/time.Minute))),
		}
		if m.Way == notice.Email {
			m.Subject = domain.Personal(notice.Subject(e.Language))
		}
		if err := h.gateway.Send(ctx, m); err != nil {
			h.logger.Warn("the code of a contact could not be sent", "way", m.Way, "error", err)
			return domain.Refuse(domain.Unavailable, domain.CodeContactCodeNotSent,
				"the code could not be sent; send the same request again with the same Idempotency-Key")
		}
	}
	return nil
}

// contactTexts are the messages with a code that confirms a contact, by language. Their
// two values are the code and for how many minutes it is valid.
var contactTexts = map[domain.Language]string{
	domain.Kazakh:  "Tizilim: байланыс дерегін растау коды %s. %d минут жарамды. Өтінбеген болсаңыз, елемеңіз.",
	domain.Russian: "Tizilim: код подтверждения контакта %s. Действует %d мин. Если Вы его не запрашивали, ничего не делайте.",
	domain.English: "Tizilim: the code that confirms this contact is %s. It holds for %d minutes. Ignore it if you did not ask.",
}

// ConfirmContact takes the code that was sent to a contact of the person. A right code
// puts the contact in force. A wrong one costs a try, and is an error beside the
// receipt. A dry run does not compare the code: it would tell for nothing whether it is
// right.
//
// The id of the command covers the request: a code that was mistyped can be corrected
// under the same key, and the same wrong code, sent again, costs one try.
func (h *Handler) ConfirmContact(
	ctx context.Context, cmd domain.Command, id domain.PersonID, contact residence.Contact, code domain.Personal,
	opt Options,
) (Receipt, error) {
	step := cmd.Step(cmd.ID.UUID, "confirm contact "+cmd.Digest)
	r, err := execute(ctx, h, streamCommand[residence.Person]{
		cmd: step, stream: id.Stream(), ifMatch: opt.IfMatch, dryRun: opt.DryRun,
		decide: func(p *residence.Person) ([]domain.Event, error) {
			right := opt.DryRun || h.passwordKey.proves(p.Stated.Challenge(contact), p.Stated.Digits, code)
			return p.ConfirmContact(step, residence.ConfirmContact{Contact: contact, Right: right})
		},
	})
	if err != nil {
		return r, err
	}
	return r, residence.ContactOutcome(r.Events[0].Event)
}
