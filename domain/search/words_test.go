package search

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Each pair must find each other.
func TestWordsThatAreOne(t *testing.T) {
	for _, c := range [][2]string{
		{"Қабанбай", "Кабанбай"}, {"Қабанбай", "Kabanbay"}, {"Қабанбай", "Qabanbai"}, {"Әсел", "Асел"}, {"Әсел", "Assel"},
		{"Өмір", "Омир"}, {"Үміт", "Умит"}, {"Ұлан", "Ulan"}, {"Іле", "Ile"}, {"Һауа", "Хауа"}, {"Ғалым", "Galym"},
		{"Маңғыстау", "Мангыстау"}, {"Маңғыстау", "Mangystau"}, {"Эльмира", "Elmira"}, {"Семён", "Семен"}, {"Семён", "Semyon"},
		{"Шаңырақ", "Shanyraq"}, {"Шаңырақ", "Şañyraq"}, {"Шаңырақ", "ШАНЫРАК"}, {"Жанна", "Zhanna"}, {"Жандос", "Jandos"},
		{"Чокан", "Chokan"}, {"Щербаков", "Shcherbakov"}, {"Щербаков", "Scherbakov"}, {"Цой", "Tsoi"}, {"Юлия", "Yuliya"},
		{"Юлия", "Yulia"}, {"Юсуп", "Iusup"}, {"Яна", "Yana"}, {"Сергей", "Sergey"}, {"Сергей", "Sergei"}, {"Ерлан", "Yerlan"},
		{"Есенов", "Yessenov"}, {"Дмитрий", "Dmitry"}, {"Илья", "Il'ya"}, {"Илья", "Ilya"}, {"Ахмет", "Akhmet"}, {"Ахмет", "Ahmet"},
		{"Александр", "Alexandr"}, {"Виктория", "Victoria"}, {"Объездная", "Обездная"},
		{"Aбaй", "Абай"}, {"COKPAТ", "СОКРАТ"}, {"12A", "12а"}, {"12B", "12В"}, {"Жиhан", "Жиһан"},
		{"Й", "Й"}, {"Мәңгілік-Ел", "Мәңгілік  Ел!"}, {"№5/2", "5 2"}, {"«Астана»", "астана"},
	} {
		one, other := Words(c[0]), Words(c[1])
		if len(one) == 0 || !slices.Equal(one, other) {
			t.Errorf("%q is %q, and %q is %q", c[0], one, c[1], other)
		}
	}
}

// No pair may find each other.
func TestWordsThatAreDistinct(t *testing.T) {
	for _, c := range [][2]string{
		{"Абай", "Абая"}, {"Асан", "Асанов"}, {"Айгүл", "Айгүлім"}, {"Шара", "Жара"}, {"Чара", "Шара"}, {"Зере", "Жере"},
		{"Сара", "Зара"}, {"Серик", "Берик"}, {"Анар", "Ангар"}, {"Мира", "Мура"}, {"Хан", "Кан"}, {"Цой", "Той"},
		{"12", "122"}, {"11", "1"}, {"12А", "12Б"}, {"12", "12А"}, {"5/2", "52"},
	} {
		if one, other := Words(c[0]), Words(c[1]); slices.Equal(one, other) {
			t.Errorf("%q and %q are both %q", c[0], c[1], one)
		}
	}
}

func TestANameIsItsWordsEachOnce(t *testing.T) {
	for name, want := range map[string][]string{
		"Айгүл Серікқызы Әбенова": {"aigul", "serikizi", "abenova"}, "Айгуль Серик кызы АБЕНОВА": {"aigul", "serikizi", "abenova"},
		"Aigul Serik qyzy Abenova": {"aigul", "serikizi", "abenova"}, "Оглы": {"ogli"}, "Али Али": {"ali"}, "Ь": nil,
	} {
		if got := NameOf(name); !slices.Equal(got, want) {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestAnAddressIsWordsAndNumbersWithoutKinds(t *testing.T) {
	want := Address{[]string{"astana", "kabanbai", "batir"}, []string{"8a", "12"}}
	for _, text := range []string{
		"Астана, Қабанбай батыр даңғылы, 8А, 12-пәтер", "г. Астана, пр. Кабанбай батыр, д. 8а, кв. 12", "010000 Astana Kabanbay batyr ave. 8A apt. 12",
		"АСТАНА ҚАЛАСЫ ҚАБАНБАЙ БАТЫР КӨШЕСІ ҮЙ 8A ПӘТЕР 12", "8А Астана 12 Кабанбай-батыр",
	} {
		if got := AddressOf(text); !slices.Equal(got.Words, want.Words) || !slices.Equal(got.Numbers, want.Numbers) {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
	if got := AddressOf("улица, дом"); got.Words != nil || got.Numbers != nil {
		t.Errorf("kinds alone are %q", got)
	}
	if got := AddressOf("1234567 12345a"); len(got.Numbers) != 2 {
		t.Errorf("numbers that are no postal index are %q", got)
	}
}

// What a model keeps of a word must be a word again, or nobody would find it by what they read there.
func TestAFoldedWordHasNoSeparator(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for _, word := range Words(rapid.String().Draw(t, "text")) {
			for _, r := range word {
				if separates(r) || r == ' ' || r == '|' {
					t.Fatalf("%q has %q", word, r)
				}
			}
		}
	})
}
