package command_test

import (
	"testing"

	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
	"tizilim/domain/otp"
	"tizilim/domain/residence"
	"tizilim/eventstore/command"
)

var (
	challenge  = domaintest.ID[domain.ChallengeID]("challenge")
	byCode     = domaintest.ID[domain.CaseID]("application of erlan")
	signedText = []byte(`{"application":{}}`)
)

const erlansPhone = domain.Personal("+77010000000")

// challenged is the world after Erlan has asked for a code.
func challenged(t testing.TB) *memoryLog {
	t.Helper()
	l := world(t)
	h := newHandler(l)
	must(t, "erlan confirms a telephone", func(cmd domain.Command) (command.Receipt, error) {
		return h.ConfirmContacts(ctx, cmd, erlan, residence.ConfirmContacts{Phone: erlansPhone, Language: domain.Kazakh}, command.Options{})
	})
	must(t, "erlan asks for a code", func(cmd domain.Command) (command.Receipt, error) {
		return h.IssuePassword(ctx, cmd, otp.Issue{
			ChallengeID: challenge, PersonID: erlan, SHA256: domain.Personal(domain.TextDigest(signedText)), Registered: erlansPhone,
		}, command.Options{})
	})
	return l
}

func applyByCode(right bool) func(*command.Handler, domain.Command, command.Options) (command.Receipt, error) {
	return func(h *command.Handler, cmd domain.Command, opt command.Options) (command.Receipt, error) {
		cmd.Channel = domain.ChannelPortal
		opt.Signed = command.Signed{
			Text: signedText, Challenge: challenge,
			Right: func(id domain.ChallengeID, digits int) bool { return right && id == challenge && digits == 6 },
		}
		return h.ReceiveApplication(ctx, cmd, housing.ReceiveApplication{
			CaseID: byCode, ListID: list, ApplicantID: erlan, Consent: true, Language: domain.Kazakh, Signature: domain.SignatureOTP,
		}, opt)
	}
}

// TestC19_AStopBetweenPasswordAndApplicationServesThatCommandAlone: the password
// is verified, the application is not in the log. The command repeated goes on;
// no other command has the password.
func TestC19_AStopBetweenPasswordAndApplicationServesThatCommandAlone(t *testing.T) {
	l := challenged(t)
	n := l.len()
	l.faults(func(at int, _ string) error {
		if at >= 2 {
			return errLost
		}
		return nil
	}, nil)
	first := order("the application")
	if _, err := applyByCode(true)(newHandler(l), first, command.Options{}); err == nil {
		t.Fatal("it was not stopped")
	}
	l.heal()
	if got := l.since(n); len(got) != 1 || got[0].Event.(otp.Verified).Command != first.ID {
		t.Fatalf("recorded %v", typesOf(got))
	}
	if _, err := applyByCode(true)(newHandler(l), order("another application"), command.Options{}); domain.CodeOf(err) != domain.CodePasswordUsed {
		t.Errorf("another command: %v", err)
	}
	if _, err := applyByCode(true)(newHandler(l), first, command.Options{}); err != nil {
		t.Errorf("the same command: %v", err)
	}
	if got := l.since(n); len(got) != 2 || got[1].Event.(housing.ApplicationReceived).Evidence.Challenge != challenge {
		t.Errorf("recorded %v", typesOf(got))
	}
}
