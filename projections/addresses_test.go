package projections

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/redis/go-redis/v9"

	"tizilim/domain"
	"tizilim/domain/residence"
)

// at records a dwelling with the address.
func (s *script) at(n int, kato, address string) {
	s.add(dwellingID(n).Stream(), residence.DwellingRecorded{
		DwellingID: dwellingID(n), RKA: fmt.Sprint(n), KATO: kato, Address: address, RecordedAt: s.now,
	})
}

func TestR51_ADwellingIsFoundByWordsOfEachAddressThatItEverHad(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		s := newScript()
		s.at(1, "711310000", "Астана, Қабанбай батыр даңғылы, 8, 12-пәтер")
		s.at(2, "711310000", "Астана, Қабанбай батыр даңғылы, 81")
		s.at(3, "751110000", "г. Алматы, пр. Кабанбай батыра, д. 8, кв. 2")
		s.at(4, "", "Мира көшесі, 5")
		s.at(5, "711310000", "Астана, 5")
		s.add(dwellingID(4).Stream(), residence.DwellingReaddressed{
			DwellingID: dwellingID(4), Former: "Мира көшесі, 5", Address: "Бейбітшілік көшесі, 5", On: day,
		})
		s.add(dwellingID(5).Stream(), residence.DwellingDescribed{DwellingID: dwellingID(5), Rooms: 2, On: day})
		s.add(dwellingID(5).Stream(), residence.DwellingDescribed{DwellingID: dwellingID(5), Address: "Астана, Сарыарқа, 7", On: day})
		s.add(dwellingID(5).Stream(), residence.DwellingGone{DwellingID: dwellingID(5), How: residence.Demolished, On: day})
		r := projected(t, client, s)
		for _, c := range []struct {
			text string
			kato domain.KATO
			want []int
		}{
			{"Кабанбай батыр", "", []int{1, 2, 3}}, {"kabanbay batyr 8", "", []int{1, 3}}, {"Қабанбай 8", "", []int{1, 3}},
			{"Кабанб", "", []int{1, 2, 3}}, {"Кабанб 8 12", "", []int{1}}, {"ул. Қабанбай батыр, үй 81", "", []int{2}},
			{"батыр Астана Кабанбай", "", []int{1, 2}}, {"Қабанбай", "750000000", []int{3}}, {"Қабанбай", "711310000", []int{1, 2}},
			{"Мира 5", "", []int{4}}, {"Бейбитшилик", "", []int{4}}, {"Мира", "710000000", nil},
			{"Астана", "", []int{1, 2, 5}}, {"Астана 5", "", []int{5}}, {"Сарыарка 7", "", []int{5}}, {"Сарыарка 5", "", nil},
			{"Қабан батыр", "", nil}, {"Қа", "", nil}, {"Кабанбай 1", "", nil}, {"Кабанбай 12", "", nil}, {"Мира Астана", "", nil},
		} {
			found, err := r.FindAddress(context.Background(), AddressQuery{c.text, c.kato})
			var got, want []string
			for _, d := range found.Dwellings {
				got = append(got, d.DwellingID.String())
			}
			for _, n := range c.want {
				want = append(want, dwellingID(n).String())
			}
			slices.Sort(got)
			slices.Sort(want)
			if err != nil || found.More || !slices.Equal(got, want) {
				t.Errorf("%q in %q finds %v, %v; want %v", c.text, c.kato, got, err, want)
			}
		}
		found, err := r.FindAddress(context.Background(), AddressQuery{Text: "Астана 5"})
		if err != nil || len(found.Dwellings) != 1 {
			t.Fatalf("a former address finds %v, %v", found, err)
		}
		if d := found.Dwellings[0]; d.Address != "Астана, Сарыарқа, 7" || d.RKA != "5" || d.KATO != "711310000" ||
			d.How != residence.Demolished || d.GoneOn != day || found.AsOf != s.head() {
			t.Errorf("a former address finds %+v as of %d", d, found.AsOf)
		}
		for _, text := range []string{"12", "ул. 5", "...", "010000"} {
			if _, err := r.FindAddress(context.Background(), AddressQuery{Text: text}); domain.CodeOf(err) != domain.CodeRequired {
				t.Errorf("%q: %v, want %s", text, err, domain.CodeRequired)
			}
		}
	})
}

func TestR51_ASearchLooksAtABoundedNumberOfAddresses(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, client redis.UniversalClient) {
		s := newScript()
		for n := 1; n <= addressesAtOnce; n++ {
			s.at(n, "", fmt.Sprintf("Астана, Абай, %d", n))
		}
		s.at(addressesAtOnce+1, "", "Астана, Мира, 1")
		letters := []rune("бвгдкмнпрстфз") // each pair folds to another word
		for n := range wordsAtOnce + 1 {
			s.at(2*addressesAtOnce+n, "", "Жол"+string([]rune{letters[n/len(letters)], letters[n%len(letters)]}))
		}
		r := projected(t, client, s)
		for _, c := range []struct {
			text  string
			found int
			more  bool
			code  domain.Code
		}{
			{"Абай", maxAddresses, true, ""}, {"Астана", 0, false, domain.CodeAddressTooWide},
			{"Астана 7", 1, false, ""}, {"Астана Мира", 1, false, ""}, {"Мира Астана", 1, false, ""},
			{"Аст", 0, false, domain.CodeAddressTooWide}, {"Аст 1", 2, false, ""}, {"Жол", 0, false, domain.CodeAddressTooWide},
		} {
			found, err := r.FindAddress(context.Background(), AddressQuery{Text: c.text})
			if len(found.Dwellings) != c.found || found.More != c.more || domain.CodeOf(err) != c.code {
				t.Errorf("%q finds %d, more %t, %v; want %d, %t, %q", c.text, len(found.Dwellings), found.More, err, c.found, c.more, c.code)
			}
		}
	})
}
