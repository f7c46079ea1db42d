package projections

import (
	"context"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"tizilim/domain"
	"tizilim/domain/housing"
)

func TestVerifyProvesAnUntouchedModelWhileTheLogGoesOn(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), story()
		r := projected(t, client, s)
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			for n := 200; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				s.person(n)
				rec := placeOn(s, n, n, 1)
				if err := r.Await(ctx, rec.Position); err != nil {
					t.Error(err)
					return
				}
			}
		}()
		for range 5 {
			report, err := Verify(ctx, client, s, quick(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if !report.Proven() || report.Keys < 20 || report.Events == 0 {
				t.Errorf("report %+v", report)
			}
		}
		close(stop)
		<-stopped
		var last Progress
		report, err := Verify(ctx, client, s, quick(), func(p Progress) { last = p })
		if err != nil || report.AsOf != s.head() || int(report.Events) != len(s.recorded()) {
			t.Errorf("report %+v, %v", report, err)
		}
		if last.Position != s.head() || last.Target != s.head() {
			t.Errorf("progress ended with %+v", last)
		}
	})
}

func TestVerifyTellsEveryDifference(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		ctx, s := context.Background(), story()
		s.add(caseID(12).Stream(), housing.ApplicationRefused{CaseID: caseID(12), Reasons: "SECRET", RefusedAt: s.now})
		s.addPoison(personID(3).Stream())
		_, stop := running(t, client, s, quick()) // a running projector would notice the keys that are taken away
		r := NewReader(client, quick())
		reach(t, r, s.head())
		if report, err := Verify(ctx, client, s, quick(), nil); err != nil || !report.Proven() {
			t.Fatalf("before: %+v, %v", report, err)
		}
		stop()
		g := r.keys.generation(1)
		client.HSet(ctx, g+personID(1).Stream(), "class", "refugee")
		client.HSet(ctx, g+personID(1).Stream(), "extra", "1")
		client.Del(ctx, g+personID(2).Stream())
		client.ZAdd(ctx, g+orderKey(listID(1)), redis.Z{Score: 0, Member: "ghost"})
		client.ZAdd(ctx, g+unfinishedKey, redis.Z{Score: 1, Member: caseID(11).String()})
		client.SRem(ctx, g+caseID(1).Stream()+":parties", personHistory(personID(1)))
		client.HSet(ctx, g+caseID(12).Stream(), "refusal", "SECRET too")
		client.Set(ctx, g+"alien", "x", 0)
		client.Del(ctx, g+listID(1).Stream())
		client.Set(ctx, g+listID(1).Stream(), "x", 0)

		report, err := Verify(ctx, client, s, quick(), nil)
		if err != nil {
			t.Fatal(err)
		}
		var told []string
		for _, d := range report.Differences {
			told = append(told, d.String())
		}
		all := strings.Join(told, "\n")
		for _, want := range []string{
			`key ` + personID(1).Stream() + `, member "class": expected "citizen", found "refugee"`,
			`key ` + personID(1).Stream() + `, member "extra": expected nothing, found "1"`,
			`key ` + personID(2).Stream() + `, member "class": expected "citizen", found nothing`,
			`key ` + orderKey(listID(1)) + `, member "ghost": expected nothing, found "0"`,
			`key unfinished, member "` + caseID(11).String() + `": expected "17`,
			`member "` + personHistory(personID(1)) + `": expected it, found nothing`,
			`key alien: expected nothing, found a string`,
			`key ` + listID(1).Stream() + `: expected a hash, found a string`,
			`member "refusal": expected [personal], found [personal]`,
		} {
			if !strings.Contains(all, want) {
				t.Errorf("the report does not tell: %s", want)
			}
		}
		if report.Different != len(report.Differences) || report.Different != 11 { // person 2 had three fields
			t.Errorf("%d differences, %d told:\n%s", report.Different, len(report.Differences), all)
		}
		if strings.Contains(all, "SECRET") {
			t.Error("the report tells personal values")
		}
	})
}

func TestVerifyNeedsAServingGeneration(t *testing.T) {
	client := startRedis(t)
	_, err := Verify(context.Background(), client, story(), quick(), nil)
	refuses(t, err, domain.Unavailable, domain.CodeModelNotReady)
}
