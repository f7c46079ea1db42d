package command_test

import (
	"regexp"
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/otp"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
)

var (
	byCode     = domaintest.ID[domain.CaseID]("application of erlan")
	signedText = []byte(`{"application":{}}`)
)

const erlansPhone = domain.Personal("+77010000000")

// challenged is the world after Erlan has asked for a code, with the SMS.
func challenged(t testing.TB) (*memoryLog, command.Message) {
	t.Helper()
	l, sms := world(t), &post{}
	h := newHandler(l, withPasswords(phones{"999999000012": erlansPhone}, sms))
	confirm(t, l, erlan, residence.StateContacts{Phone: erlansPhone, Language: domain.Kazakh})
	must(t, "erlan asks for a code", func(cmd domain.Command) (command.Receipt, error) {
		r, _, err := h.SendPassword(ctx, cmd, erlan, domain.Personal(domain.TextDigest(signedText)), command.Options{})
		return r, err
	})
	for _, m := range sms.messages() {
		return l, m
	}
	t.Fatal("no code was sent")
	return nil, command.Message{}
}

// applyByCode has Erlan apply with the code of the SMS.
func applyByCode(sms command.Message) func(*command.Handler, domain.Command, command.Options) (command.Receipt, error) {
	return func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
		cmd.Channel = domain.ChannelPortal
		opt.Signed = command.Signed{
			Text: signedText, Challenge: domain.ChallengeID{UUID: sms.ID},
			Code: domain.Personal(regexp.MustCompile("[0-9]{6}").FindString(string(sms.Text))),
		}
		return h.ReceiveApplication(ctx, cmd, housing.ReceiveApplication{
			CaseID: byCode, ListID: list, ApplicantID: erlan, Consent: true, Language: domain.Kazakh, Signature: domain.SignatureOTP,
		}, opt)
	}
}

// TestC19_AStopBeforeTheSMSIsMadeGoodByTheSameCommand: the challenge is in the
// log and the gateway has nothing.
func TestC19_AStopBeforeTheSMSIsMadeGoodByTheSameCommand(t *testing.T) {
	l := world(t)
	away := &post{answer: func(command.Message) error { return errLost }}
	base := phones{"999999000012": erlansPhone}
	confirm(t, l, erlan, residence.StateContacts{Phone: erlansPhone})
	ask := func(g command.Gateway) error {
		_, _, err := newHandler(l, withPasswords(base, g)).
			SendPassword(ctx, envelope("ask"), erlan, domain.Personal(domain.TextDigest(signedText)), command.Options{})
		return err
	}
	n := l.len()
	if err := ask(away); domain.CodeOf(err) != domain.CodeSMSAway || l.len() != n+2 {
		t.Fatalf("%v, and recorded %v", err, typesOf(l.since(n)))
	}
	sms := &post{}
	for range 2 {
		if err := ask(sms); err != nil || l.len() != n+2 {
			t.Fatalf("%v, and recorded %v", err, typesOf(l.since(n)))
		}
	}
	if got := sms.messages(); len(got) != 1 {
		t.Errorf("%d messages have an id of their own", len(got))
	}
}

// TestC19_AStopBetweenPasswordAndApplicationServesThatCommandAlone: the password
// is verified, the application is not in the log. The command repeated goes on;
// no other command has the password.
func TestC19_AStopBetweenPasswordAndApplicationServesThatCommandAlone(t *testing.T) {
	l, sms := challenged(t)
	n := l.len()
	l.faults(func(at int, _ string) error {
		if at >= 2 {
			return errLost
		}
		return nil
	}, nil)
	first := envelope("the application")
	if _, err := applyByCode(sms)(newHandler(l), first, command.Options{}); err == nil {
		t.Fatal("it was not stopped")
	}
	l.heal()
	if got := l.since(n); len(got) != 1 || got[0].Event.(otp.Verified).Command != first.ID {
		t.Fatalf("recorded %v", typesOf(got))
	}
	if _, err := applyByCode(sms)(newHandler(l), envelope("another application"), command.Options{}); domain.CodeOf(
		err,
	) != domain.CodePasswordUsed {
		t.Errorf("another command: %v", err)
	}
	if _, err := applyByCode(sms)(newHandler(l), first, command.Options{}); err != nil {
		t.Errorf("the same command: %v", err)
	}
	if got := l.since(n); len(got) != 2 ||
		got[1].Event.(housing.ApplicationReceived).Evidence.Challenge.UUID != sms.ID {
		t.Errorf("recorded %v", typesOf(got))
	}
}
