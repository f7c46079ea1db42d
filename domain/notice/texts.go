package notice

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"tizilim/domain"
)

// text in the languages of a notice. {by} stands for a day. None names anybody:
// an SMS lies open on a screen.
type text struct{ kk, ru, en string }

func (t text) in(l domain.Language) string {
	switch l {
	case domain.Russian:
		return t.ru
	case domain.English:
		return t.en
	}
	return t.kk
}

var subject = text{"Хабарлама", "Уведомление", "Notification"}

// where it can be read in full (S000-2.5).
var where = text{
	"Толығырақ: жеке кабинет, «Қызметтерді алу тарихы».",
	"Подробнее: личный кабинет, «История получения услуг».",
	"More in your personal account, “History of services”.",
}

// asRepresentative begins a copy that goes to a legal representative (R32).
var asRepresentative = text{
	"Сіз заңды өкілі болып табылатын адамға жолданған хабарлама:",
	"Уведомление для лица, законным представителем которого Вы являетесь:",
	"A notice to the person whose legal representative you are:",
}

var texts = map[Kind]text{
	ApplicationReceived: {
		"Өтінішіңіз қабылданып, тіркелді. Талон жеке кабинетіңізде.",
		"Ваше заявление принято и зарегистрировано. Талон находится в личном кабинете.",
		"Your application has been received and registered. The talon is in your personal account.",
	},
	CorrectionRequested: {
		"Өтінішіңіз толық емес. Жетіспейтін құжаттарды {by} күніне дейін (қоса алғанда) ұсыныңыз.",
		"Ваше заявление неполное. Представьте недостающие документы до {by} включительно.",
		"Your application is incomplete. Hand in the missing documents by {by}, that day included.",
	},
	CorrectionReceived: {
		"Өтінішіңіз толықтырылды. Шешім {by} күнінен кешіктірілмей қабылданады.",
		"Ваше заявление дополнено. Решение будет принято не позднее {by}.",
		"Your application is complete now. It will be decided by {by} at the latest.",
	},
	ApplicationReturned: {
		"Өтінішіңіз мерзімінде толықтырылмағандықтан қайтарылды. Қайта өтініш бере аласыз.",
		"Ваше заявление возвращено: недостатки не устранены в срок. Вы можете подать заявление снова.",
		"Your application has been returned: it was not completed in time. You can apply again.",
	},
	Forwarded: {
		"Өтінішіңіз құзыретті органға жіберілді.",
		"Ваше заявление направлено в уполномоченный орган.",
		"Your application has been forwarded to the competent body.",
	},
	HearingAnnounced: {
		"Сізге қатысты алдын ала шешім әзірленді. Қарсылығыңызды {by} күніне дейін (қоса алғанда) білдіре аласыз.",
		"В отношении Вас подготовлено предварительное решение. Вы можете представить возражение до {by} включительно.",
		"A preliminary decision that concerns you is ready. You can object by {by}, that day included.",
	},
	TermExtended: {
		"Өтінішіңізді қарау мерзімі {by} күніне дейін ұзартылды.",
		"Срок рассмотрения Вашего заявления продлен до {by}.",
		"The term of your application has been extended to {by}.",
	},
	TermPassed: {
		"Өтінішіңізді қарау мерзімі шешімсіз өтіп кетті. Әрекетсіздікке шағым жасай аласыз.",
		"Срок рассмотрения Вашего заявления истек без решения. Вы можете обжаловать бездействие.",
		"The term of your application has run out without a decision. You can complain of the inaction.",
	},
	InventoryNotAsked: {
		"Тізілімнің сағаты қате болғандықтан Сізден мұқтаждықты растау мерзімінен бұрын сұралды. Сұрау жойылды, жауап беру " +
			"қажет емес. Кезектегі орныңыз сақталды.",
		"Реестр по ошибке часов раньше срока запросил у Вас подтверждение нуждаемости. Запрос аннулирован, отвечать не " +
			"нужно. Ваше место в очереди сохранено.",
		"The registry asked you too early to confirm that you are in need, because its clock was wrong. The request has " +
			"been annulled; you need not answer. You keep your place.",
	},
	ReviewAnnulled: {
		"Тізілімнің сағаты қате болғандықтан мерзімінен бұрын басталған кезектегі жазбаңызды қарау жойылды. Орныңыз " +
			"сақталды. Мұқтаждықты {by} күніне дейін (қоса алғанда) растаңыз.",
		"Проверка Вашей записи в очереди, начатая раньше срока по ошибке часов реестра, аннулирована. Ваше место " +
			"сохранено. Подтвердите нуждаемость до {by} включительно.",
		"The review of your entry, which was opened too early because the clock of the registry was wrong, has been " +
			"annulled. You keep your place. Confirm that you are in need by {by}, that day included.",
	},
	ConsentStands: {
		"Деректеріңізді тексеруге келісіміңіз тізілімнің сағаты қате болғандықтан аяқталды деп жазылған еді. Ол жазба " +
			"жойылды: келісіміңіз Сіз көрсеткен мерзімге дейін күшінде.",
		"Ваше согласие на проверку данных по ошибке часов реестра было отмечено как истекшее. Запись аннулирована: " +
			"согласие действует до указанного Вами срока.",
		"Your consent to look-ups was recorded as expired because the clock of the registry was wrong. That has been " +
			"annulled: your consent holds until the day that you set.",
	},
	OwnersWaitAgain: {
		"Тұрғын үйіңіздің меншік иелерін өзгерту ұсынысы тізілімнің сағаты қате болғандықтан мерзімінен бұрын жабылған " +
			"еді. Ол қайтадан екінші қызметкердің растауын күтуде.",
		"Предложение изменить собственников Вашего жилища было закрыто раньше срока по ошибке часов реестра. Оно снова " +
			"ожидает подтверждения вторым сотрудником.",
		"The proposal to change the owners of your dwelling had lapsed too early because the clock of the registry was " +
			"wrong. It waits for a second official again.",
	},
	StepAnnulled: {
		"Тізілімнің сағаты қате болғандықтан Сіздің ісіңізде мерзімінен бұрын жазылған қадам жойылды. Іс жалғасады.",
		"Шаг, который реестр по ошибке часов записал в Вашем деле раньше срока, аннулирован. Дело продолжается.",
		"A step that the registry recorded in your case too early, because its clock was wrong, has been annulled. " +
			"The case goes on.",
	},
	Withdrawn: {
		"Өтінішіңіз кері қайтарып алынды. Қайта өтініш бере аласыз.",
		"Ваше заявление отозвано. Вы можете подать заявление снова.",
		"Your application has been withdrawn. You can apply again.",
	},
	Terminated: {
		"Өтінішіңіз бойынша әкімшілік рәсім тоқтатылды. Шешімге шағым жасауға болады.",
		"Административная процедура по Вашему заявлению прекращена. Решение можно обжаловать.",
		"The procedure on your application has been terminated. The decision can be appealed.",
	},
	ApplicantDied: {
		"Сіз аталған өтінішті қарау өтініш берушінің қайтыс болуына байланысты тоқтатылды. Қажет болса, өз атыңыздан өтініш бере аласыз.",
		"Рассмотрение заявления, в котором Вы названы, прекращено: заявитель умер. При необходимости Вы можете подать заявление от своего имени.",
		"An application that names you has ended, because its applicant has died. If you need what it asked for, you can apply in your own name.",
	},
	PartyDied: {
		"Сіздің өтінішіңіз бойынша іске қатысы бар адамның қайтыс болғаны тіркелді. Бұл шешімге әсер етуі мүмкін.",
		"Зарегистрирована смерть лица, имеющего отношение к делу по Вашему заявлению. Это может повлиять на решение.",
		"The death of somebody who has a part in your application is recorded. This may change the decision.",
	},
	PartyLives: {
		"Сіздің өтінішіңіз бойынша іске қатысы бар адамның қайтыс болғаны туралы жазба қате болған және күшін жойды.",
		"Запись о смерти лица, имеющего отношение к делу по Вашему заявлению, была ошибочной и отменена.",
		"The record that somebody who has a part in your application had died was a mistake and does not hold.",
	},
	Placed: {
		"Сіз қызметтік тұрғын үйге мұқтаждар есебіне қойылдыңыз. Анықтама жеке кабинетіңізде.",
		"Вы поставлены на учет нуждающихся в служебном жилище. Справка находится в личном кабинете.",
		"You have been placed on the register of those in need of service housing. The certificate is in your personal account.",
	},
	PlacementRefused: {
		"Қызметтік тұрғын үйге мұқтаждар есебіне қоюдан бас тартылды. Негіздері мен шағым жасау тәртібі анықтамада көрсетілген.",
		"В постановке на учет нуждающихся в служебном жилище отказано. Основания и порядок обжалования указаны в справке.",
		"You have been refused a place on the register of those in need of service housing. The certificate states the grounds and how to appeal.",
	},
	PersonsDeregistered: {
		"Өтінішіңіз бойынша мекенжайда тұрмайтын адамдар тұрғылықты жері бойынша тіркеуден шығарылды.",
		"По Вашему заявлению лица, не проживающие по адресу, сняты с регистрации по месту жительства.",
		"On your application, the persons not living at the address have been deregistered at the place of residence.",
	},
	SomeDeregistered: {
		"Өтінішіңізде көрсетілген адамдардың бір бөлігі тіркеуден шығарылды. Әр адам бойынша нәтиже жеке кабинетіңізде.",
		"По Вашему заявлению с регистрации снята часть указанных лиц. Результат по каждому лицу находится в личном кабинете.",
		"On your application, some of the persons named have been deregistered. The result for each is in your personal account.",
	},
	NobodyDeregistered: {
		"Өтінішіңіз бойынша тіркеуден шығарудан бас тартылды. Себептері жеке кабинетіңізде; шешімге шағым жасауға болады.",
		"В снятии с регистрации по Вашему заявлению отказано. Причины указаны в личном кабинете; решение можно обжаловать.",
		"Deregistration on your application has been refused. The reasons are in your personal account; the decision can be appealed.",
	},
	YouAreDeregistered: {
		"Сіз тіркелген мекенжайыңыздан тіркеу есебінен шығарылдыңыз. Келіспесеңіз, шағым жасай аласыз.",
		"Вы сняты с регистрации по адресу, где были зарегистрированы. Если Вы не согласны, решение можно обжаловать.",
		"You have been deregistered at the address where you were registered. If you do not agree, you can appeal.",
	},
	ConfirmationAsked: {
		"Сіз тең меншік иесі болып табылатын тұрғын үйден адамдарды тіркеуден шығаруға өтініш берілді. Жауабыңызды {by} күніне дейін беріңіз.",
		"Подано заявление о снятии лиц с регистрации в жилище, сособственником которого Вы являетесь. Дайте ответ до {by}.",
		"Somebody has applied to deregister persons at a dwelling of which you are a co-owner. Answer by {by}.",
	},
	CoOwnerDeclined: {
		"Тең меншік иесі келісім бермегендіктен, өтінішіңіз бойынша тіркеуден шығарудан бас тартылды. Шешімге шағым жасауға болады.",
		"Сособственник не дал согласия, поэтому в снятии с регистрации по Вашему заявлению отказано. Решение можно обжаловать.",
		"A co-owner has declined, so deregistration on your application has been refused. The decision can be appealed.",
	},
	CoOwnersSilent: {
		"Тең меншік иелерінің кейбірі мерзімінде жауап бермегендіктен, тіркеуден шығарудан бас тартылды. Қайта өтініш бере аласыз немесе шешімге шағым жасай аласыз.",
		"Не все сособственники ответили в срок, поэтому в снятии с регистрации отказано. Вы можете подать заявление снова или обжаловать решение.",
		"Not all co-owners answered in time, so deregistration has been refused. You can apply again, or appeal.",
	},
	StayEnded: {
		"Уақытша тіркеуіңіздің мерзімі аяқталды.",
		"Срок Вашей временной регистрации истек.",
		"The term of your temporary registration has ended.",
	},
	RecordCorrected: {
		"Тұрғылықты жеріңіз туралы тізілім жазбасы түзетілді. Келіспесеңіз, шағым жасай аласыз.",
		"Запись реестра о Вашем месте жительства исправлена. Если Вы не согласны, исправление можно обжаловать.",
		"The register's record of your residence has been corrected. If you do not agree, you can appeal.",
	},
	PersonDataChanged: {
		"Тізілімдегі атыңыз, туған күніңіз немесе құқықтық мәртебеңіз туралы жазба өзгертілді. Бұл дұрыс болмаса, дереу хабарлаңыз.",
		"В реестре изменена запись о Вашем имени, дате рождения или правовом статусе. Если она неверна, сразу сообщите об этом.",
		"The register's record of your name, birth date or legal status has changed. If it is wrong, report it at once.",
	},
	IINChanged: {
		"Тізілімдегі жеке сәйкестендіру нөміріңіз (ЖСН) енгізілді немесе өзгертілді. Бұл дұрыс болмаса, дереу хабарлаңыз.",
		"В реестр внесён или изменён Ваш индивидуальный идентификационный номер (ИИН). Если запись неверна, сразу сообщите об этом.",
		"The register has recorded your individual identification number (IIN), or changed it. If it is wrong, report it at once.",
	},
	OwnersAwaited: {
		"Сізге қатысы бар тұрғын үйдің меншік иесі немесе оның өкілі қайтыс болды. Жаңа меншік иелерін немесе өкілді {by} күніне дейін (қоса алғанда) жаздырыңыз.",
		"Умер собственник связанного с Вами жилища или его представитель. До {by} включительно нужно записать новых собственников или представителя.",
		"An owner of a dwelling that concerns you, or the agent of one, has died. Have the new owners or agent recorded at a desk by {by}, that day included.",
	},
	LeaseAwaits: {
		"Сізге қатысы бар қызметтік тұрғын үйдің жалдаушысы қайтыс болды. Орган жалдау туралы {by} күніне дейін (қоса алғанда) шешеді. Құқығыңызды сол органға мәлімдеңіз.",
		"Умер наниматель связанного с Вами служебного жилища. До {by} включительно орган решает о найме. О своём праве заявите этому органу.",
		"The tenant of a service dwelling that concerns you has died. The body decides on the lease by {by}, that day included. To claim a right, apply to that body.",
	},
	SuccessionVoided: {
		"Қайтыс болу туралы қате жазба салдарынан тұрғын үйде сіздің орныңызға басқа адам күтілген еді. Енді күтілмейді.",
		"Из-за ошибочной записи о смерти на Ваше место в жилище ожидался другой человек. Больше он не ожидается.",
		"Because of a death that was recorded by mistake, somebody was awaited in your place at a dwelling. Nobody is awaited any more.",
	},
	RepresentativeDied: {
		"Баланың заңды өкілінің қайтыс болғаны тізілімге жазылды, оның өкілдігі аяқталды. Басқа өкіл болмаса, қызмет көрсету орнына жүгініңіз.",
		"В реестр внесена смерть законного представителя ребёнка, представительство прекращено. Если другого представителя нет, обратитесь в пункт обслуживания.",
		"The death of a legal representative of a child is recorded, and the representation has ended. If there is no other representative, go to a desk.",
	},
	RepresentativeBack: {
		"Заңды өкілдің қайтыс болғаны туралы жазба қате болған: өкілдік жалғасады.",
		"Запись о смерти законного представителя была ошибочной: представительство продолжается.",
		"The record of the death of a legal representative was a mistake: the representation goes on.",
	},
	RecordsMerged: {
		"Тізілімде сіз туралы екі жазба болған, олар біріктірілді. Екеуі де енді жеке кабинетіңізде. Бұл дұрыс болмаса, дереу хабарлаңыз.",
		"В реестре о Вас было две записи, они объединены. Обе теперь в личном кабинете. Если это неверно, сразу сообщите об этом.",
		"The register had two records of you, and they have been merged. Both are now in your personal account. If this is wrong, report it at once.",
	},
	MergeUndone: {
		"Тізілімдегі екі жазбаның бірігуі жойылды: олар қайтадан бөлек. Бұл дұрыс болмаса, дереу хабарлаңыз.",
		"Объединение двух записей реестра отменено: они снова раздельны. Если это неверно, сразу сообщите об этом.",
		"A merge of two records of the register has been undone: they are separate again. If this is wrong, report it at once.",
	},
	DeathAnnulled: {
		"Тізілімде сіз туралы қате енгізілген қайтыс болу жазбасының күші жойылды. Тіркеуіңіз қалпына келтірілді.",
		"Ошибочная запись реестра о Вашей смерти аннулирована. Ваша регистрация восстановлена.",
		"A death that the register had recorded for you by mistake has been annulled. Your registration holds again.",
	},
	DocumentCorrected: {
		"Сізге берілген құжаттағы қате түзетілді. Құжаттың жаңа нұсқасы жеке кабинетіңізде.",
		"В выданном Вам документе исправлена описка. Новая версия находится в личном кабинете.",
		"A slip in a document issued to you has been corrected. The new version is in your personal account.",
	},
	ComplaintReceived: {
		"Шағымыңыз қабылданды.",
		"Ваша жалоба принята.",
		"Your complaint has been received.",
	},
	ComplaintForwarded: {
		"Шағымыңыз іспен бірге шағымды қарайтын органға жіберілді. Ол {by} күнінен кешіктірілмей шешіледі.",
		"Ваша жалоба направлена с делом в орган, рассматривающий жалобу. Решение по ней — не позднее {by}.",
		"Your complaint has been forwarded with the file to the body that reviews it. It will be decided by {by} at the latest.",
	},
	ComplaintSatisfied: {
		"Шағымыңыз қанағаттандырылды.",
		"Ваша жалоба удовлетворена.",
		"Your complaint has been satisfied.",
	},
	ComplaintDismissed: {
		"Шағымыңыз қанағаттандырусыз қалдырылды. Сотқа жүгінуге болады.",
		"Ваша жалоба оставлена без удовлетворения. Вы можете обратиться в суд.",
		"Your complaint has been dismissed. You can go to court.",
	},
	ComplaintWithdrawn: {
		"Шағымыңыз кері қайтарып алынды. Бұл сіздің қалауыңыз болмаса, қайта шағым жасай аласыз.",
		"Ваша жалоба отозвана. Если это не Ваше решение, Вы можете подать жалобу снова.",
		"Your complaint has been withdrawn. If this is not your wish, you can complain again.",
	},
	CourtSetAside: {
		"Сот актісі бойынша ісіңіздегі шешімнің күші жойылды. Орган іске қайта шешім шығарады немесе жазбаны түзетеді.",
		"Решение по Вашему делу отменено судебным актом. Орган примет решение заново или исправит запись.",
		"A court has set aside the decision in your case. The body decides anew or corrects the record.",
	},
	DecisionFell: {
		"Өтінішіңіз бойынша шешімге шағым қанағаттандырылды.",
		"Жалоба на решение по Вашему заявлению удовлетворена.",
		"A complaint about the decision on your application has been satisfied.",
	},
	Removed: {
		"Сіз қызметтік тұрғын үйге мұқтаждар есебінен шығарылдыңыз. Негізі жеке кабинетіңізде; шешімге шағым жасауға болады.",
		"Вы сняты с учета нуждающихся в служебном жилище. Основание указано в личном кабинете; решение можно обжаловать.",
		"You have been removed from the register of those in need of service housing. The ground is in your personal account; the decision can be appealed.",
	},
	Reinstated: {
		"Сіз қызметтік тұрғын үйге мұқтаждар есебіне бұрынғы кезегіңізбен қайта қойылдыңыз.",
		"Вы восстановлены на учете нуждающихся в служебном жилище с прежней очередностью.",
		"You have been reinstated on the register of those in need of service housing, in your former place.",
	},
	Redated: {
		"Қызметтік тұрғын үй кезегіндегі есепке қою күніңіз өзгертілді. Негізі жеке кабинетіңізде.",
		"Изменена дата Вашей постановки на учет в очереди на служебное жилище. Основание указано в личном кабинете.",
		"The day from which you count in the queue for service housing has been changed. The ground is in your personal account.",
	},
	TransferredToYou: {
		"Қызметтік тұрғын үйге мұқтаждар кезегіндегі отбасыңыздың орны сізге көшірілді.",
		"Место Вашей семьи в очереди нуждающихся в служебном жилище перешло к Вам.",
		"Your family's place in the queue for service housing has passed to you.",
	},
	TransferredFromYou: {
		"Қызметтік тұрғын үйге мұқтаждар кезегіндегі орныңыз отбасы мүшесіне көшірілді.",
		"Ваше место в очереди нуждающихся в служебном жилище перешло к члену семьи.",
		"Your place in the queue for service housing has passed to a member of your family.",
	},
	Prioritised: {
		"Қызметтік тұрғын үй кезегінде сізге басымдық берілді.",
		"В очереди на служебное жилище Вам предоставлено преимущество.",
		"You have been given priority in the queue for service housing.",
	},
	PriorityEnded: {
		"Қызметтік тұрғын үй кезегіндегі басымдығыңыз аяқталды. Келіспесеңіз, шағым жасай аласыз.",
		"Ваше преимущество в очереди на служебное жилище прекращено. Если Вы не согласны, решение можно обжаловать.",
		"Your priority in the queue for service housing has ended. If you do not agree, you can appeal.",
	},
	PriorityRuleEnded: {
		"Бұл тізімде сіздің санатыңызға берілетін басымдық ережесі тоқтатылды, сондықтан нөміріңіз нашарлауы мүмкін. Енді орныңыз өтініш берілген уақыт бойынша анықталады. Келіспесеңіз, шағым жасай аласыз.",
		"В этом списке прекращено правило о преимуществе для Вашей категории, поэтому Ваш номер может стать хуже. Теперь Ваше место определяется временем подачи заявления. Если Вы не согласны, это можно обжаловать.",
		"The rule of this list that gave priority to your category has ended, so your number may get worse. Your place now follows from the time of your application. If you do not agree, you can appeal.",
	},
	RedatingUndone: {
		"Қызметтік тұрғын үй кезегіндегі есепке қою күнін өзгерту қате болды және жойылды. Орныңыз бұрынғыдай.",
		"Изменение даты Вашей постановки на учет в очереди на служебное жилище было ошибкой и отменено. Ваше место прежнее.",
		"The change of the day from which you count in the queue for service housing was a mistake and has been undone. You have your former place.",
	},
	ProtectionLifted: {
		"Сіз енді есептен шығаруға болмайтын санатқа жатпайсыз. Келіспесеңіз, шағым жасай аласыз.",
		"Вы больше не относитесь к категории лиц, не подлежащих снятию с учета. Если Вы не согласны, решение можно обжаловать.",
		"Your protection from removal from the register has been lifted. If you do not agree, you can appeal.",
	},
	InventoryAsked: {
		"Есепке түгендеу жүргізілуде. Мұқтаждығыңызды {by} күніне дейін (қоса алғанда) растаңыз.",
		"Проводится инвентаризация учета. Подтвердите свою нуждаемость до {by} включительно.",
		"The yearly inventory of the register is due. Confirm your need by {by}, that day included.",
	},
	ConfirmationMissing: {
		"Есептегі мұқтаждығыңыз түгендеу кезінде расталмады. Оны растаңыз: кезектегі нөміріңіз сақталады.",
		"При инвентаризации учета Ваша нуждаемость не подтверждена. Подтвердите ее: номер в очереди сохраняется.",
		"The inventory of the register lacks your confirmation of need. Confirm it: you keep your number in the queue.",
	},
	ReviewOpened: {
		"Қызметтік тұрғын үй кезегіндегі жазбаңыз қайта қаралуда. Нөміріңіз сақталады.",
		"Ваша запись в очереди на служебное жилище пересматривается. Номер сохраняется.",
		"Your entry in the queue for service housing is under review. You keep your number.",
	},
	ReviewClosed: {
		"Қызметтік тұрғын үй кезегіндегі жазбаңызды қайта қарау аяқталды. Жазба күшінде қалды.",
		"Пересмотр Вашей записи в очереди на служебное жилище завершен. Запись сохранена.",
		"The review of your entry in the queue for service housing has ended. The entry stays.",
	},
	FamilyReviewOpened: {
		"Отбасыңыздағы өзгеріс тіркелді, қызметтік тұрғын үй кезегіндегі жазбаңыз {by} күніне дейін (қоса алғанда) қаралады. Нөміріңіз сақталады.",
		"Изменение Вашей семьи записано, и Ваша запись в очереди на служебное жилище рассматривается до {by} включительно. Ваш номер сохраняется.",
		"The change of your family has been recorded, and your entry in the queue for service housing is reviewed by {by}, that day included. You keep your number.",
	},
	ServiceEnded: {
		"Осы органдағы қызметіңіздің аяқталғаны тіркелді, қызметтік тұрғын үй кезегіндегі жазбаңыз {by} күніне дейін (қоса алғанда) қаралады. Нөміріңіз сақталады. Келіспесеңіз, шағым жасай аласыз.",
		"Записано, что Ваша служба в этом органе окончена, и Ваша запись в очереди на служебное жилище рассматривается до {by} включительно. Ваш номер сохраняется. Если Вы не согласны, это можно обжаловать.",
		"The end of your service in this body has been recorded, and your entry in the queue for service housing is reviewed by {by}, that day included. You keep your number. If you do not agree, you can appeal.",
	},
	ServiceEndInReview: {
		"Осы органдағы қызметіңіздің аяқталғаны тіркелді. Ол қызметтік тұрғын үй кезегіндегі жазбаңызды жүріп жатқан қайта қарауда ескеріледі. Нөміріңіз сақталады. Келіспесеңіз, шағым жасай аласыз.",
		"Записано, что Ваша служба в этом органе окончена. Это учтут в пересмотре Вашей записи в очереди на служебное жилище, который уже идет. Ваш номер сохраняется. Если Вы не согласны, это можно обжаловать.",
		"The end of your service in this body has been recorded. The review of your entry in the queue for service housing that goes on will consider it. You keep your number. If you do not agree, you can appeal.",
	},
	ServiceEndUndone: {
		"Қызметіңіздің аяқталғаны туралы жазба қате болды және жойылды. Қызметтік тұрғын үй кезегіндегі нөміріңіз сақталады.",
		"Запись об окончании Вашей службы была ошибкой и отменена. Ваш номер в очереди на служебное жилище сохраняется.",
		"The record that your service had ended was a mistake and has been undone. You keep your number in the queue for service housing.",
	},
	LeftList: {
		"Сіз өз қалауыңыз бойынша қызметтік тұрғын үй кезегінен шықтыңыз. Кезекке қайта тұру үшін жаңа өтініш беріңіз. Бұл сіздің қалауыңыз болмаса, дереу хабарлаңыз.",
		"Вы выбыли из очереди на служебное жилище по собственному желанию. Чтобы снова встать на учет, подайте новое заявление. Если это не Ваше решение, сразу сообщите.",
		"You have left the queue for service housing by your own wish. To stand in it again, apply again. If this is not your wish, report it at once.",
	},
	DwellingOffered: {
		"Сізге қызметтік тұрғын үй ұсынылды. Келісетініңізді немесе бас тартатыныңызды {by} күніне дейін (қоса алғанда) білдіріңіз. Бас тартсаңыз, кезектегі нөміріңіз сақталады.",
		"Вам предложено служебное жилище. Сообщите до {by} включительно, согласны ли Вы или отказываетесь. При отказе Ваш номер в очереди сохраняется.",
		"A service dwelling is offered to you. Say by {by}, that day included, whether you agree or decline. If you decline, you keep your number in the queue.",
	},
	OfferTakenBack: {
		"Сізге ұсынылған қызметтік тұрғын үй туралы ұсыныс қайтарып алынды. Себебі тарихыңызда көрсетілген. Кезектегі нөміріңіз сақталады.",
		"Предложение служебного жилища, сделанное Вам, отозвано. Причина указана в Вашей истории. Ваш номер в очереди сохраняется.",
		"The offer of a service dwelling that was made to you has been taken back. Your history says why. You keep your number in the queue.",
	},
	DwellingDeclined: {
		"Ұсынылған қызметтік тұрғын үйден бас тартуыңыз тіркелді. Кезектегі нөміріңіз сақталады. Бұл сіздің қалауыңыз болмаса немесе ойыңыз өзгерсе, бас тартуды қайтарып алыңыз.",
		"Ваш отказ от предложенного служебного жилища записан. Ваш номер в очереди сохраняется. Если это не Ваше решение или Вы передумали, отзовите отказ.",
		"Your decline of the service dwelling that was offered has been recorded. You keep your number in the queue. If this is not your wish, or you have changed your mind, take the decline back.",
	},
	DeclineTakenBack: {
		"Ұсынылған қызметтік тұрғын үйден бас тартуыңыз қайтарып алынды. Бұл сіздің қалауыңыз болмаса, дереу хабарлаңыз.",
		"Ваш отказ от предложенного служебного жилища отозван. Если это не Ваше решение, сразу сообщите.",
		"Your decline of the service dwelling that was offered has been taken back. If this is not your wish, report it at once.",
	},
	Provided: {
		"Сізге қызметтік тұрғын үй берілді.",
		"Вам предоставлено служебное жилище.",
		"You have been provided with service housing.",
	},
	OwnersProposed: {
		"Сіз меншік иесі болып жазылған тұрғын үйдің иелерін өзгерту ұсынылды. Келіспесеңіз, дереу хабарлаңыз.",
		"Предложено изменить собственников жилища, где Вы записаны собственником. Если Вы не согласны, сразу сообщите об этом.",
		"A change of the owners of a dwelling has been proposed, where you are recorded as an owner. If you do not agree, report it at once.",
	},
	OwnersChanged: {
		"Сіз меншік иесі болып жазылған тұрғын үйдің иелері өзгертілді. Келіспесеңіз, шағым жасай аласыз.",
		"Изменены собственники жилища, где Вы были записаны собственником. Если Вы не согласны, это можно обжаловать.",
		"The owners of a dwelling have been changed, where you were recorded as an owner. If you do not agree, you can appeal.",
	},
	OwnersCorrected: {
		"Тұрғын үйдің меншік иелері туралы жазба түзетілді, онда сіз иесі немесе иенің өкілі ретінде жазылғансыз не жазылған болатынсыз. Бұл дұрыс болмаса, дереу хабарлаңыз.",
		"Исправлена запись о собственниках жилища, где Вы записаны или были записаны собственником либо его представителем. Если это неверно, сразу сообщите об этом.",
		"The record of the owners of a dwelling has been corrected, where you are or were recorded as an owner or as who speaks for one. If this is wrong, report it at once.",
	},
	OwnersStay: {
		"Тұрғын үйіңіздің иелерін өзгерту ұсынысы күшіне енген жоқ. Сіз меншік иесі болып қаласыз.",
		"Предложенное изменение собственников Вашего жилища не состоялось. Вы остаетесь собственником.",
		"The proposed change of the owners of your dwelling was not made. You stay an owner.",
	},
	OwnersAgent: {
		"Тұрғын үй иелері туралы жазба сізге иенің өкілі ретінде қатысты: өзгерту ұсынылды, енгізілді немесе болған жоқ. Келіспесеңіз, дереу хабарлаңыз.",
		"Запись о собственниках жилища касается Вас как представителя собственника: изменение предложено, внесено или не состоялось. Если Вы не согласны, сразу сообщите об этом.",
		"The record of the owners of a dwelling concerns you as the agent of an owner: a change was proposed, was made or was not made. If you do not agree, report it at once.",
	},
	TakenIntoStock: {
		"Сіз иесі немесе иесінің өкілі болып жазылған тұрғын үй құжат негізінде қызметтік тұрғын үйлер қорына алынды. Келіспесеңіз, дереу хабарлаңыз.",
		"Жилище, где Вы записаны собственником или представителем собственника, взято по документу в фонд служебного жилья. Если Вы не согласны, сразу сообщите об этом.",
		"A dwelling, where you are recorded as an owner or the agent of an owner, has been taken into the service housing by a document. If you do not agree, report it at once.",
	},
	WithdrawnFromStock: {
		"Сіз иесі немесе иесінің өкілі болып жазылған тұрғын үй қызметтік тұрғын үйлер қорынан шығарылды. Келіспесеңіз, дереу хабарлаңыз.",
		"Жилище, где Вы записаны собственником или представителем собственника, исключено из фонда служебного жилья. Если Вы не согласны, сразу сообщите об этом.",
		"A dwelling, where you are recorded as an owner or the agent of an owner, has been taken out of the service housing. If you do not agree, report it at once.",
	},
	DwellingEnded: {
		"Сіз меншік иесі болып жазылған тұрғын үй тізілімде жойылды деп белгіленді: бұзылды, бөлінді немесе басқасымен біріктірілді. Келіспесеңіз, шағым жасай аласыз.",
		"Жилище, где Вы записаны собственником, отмечено в реестре как прекратившее существование: снесено, разделено или объединено с другим. Если Вы не согласны, это можно обжаловать.",
		"A dwelling where you are recorded as an owner is recorded as no longer existing: it was demolished, split, or merged with another. If you do not agree, you can appeal.",
	},
	CarriedOver: {
		"Сіз тіркелген тұрғын үй бөлінді немесе басқасымен біріктірілді. Тіркеуіңіз содан құрылған тұрғын үйде үзіліссіз жалғасады. Келіспесеңіз, шағым жасай аласыз.",
		"Жилище, где Вы зарегистрированы, разделено или объединено с другим. Ваша регистрация без перерыва продолжается в жилище, которое из него образовано. Если Вы не согласны, это можно обжаловать.",
		"The dwelling where you are registered was split, or merged with another. Your registration goes on without a gap in the dwelling that was made of it. If you do not agree, you can appeal.",
	},
	DwellingChanged: {
		"Сіздің тұрғын үйіңіз туралы жазба өзгертілді: мекенжайы, коды, ауданы, бөлмелер саны немесе түрі. Ешкімнің тіркеуі өзгерген жоқ. Келіспесеңіз, шағым жасай аласыз.",
		"Изменена запись о Вашем жилище: адрес, код, площадь, число комнат или вид. Ничья регистрация от этого не изменилась. Если Вы не согласны, это можно обжаловать.",
		"The record of your dwelling was changed: its address, code, area, number of rooms or kind. Nobody's registration has changed by this. If you do not agree, you can appeal.",
	},
	MemberNamed: {
		"Сіз қызметтік тұрғын үйге өтініште отбасы мүшесі ретінде көрсетілдіңіз. Келісіміңізді немесе келіспейтініңізді білдіріңіз.",
		"Вы указаны как член семьи в заявлении на служебное жилище. Сообщите, согласны ли Вы.",
		"You are named as a member of the family in an application for service housing. Say whether you consent.",
	},
	MemberDeclined: {
		"Өтінішіңізде көрсетілген отбасы мүшесі келісім бермеді. Оны өтініштен алып тастай аласыз.",
		"Член семьи, указанный в Вашем заявлении, не дал согласия. Вы можете исключить его из заявления.",
		"A member of the family whom your application names has not consented. You can drop them from the application.",
	},
	ContactsChanged: {
		"Тізілімде сіз үшін басқа байланыс деректері көрсетілді. Бұл сіздің өтінішіңізсіз жасалса, дереу хабарлаңыз.",
		"В реестре для Вас указаны другие контактные данные. Если это сделано не по Вашей просьбе, сразу сообщите об этом.",
		"Other contacts have been stated for you in the register. If you did not ask for this, report it at once.",
	},
	Moved: {
		"Тіркеуіңіз жаңа мекенжайға ауыстырылды, бұрынғысы аяқталды. Бұл сіздің өтінішіңізсіз жасалса, дереу хабарлаңыз.",
		"Ваша регистрация перенесена на новый адрес, прежняя прекращена. Если это сделано не по Вашей просьбе, сразу сообщите.",
		"Your registration has moved to a new address, and the one before has ended. If you did not ask for this, report it at once.",
	},
	ConsentStated: {
		"Тізілімде адамды тұрғын үйіңізге тіркеуге сіздің келісіміңіз көрсетілді. Келісім бермеген болсаңыз, дереу хабарлаңыз.",
		"В реестре указано Ваше согласие на регистрацию в Вашем жилище. Если Вы его не давали, сразу сообщите об этом.",
		"The register says that you consent to a registration in your dwelling. If you did not consent, report it at once.",
	},
	CoOwnerStated: {
		"Тізілімде меншік иесі ретінде сіздің тұрғын үйден адамдарды тіркеуден шығаруды растағаныңыз көрсетілді. Растамаған болсаңыз, дереу хабарлаңыз.",
		"В реестре указано, что Вы как совладелец подтвердили снятие людей с регистрации в жилище. Если нет, сразу сообщите.",
		"The register says that you, as a co-owner, confirmed a deregistration from your dwelling. If you did not, report it at once.",
	},
	LookupConsentStated: {
		"Деректеріңізді пайдалануға келісіміңіз сіздің атыңыздан өзгертілді. Бұл сіздің өтінішіңізсіз жасалса, дереу хабарлаңыз.",
		"Ваше согласие на использование данных изменено от Вашего имени. Если это сделано не по Вашей просьбе, сразу сообщите.",
		"Your consent to the use of your data was changed in your name. If you did not ask for this, report it at once.",
	},
	Represents: {
		"Заңды өкілдік туралы сізге қатысты жазба өзгертілді. Бұл дұрыс болмаса, дереу хабарлаңыз.",
		"Изменена касающаяся Вас запись о законном представительстве. Если она неверна, сразу сообщите об этом.",
		"A record about a legal representative that concerns you has changed. If it is wrong, report it at once.",
	},
	ChangeStated: {
		"Кезектегі жазбаңыз бойынша сіздің атыңыздан өзгеріс хабарланды. Бұл сіздің өтінішіңізсіз жасалса, дереу хабарлаңыз.",
		"По Вашей записи в очереди от Вашего имени сообщено об изменении. Если это сделано не по Вашей просьбе, сразу сообщите.",
		"A change was reported in your name for your entry on the list. If you did not ask for this, report it at once.",
	},
	BodyRenamed: {
		"Сіз тұрған қызметтік тұрғын үй кезегін жүргізетін органның атауы өзгерді. Кезектегі орныңыз бен өтінішіңіз сол күйінде сақталады, ештеңе істеу қажет емес.",
		"Изменилось название органа, который ведёт очередь на служебное жилище, где Вы состоите. Ваше место и Ваше заявление сохраняются, ничего делать не нужно.",
		"The body that keeps the queue for service housing in which you wait has another name. Your place and your application stay as they are; you need do nothing.",
	},
	BodySucceeded: {
		"Сіз тұрған қызметтік тұрғын үй кезегін енді басқа орган жүргізеді: ол бұрынғы органның орнын басты. Кезектегі орныңыз бен өтінішіңіз сол күйінде сақталады, ештеңе істеу қажет емес.",
		"Очередь на служебное жилище, где Вы состоите, теперь ведёт другой орган: он заменил прежний. Ваше место и Ваше заявление сохраняются, ничего делать не нужно.",
		"Another body keeps the queue for service housing in which you wait now: it has taken the place of the one before. Your place and your application stay as they are; you need do nothing.",
	},
	NumberWorse: {
		"{by} күні қызметтік тұрғын үй кезегіндегі нөміріңіз нашарлады: басымдық, сот, шағым, түзету немесе бұрынырақ берілген өтініш бойынша басқалар сіздің алдыңызға қойылды. Олардың кім екені айтылмайды. Нөміріңіз және оның соңғы рет не себепті өзгергені кезектегі жазбаңызда көрсетілген.",
		"{by} Ваш номер в очереди на служебное жилище стал хуже: впереди Вас поставлены другие по преимуществу, решению суда, жалобе, исправлению или более раннему заявлению. Кто они, не сообщается. Ваш номер и причина его последнего изменения указаны у Вашей записи в очереди.",
		"On {by} your number in the queue for service housing got worse: others were placed ahead of you by priority, a court, a complaint, a correction or an earlier application. It is not told who they are. Your entry in the queue shows your number and why it last changed.",
	},
	LeaseEnded: {
		"Қызметтік тұрғын үйді жалдау шартыңыз тоқтатылды.",
		"Договор найма служебного жилища прекращен.",
		"Your lease of service housing has ended.",
	},
}

// Subject of a notice by e-mail. It tells nothing about the person.
func Subject(l domain.Language) string { return subject.in(l) }

// Text of the notice in the language, with where to read on. by is the day that
// it names, if any.
func (k Kind) Text(l domain.Language, by domain.Date) string {
	said := texts[k].in(l)
	if !by.IsZero() {
		year, month, day := by.Start().Date()
		said = strings.ReplaceAll(said, "{by}", fmt.Sprintf("%02d.%02d.%04d", day, month, year))
	}
	return said + " " + where.in(l)
}

// TextOf is the text of a notice to the person whom it is about or, where represented names that
// person, to their legal representative (R32).
func TextOf(k Kind, l domain.Language, by domain.Date, represented domain.PersonID) string {
	if represented.IsZero() {
		return k.Text(l, by)
	}
	return asRepresentative.in(l) + " " + k.Text(l, by)
}

// Kinds lists all kinds of notice.
func Kinds() []Kind { return slices.Sorted(maps.Keys(texts)) }
