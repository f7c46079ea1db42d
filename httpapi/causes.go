package httpapi

import (
	"tizilim/domain"
	"tizilim/domain/housing"
	"tizilim/projections"
)

// words are a sentence for a citizen, in each language.
type words map[domain.Language]string

// in returns the sentence in the language; in Kazakh where none is asked for.
func (w words) in(l domain.Language) string {
	if text, ok := w[l]; ok {
		return text
	}
	return w[domain.Kazakh]
}

// cause says why a number changed: by an act on the entry itself, or on another one, of which it
// tells nothing but what was done.
type cause struct{ own, other words }

var causes = map[projections.ChangeKind]cause{
	projections.Placed: {
		words{
			domain.Kazakh:  "Сіз кезекке қойылдыңыз.",
			domain.Russian: "Вы поставлены в очередь.",
			domain.English: "You were placed on the list.",
		},
		words{
			domain.Kazakh:  "Өтініші Сіздікінен бұрын берілген адам кезекке қойылды.",
			domain.Russian: "В очередь поставлено лицо, которое подало заявление раньше Вас.",
			domain.English: "Somebody who applied before you was placed on the list.",
		},
	},
	projections.Removed: {
		words{
			domain.Kazakh:  "Сіз кезектен шығарылдыңыз.",
			domain.Russian: "Вы сняты с очереди.",
			domain.English: "You were removed from the list.",
		},
		words{
			domain.Kazakh:  "Алдыңызда тұрған адам кезектен шығарылды.",
			domain.Russian: "Лицо, которое стояло перед Вами, снято с очереди.",
			domain.English: "Somebody who stood before you was removed from the list.",
		},
	},
	projections.Reinstated: {
		words{
			domain.Kazakh:  "Сіз кезектегі бұрынғы орныңызға қайта қойылдыңыз.",
			domain.Russian: "Вы восстановлены в очереди на прежнем месте.",
			domain.English: "You were put back on the list with your former place.",
		},
		words{
			domain.Kazakh:  "Кезектен бұрын шығарылған адам алдыңыздағы орнына қайта қойылды.",
			domain.Russian: "Лицо, которое было снято с очереди, восстановлено на месте перед Вами.",
			domain.English: "Somebody who had been removed was put back on the list before you.",
		},
	},
	projections.Redated: {
		words{
			domain.Kazakh:  "Сіздің кезектегі орныңыз негіз туындаған күн бойынша өзгертілді.",
			domain.Russian: "Ваше место в очереди изменено по дню, в который возникло основание.",
			domain.English: "Your place was changed to the day on which your ground arose.",
		},
		words{
			domain.Kazakh:  "Басқа адамның кезектегі орны оның негізі туындаған күн бойынша өзгертілді.",
			domain.Russian: "Место другого лица в очереди изменено по дню, в который возникло его основание.",
			domain.English: "The place of somebody else was changed to the day on which their ground arose.",
		},
	},
	projections.Undone: {
		words{
			domain.Kazakh:  "Сіздің орныңыздың қате өзгертілуі жойылды: бұрынғы орныңыз қайтарылды.",
			domain.Russian: "Ошибочное изменение Вашего места отменено: Вам возвращено прежнее место.",
			domain.English: "A mistaken change of your place was undone: you have your former place again.",
		},
		words{
			domain.Kazakh:  "Басқа адамның кезектегі орнының қате өзгертілуі жойылды.",
			domain.Russian: "Отменено ошибочное изменение места другого лица в очереди.",
			domain.English: "A mistaken change of the place of somebody else was undone.",
		},
	},
	projections.Provided: {
		words{
			domain.Kazakh:  "Сізге қызметтік тұрғын үй берілді.",
			domain.Russian: "Вам предоставлено служебное жилище.",
			domain.English: "A service dwelling was provided to you.",
		},
		words{
			domain.Kazakh:  "Алдыңызда тұрған адамға қызметтік тұрғын үй берілді.",
			domain.Russian: "Лицу, которое стояло перед Вами, предоставлено служебное жилище.",
			domain.English: "A service dwelling was provided to somebody who stood before you.",
		},
	},
	projections.Left: {
		words{
			domain.Kazakh:  "Сіз кезектен өз еркіңізбен шықтыңыз.",
			domain.Russian: "Вы вышли из очереди по собственному желанию.",
			domain.English: "You left the list at your own wish.",
		},
		words{
			domain.Kazakh:  "Алдыңызда тұрған адам кезектен өз еркімен шықты.",
			domain.Russian: "Лицо, которое стояло перед Вами, вышло из очереди по собственному желанию.",
			domain.English: "Somebody who stood before you left the list at their own wish.",
		},
	},
	projections.Prioritised: {
		words{
			domain.Kazakh:  "Сізге басым тәртіппен тұрғын үй алу құқығы берілді.",
			domain.Russian: "Вам дано право на первоочередное предоставление.",
			domain.English: "You were given priority.",
		},
		words{
			domain.Kazakh:  "Басқа адамға басым тәртіппен тұрғын үй алу құқығы берілді.",
			domain.Russian: "Другому лицу дано право на первоочередное предоставление.",
			domain.English: "Somebody else was given priority.",
		},
	},
	projections.PriorityEnded: {
		words{
			domain.Kazakh:  "Сіздің басым тәртіппен тұрғын үй алу құқығыңыз тоқтатылды.",
			domain.Russian: "Ваше право на первоочередное предоставление прекращено.",
			domain.English: "Your priority has ended.",
		},
		words{
			domain.Kazakh:  "Басқа адамның басым тәртіппен тұрғын үй алу құқығы тоқтатылды.",
			domain.Russian: "Право другого лица на первоочередное предоставление прекращено.",
			domain.English: "The priority of somebody else has ended.",
		},
	},
}

// causeText says why a number changed; own is true for an act on the entry itself.
func causeText(kind projections.ChangeKind, own bool, l domain.Language) string {
	if own {
		return causes[kind].own.in(l)
	}
	return causes[kind].other.in(l)
}

// removalTexts say why an entry was removed, for the reasons of the built-in edition (art. 73(1)).
var removalTexts = map[housing.RemovalReason]words{
	housing.GroundsFellAway: {
		domain.Kazakh:  "Тұрғын үй беруге негіздер болмай қалды.",
		domain.Russian: "Отпали основания для предоставления жилища.",
		domain.English: "The grounds for a dwelling have fallen away.",
	},
	housing.DepartureOrEndOfWork: {
		domain.Kazakh:  "Сіз басқа елді мекенге тұрақты тұруға кеттіңіз немесе еңбек қатынастарыңыз тоқтатылды.",
		domain.Russian: "Вы выехали на постоянное жительство в другой населенный пункт, или Ваши трудовые отношения прекращены.",
		domain.English: "You moved to another settlement for good, or your employment has ended.",
	},
	housing.UntrueInformation: {
		domain.Kazakh:  "Тұрғын үйге мұқтаждық туралы мәліметтер шындыққа сәйкес келмеді.",
		domain.Russian: "Сведения о нуждаемости в жилище не соответствовали действительности.",
		domain.English: "What was stated about the need was not true.",
	},
	housing.DwellingAcquired: {
		domain.Kazakh:  "Сіз меншігіңізге тұрғын үй алдыңыз.",
		domain.Russian: "Вы приобрели жилище в собственность.",
		domain.English: "You have acquired a dwelling of your own.",
	},
	housing.StateDwellingReceived: {
		domain.Kazakh:  "Сіз мемлекеттік тұрғын үй қорынан тұрғын үй алдыңыз.",
		domain.Russian: "Вы получили жилище из государственного жилищного фонда.",
		domain.English: "You have received a dwelling of the state.",
	},
}
