package command

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"math/big"

	"tizilim/domain"
	"tizilim/domain/notice"
	"tizilim/domain/otp"
)

// PasswordKey is the secret from which the codes of one-time passwords are
// computed.
type PasswordKey []byte

// Code returns the code of a challenge. It is a function of the challenge's id:
// the log holds nothing of it, and a repeated request sends the same one. Nobody
// can compute it without the key.
func (k PasswordKey) Code(id domain.ChallengeID, digits int) string {
	mac := hmac.New(sha256.New, k)
	_ = binary.Write(mac, binary.BigEndian, int64(digits))
	mac.Write(id.UUID[:])
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)
	// 256 bits are reduced to some digits: the codes are equally likely, but for a
	// difference that is too small to be used.
	n := new(big.Int).Mod(new(big.Int).SetBytes(mac.Sum(nil)), limit)
	return fmt.Sprintf("%0*s", digits, n.String())
}

// proves reports whether the code is that of the challenge, in a time that does
// not tell how much of it is right.
func (k PasswordKey) proves(id domain.ChallengeID, digits int, code domain.Personal) bool {
	return subtle.ConstantTimeCompare([]byte(k.Code(id, digits)), []byte(code)) == 1
}

// passwordTexts are the SMS by language. Their two values are the code and for
// how many minutes it is valid.
var passwordTexts = map[domain.Language]string{
	domain.Kazakh:  "Tizilim: өтінімге қол қою коды %s. %d минут жарамды. Оны ешкімге айтпаңыз.",
	domain.Russian: "Tizilim: код для подписания заявления %s. Действует %d мин. Никому его не сообщайте.",
	domain.English: "Tizilim: the code to sign your application is %s. It holds for %d minutes. Tell it to nobody.",
}

// SendPassword sends the person a one-time password by SMS, by which one text
// can be signed: that with the digest, a SHA-256 in hex (C19).
//
// Steps: the code is counted in the stream of the telephone, which may refuse (as in
// [Handler.StateContacts]); the challenge is appended to the person's otp- stream; then
// the SMS is handed to the gateway. A crash between the last two leaves a challenge whose code
// nobody has; the same command, repeated, hands over the same message with the
// same id. A challenge that is open no more is not sent again, and with a dry run
// nothing is.
func (h *Handler) SendPassword(
	ctx context.Context, cmd domain.Command, id domain.PersonID, digest domain.Personal, opt Options,
) (Receipt, otp.Issued, error) {
	p, err := h.Person(ctx, id)
	if err != nil {
		return Receipt{}, otp.Issued{}, err
	}
	if !p.Known() || p.IIN == "" {
		return Receipt{}, otp.Issued{}, domain.Refuse(domain.Conflict, domain.CodeNotMobileCitizen,
			"you have no IIN recorded, and the mobile-citizens base finds persons by IIN: sign with an EDS")
	}
	registered, err := h.mobileCitizens.Phone(ctx, p.IIN)
	if err != nil {
		h.logger.Warn("the mobile-citizens base cannot be asked", "error", err)
		return Receipt{}, otp.Issued{}, domain.Refuse(domain.Unavailable, domain.CodeMobileCitizensAway,
			"the mobile-citizens base does not answer; send the same request again later, or sign with an EDS")
	}
	c := otp.Issue{
		ChallengeID: domain.ChallengeID{UUID: domain.DeriveID(cmd.ID.UUID, "challenge")}, PersonID: id,
		SHA256: digest, Phone: p.Contacts.Phone, Registered: registered, Rules: h.rules,
	}
	issue := streamCommand[otp.Challenges]{
		cmd: cmd, stream: otp.Stream(id), ifMatch: opt.IfMatch, dryRun: true,
		decide: func(s *otp.Challenges) ([]domain.Event, error) { return s.Issue(cmd, c) },
	}
	r, err := execute(ctx, h, issue)
	if err == nil && r.Planned && !opt.DryRun { // it was not carried out before
		if err := h.countCode(ctx, cmd, notice.SMS, registered); err != nil {
			return Receipt{}, otp.Issued{}, err
		}
		issue.dryRun = false
		r, err = execute(ctx, h, issue)
	}
	if err != nil {
		return r, otp.Issued{}, err
	}
	issued := r.Events[len(r.Events)-1].Event.(otp.Issued)
	if opt.DryRun {
		return r, issued, nil
	}
	return r, issued, h.sendCode(ctx, cmd, issued, p.Contacts.Language)
}

// sendCode sends the code of a challenge, where the challenge is still open.
func (h *Handler) sendCode(ctx context.Context, cmd domain.Command, e otp.Issued, language domain.Language) error {
	c, err := load[otp.Challenges](ctx, h, otp.Stream(e.PersonID))
	if err != nil {
		return err
	}
	if c.State(e.ChallengeID, cmd.Now) != otp.StateIssued {
		return nil
	}
	text, ok := passwordTexts[language]
	if !ok {
		text = passwordTexts[domain.Kazakh]
	}
	minutes := int(e.ExpiresAt.Sub(e.IssuedAt).Minutes())
	err = h.gateway.Send(ctx, Message{
		ID: e.ChallengeID.UUID, Way: notice.SMS, To: e.Phone,
		Text: domain.Personal(fmt.Sprintf(text, h.passwordKey.Code(e.ChallengeID, e.Digits), minutes)),
	})
	if err != nil {
		h.logger.Warn("a one-time password could not be sent", "error", err)
		return domain.Refuse(domain.Unavailable, domain.CodeSMSAway,
			"the SMS could not be sent; send the same request again, or sign with an EDS")
	}
	return nil
}

// redeemPassword uses up a one-time password for the command. It is the first of two
// appends; the second is that of the command itself.
//
// The id of the first is derived from the command and its request. So the command,
// repeated after a crash between the two, finds its password verified and goes on; any
// other command finds it used. The same wrong code, sent again under the same key, costs
// one try.
func (h *Handler) redeemPassword(ctx context.Context, cmd domain.Command, by domain.PersonID, s Signed) error {
	p, err := h.Person(ctx, by)
	if err != nil {
		return err
	}
	step := cmd.Step(cmd.ID.UUID, "redeem "+cmd.Digest)
	r, err := execute(ctx, h, streamCommand[otp.Challenges]{
		cmd: step, stream: otp.Stream(by), correlation: cmd.ID.UUID,
		decide: func(c *otp.Challenges) ([]domain.Event, error) {
			return c.Redeem(step, otp.Redeem{
				ChallengeID: s.Challenge, SHA256: domain.Personal(domain.TextDigest(s.Text)), Phone: p.Contacts.Phone,
				Right: h.passwordKey.proves(s.Challenge, c.Last.Digits, s.Code), Command: cmd.ID,
			})
		},
	})
	if err != nil {
		return err
	}
	events := make([]domain.Event, len(r.Events))
	for i, rec := range r.Events {
		events[i] = rec.Event
	}
	return otp.Outcome(events)
}
