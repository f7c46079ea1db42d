package domain_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"tizilim/domain"
	"tizilim/domain/domaintest"
)

// noted is an event that no service knows.
type noted struct{ Name domain.Personal }

func (noted) EventType() string        { return "Noted" }
func (noted) EffectiveAt() time.Time   { return time.Time{} }
func (noted) Concerns() domain.Concern { return domain.ConcernsNobody("it is invented") }

func TestDerivedIDsAreTheSameForEveryRepetition(t *testing.T) {
	from := uuid.MustParse("6ba7b812-9dad-11d1-80b4-00c04fd430c8")
	// A literal: were the derivation to change, a repeated command would be a
	// second event.
	if got := domain.DeriveID(from, "entry").String(); got != "472357e7-205b-517f-9097-08e1d8d17015" {
		t.Errorf("derived %s", got)
	}
	if domain.DeriveID(from, "entry") == domain.DeriveID(from, "certificate") ||
		domain.DeriveID(from, "entry") == domain.DeriveID(uuid.Nil, "entry") {
		t.Error("different things have one id")
	}
}

func TestAStepIsTheSameCommandHoweverOftenItIsTaken(t *testing.T) {
	act := uuid.MustParse("6ba7b812-9dad-11d1-80b4-00c04fd430c8")
	cmd := domaintest.Command()
	cmd.Digest = "d1"
	again := cmd
	again.ID, again.Digest, again.Now = domaintest.ID[domain.CommandID]("other"), "d2", again.Now.Add(time.Hour)
	first, second := cmd.Step(act, "place"), again.Step(act, "place")
	if first.ID != second.ID || first.Digest != "" || second.Digest != "" {
		t.Errorf("steps %v and %v", first, second)
	}
	if first.ID == cmd.Step(act, "certify").ID {
		t.Error("two steps are one command")
	}
	if first.Actor != cmd.Actor || first.Role != cmd.Role || first.Channel != cmd.Channel || !first.Now.Equal(cmd.Now) {
		t.Errorf("the step %v forgot who ordered it", first)
	}
}

func TestCommandOfARecordedEventIsItsEnvelope(t *testing.T) {
	rec := domaintest.Recorded(0, noted{})
	want := domaintest.Command()
	want.Now = domaintest.Noon().Add(time.Minute)
	if got := domain.CommandOf(rec, want.Now); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestC1_AChannelIsOpenToTheRoleThatServesIt(t *testing.T) {
	open := map[domain.Role][]domain.Channel{
		domain.RoleCitizen:  {domain.ChannelPortal},
		domain.RoleOperator: {domain.ChannelStateCorp},
		domain.RoleProvider: {domain.ChannelProviderAtStateCorp, domain.ChannelProvider},
	}
	for _, role := range append(slices.Clone(domain.Roles), domain.RoleSystem, "") {
		for _, channel := range append(slices.Clone(domain.Channels), domain.ChannelNone, "fax") {
			if got, want := channel.OpenTo(role), slices.Contains(open[role], channel); got != want {
				t.Errorf("channel %q open to %q: %t, want %t", channel, role, got, want)
			}
		}
	}
}

func TestR4_DocumentsThatIdentify(t *testing.T) {
	for doc, want := range map[domain.DocumentType]bool{
		domain.DocumentIdentityCard: true, domain.DocumentPassport: true, domain.DocumentResidencePermit: true,
		domain.DocumentStatelessCard: true, domain.DocumentRefugeeCertificate: true,
		domain.DocumentBirthCertificate: false, domain.DocumentApplication: false, domain.DocumentExitPermission: false,
		domain.DocumentCourtDecision: false, domain.DocumentOther: false, "": false, "library_card": false,
	} {
		if got := doc.Identifies(); got != want {
			t.Errorf("%q identifies: %t, want %t", doc, got, want)
		}
	}
}

func TestStreamNamesAreACategoryAndAnID(t *testing.T) {
	id := domaintest.ID[domain.PersonID]("x")
	for _, c := range []struct{ got, category string }{
		{id.Stream(), "residence-"}, {domain.DwellingID(id).Stream(), "dwelling-"},
		{domain.CaseID(id).Stream(), "case-"}, {domain.ListID(id).Stream(), "queue-"},
	} {
		if c.got != c.category+id.String() || !slices.Contains(domain.Categories, c.category) {
			t.Errorf("stream %s, want category %s", c.got, c.category)
		}
	}
}

func TestErrorBlamesAFieldWithoutTouchingTheOriginal(t *testing.T) {
	plain := domain.Refuse(domain.Conflict, domain.CodeLostRace, "try %d times", 3)
	blamed := plain.At(domain.Path("owners", 1, "share"))
	if plain.Error() != "lost_race: try 3 times" || blamed.Error() != "lost_race (owners[1].share): try 3 times" {
		t.Errorf("%q and %q", plain, blamed)
	}
	if domain.CodeOf(blamed) != domain.CodeLostRace || domain.CodeOf(nil) != "" {
		t.Error("CodeOf does not find the code")
	}
	if got := domain.Path("persons", 1); got != "persons[1]" {
		t.Errorf("path %s", got)
	}
}
