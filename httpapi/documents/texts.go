package documents

import (
	"fmt"
	"time"

	"tizilim/domain"
	"tizilim/domain/certificates"
	"tizilim/domain/housing"
	"tizilim/domain/residence"
)

// text is one saying in the three languages of the registry.
type text struct{ kk, ru, en string }

// NotDeregistered says in the language why a person was not deregistered; "" for a code that is not
// of a result.
func NotDeregistered(code domain.Code, l domain.Language) string { return notRemoved[code].in(l) }

// AppealRoute says in the language how a decision is appealed.
func AppealRoute(l domain.Language) string { return appeal.in(l) }

// RequiredPaper says in the language what paper is asked for.
func RequiredPaper(r domain.Requirement, l domain.Language) string {
	said := requiredPapers[r.Paper].in(l)
	if age := max(r.FromAge, r.ToAge); age > 0 {
		return fmt.Sprintf(said, age)
	}
	return said
}

var requiredPapers = map[domain.Paper]text{
	domain.PaperIdentity: {
		"Тұрғын үй иесінің жеке басын куәландыратын құжат",
		"Документ, удостоверяющий личность собственника жилища",
		"Identity document of the owner of the dwelling",
	},
	domain.PaperFreeForm: {
		"Еркін нысандағы тұрғылықты жері бойынша тіркеу есебінен шығару туралы өтініш; онда тіркеуден шығаруға " +
			"жататын барлық азаматтардың айқындалмалық деректері көрсетіледі",
		"Заявление в произвольной форме о снятии с регистрации по месту жительства с установочными данными всех " +
			"граждан, подлежащих снятию с регистрации",
		"Application for deregistration in free form, with the identifying data of everybody who is to be deregistered",
	},
	domain.PaperExitPermission: {
		"Аумақтық полиция органдарының Қазақстан Республикасының шегінен тыс жерге тұрақты тұруға шығуға арналған " +
			"рұқсат беру туралы анықтамасы",
		"Справка территориального органа полиции о разрешении на выезд за пределы Республики Казахстан на постоянное " +
			"место жительства",
		"Certificate of the territorial police that permits the departure from Kazakhstan for permanent residence",
	},
	domain.PaperPassportOfChild: {
		"%d жасқа толмаған баланың паспорты",
		"Паспорт ребенка, не достигшего возраста %d лет",
		"Passport of a child under %d",
	},
	domain.PaperCardToSurrender: {
		"Көрсетілетін қызметті берушіге тапсырылатын жеке куәлік (%d жастан бастап)",
		"Удостоверение личности для сдачи услугодателю (с %d лет)",
		"Identity card, which is surrendered to the provider (from the age of %d)",
	},
	domain.PaperToSurrender: {
		"Көрсетілетін қызметті берушіге тапсырылатын жеке басты куәландыратын құжат (%d жастан бастап)",
		"Документ, удостоверяющий личность, для сдачи услугодателю (с %d лет)",
		"Identity document, which is surrendered to the provider (from the age of %d)",
	},
	domain.PaperCourtDecision: {
		"Тұрғын үй-жайды пайдалану құқығынан айыру туралы заңды күшіне енген сот шешімі",
		"Вступившее в законную силу решение суда о лишении права пользования жилым помещением",
		"Court decision in legal force that takes away the right to use the dwelling",
	},
	domain.PaperSignedApplication: {
		"Өтініш иесі қол қойған өтініш: нөмірі, күні және сканерленген көшірмесі",
		"Подписанное заявителем заявление: его номер, день и скан",
		"The application that the applicant has signed: its number, its day and its scan",
	},
	domain.PaperService: {
		"Тізімді жүргізетін органда қызмет өткеруін растайтын құжат",
		"Документ о прохождении службы в органе, который ведет список",
		"Document that the applicant serves in the body that keeps the list",
	},
}

var labelHandedIn = text{"Тапсырылған құжаттар", "Принятые документы", "Papers handed in"}

func (t text) in(l domain.Language) string {
	switch l {
	case domain.Russian:
		return t.ru
	case domain.English:
		return t.en
	default:
		return t.kk
	}
}

// All that a document says but its facts. Where the source of a public service
// words it (grounds of refusal, titles), the Kazakh is that of the source.
var (
	titles = map[certificates.Kind]text{
		certificates.Placement: {
			"Қызметтік тұрғын үйге мұқтаждар есебіне қою туралы анықтама",
			"Справка о постановке на учет нуждающихся в служебном жилище",
			"Certificate of placing on the register of those in need of service housing",
		},
		certificates.Refusal: {
			"Қызметтік тұрғын үйге мұқтаждар есебіне қоюдан бас тарту туралы анықтама",
			"Справка об отказе в постановке на учет нуждающихся в служебном жилище",
			"Certificate of refusal to place on the register of those in need of service housing",
		},
		certificates.DepartureSheet: {
			"Мекенжайдан кету парағы",
			"Адресный листок убытия",
			"Departure sheet from the address",
		},
		certificates.NotRemoved: {
			"Тұрғылықты жері бойынша тіркеу есебінен шығарудан бас тарту туралы хабарлама",
			"Уведомление об отказе в снятии с регистрации по месту жительства",
			"Notice of refusal to deregister at the place of residence",
		},
		certificates.Talon: {
			"Өтінішті қабылдау туралы талон",
			"Талон о принятии заявления",
			"Talon of acceptance of an application",
		},
	}
	services = map[domain.Service]text{
		domain.S000: {
			"Қызметтік тұрғын үйге мұқтаждар есебіне қою",
			"Постановка на учет нуждающихся в служебном жилище",
			"Placing on the register of those in need of service housing",
		},
		domain.S001: {
			"Қазақстан Республикасының халқын тұрғылықты жері бойынша тіркеу есебінен шығару",
			"Снятие с регистрации по месту жительства населения Республики Казахстан",
			"Deregistration of the population of the Republic of Kazakhstan at the place of residence",
		},
	}
	// ministry is the state body of S001 (S001-2); that of S000 is the list's own.
	ministry = text{
		"Қазақстан Республикасының Ішкі істер министрлігі",
		"Министерство внутренних дел Республики Казахстан",
		"Ministry of Internal Affairs of the Republic of Kazakhstan",
	}

	grounds = map[housing.RefusalGround]text{
		housing.UntrueDocuments: {
			"Көрсетілетін қызметті алушы мемлекеттік көрсетілетін қызметті алу үшін ұсынған құжаттардың және (немесе) олардағы деректердің (мәліметтердің) нақты еместігін анықтау.",
			"Установление недостоверности документов, представленных услугополучателем для получения государственной услуги, и (или) данных (сведений), содержащихся в них.",
			"Establishing that the documents submitted by the service recipient for obtaining the public service, and (or) the data (information) in them, are untrue.",
		},
		housing.NoConsent: {
			"«Дербес деректер және оларды қорғау туралы» Қазақстан Республикасы Заңының 8-бабына сәйкес берілетін көрсетілетін қызметті алушының мемлекеттік қызмет көрсету үшін талап етілетін қолжетімділігі шектелген дербес деректерге қолжетімділікке келіспеуі.",
			"Отсутствие согласия услугополучателя, предоставляемого в соответствии со статьей 8 Закона Республики Казахстан «О персональных данных и их защите», на доступ к персональным данным ограниченного доступа, которые требуются для оказания государственной услуги.",
			"Non-consent of the service recipient, given under article 8 of the Law of the Republic of Kazakhstan “On personal data and their protection”, to access to restricted-access personal data that is required for rendering the public service.",
		},
		housing.RequirementsNotMet: {
			"Көрсетілетін қызметті алушының және (немесе) мемлекеттік қызметті көрсету үшін қажетті ұсынылған материалдың, объектілердің, деректер мен мәліметтің «Тұрғын үй қатынастары туралы» Қазақстан Республикасы Заңының 101-3-бабында белгіленген талаптарға сәйкес келмеуі.",
			"Несоответствие услугополучателя и (или) представленных материалов, объектов, данных и сведений, необходимых для оказания государственной услуги, требованиям, установленным статьей 101-3 Закона Республики Казахстан «О жилищных отношениях».",
			"The service recipient and (or) the submitted material, objects, data and information necessary for rendering the public service do not meet the requirements set in article 101-3 of the Law of the Republic of Kazakhstan “On housing relations”.",
		},
	}
	// notRemoved says why a person was not deregistered (R46).
	notRemoved = map[domain.Code]text{
		domain.CodeNotRegisteredHere: {
			"Бұл адам осы тұрғын үйде тіркелмеген.",
			"Это лицо не зарегистрировано в этом жилище.",
			"The person is not registered at this dwelling.",
		},
		domain.CodeEndsBeforeBegin: {
			"Тіркеу есептен шығару күнінен кейін басталады.",
			"Регистрация начинается позже дня снятия.",
			"The registration begins after the day of the deregistration.",
		},
		domain.CodeRecordMerged: {
			"Бұл жазба сол адамның басқа жазбасымен біріктірілген. Өтінішті сол жазба бойынша қайта беруге болады.",
			"Эта запись объединена с другой записью того же лица. Заявление можно подать снова по той записи.",
			"This record was merged into another one of the same person. You may apply again by that one.",
		},
		domain.CodeCoOwnerDeclined: {
			"Тұрғын үйдің тең меншік иесі өтінішпен келіспеді.",
			"Сособственник жилища отклонил заявление.",
			"A co-owner of the dwelling declined the application.",
		},
		domain.CodeCoOwnersSilent: {
			"Тұрғын үйдің тең меншік иелерінің бәрі бірдей өтінішті мерзімінде растаған жоқ. Өтінішті қайта беруге болады.",
			"Не все сособственники жилища подтвердили заявление в срок. Заявление можно подать снова.",
			"Not all co-owners of the dwelling confirmed the application in time. You may apply again.",
		},
		domain.CodeApplicantNotOwner: {
			"Өтініш иесі енді бұл тұрғын үйдің меншік иесі емес.",
			"Заявитель больше не является собственником этого жилища.",
			"The applicant does not own the dwelling any more.",
		},
		domain.CodeOwnersChanged: {
			"Тұрғын үйдің жаңа меншік иесі пайда болды, одан растау сұралмаған. Өтінішті қайта беруге болады.",
			"У жилища появился новый собственник, подтверждения которого не запрашивали. Заявление можно подать снова.",
			"The dwelling has another owner since, who was not asked. You may apply again.",
		},
	}
	appeal = text{
		"Осы шешімге өтініш иесі ол туралы білген күннен бастап үш ай ішінде шағым жасай алады. Шағым шешімді қабылдаған органға беріледі; ол үш жұмыс күні ішінде шағымды іспен бірге шағымды қарайтын органға жібереді немесе өзі қанағаттандырады. Сотқа сотқа дейінгі тәртіппен шағым жасалғаннан кейін жүгінуге болады (ҚР ӘРПК 91, 92-баптары).",
		"Решение может быть обжаловано в течение трех месяцев со дня, когда заявителю стало о нем известно. Жалоба подается в орган, принявший решение; в течение трех рабочих дней он направляет ее вместе с делом в орган, рассматривающий жалобу, или удовлетворяет ее сам. В суд можно обратиться после досудебного обжалования (статьи 91, 92 АППК РК).",
		"The decision can be appealed within three months of the day on which the applicant learned of it. The complaint is filed with the body that took the decision; within three working days that body forwards it with the file to the body that reviews complaints, or satisfies it itself. A court can be addressed after this pre-trial appeal (articles 91 and 92 of the APPC).",
	}

	kinds = map[residence.Kind]text{
		residence.Permanent: {
			"тұрғылықты жері бойынша (тұрақты)",
			"по месту жительства (постоянная)",
			"at the place of residence (permanent)",
		},
		residence.Temporary: {
			"уақытша болу (тұру) орны бойынша",
			"по месту временного пребывания (проживания)",
			"at the place of temporary stay",
		},
	}
	// positions are the acceptor's on a talon; through the portal the registry
	// accepts by itself.
	positions = map[domain.Role]text{
		domain.RoleCitizen: {
			"веб-портал (автоматты түрде)",
			"веб-портал (автоматически)",
			"web portal (automatically)",
		},
		domain.RoleOperator: {
			"Мемлекеттік корпорацияның қызметкері",
			"работник Государственной корпорации",
			"employee of the State Corporation",
		},
		domain.RoleProvider: {
			"көрсетілетін қызметті берушінің қызметкері",
			"сотрудник услугодателя",
			"officer of the service provider",
		},
	}

	labelNumber     = text{"№", "№", "No."}
	labelPerson     = text{"Өтініш иесі", "Заявитель", "Applicant"}
	labelLeft       = text{"Кеткен адам", "Убывшее лицо", "Person who left"}
	labelStays      = text{"Есептен шығарылмаған адам", "Лицо, которое не снято с регистрации", "Person who was not deregistered"}
	labelDwelling   = text{"Тұрғын үйдің мекенжайы", "Адрес жилища", "Address of the dwelling"}
	labelBirth      = text{"Туған күні", "Дата рождения", "Date of birth"}
	labelIIN        = text{"ЖСН", "ИИН", "IIN"}
	labelNoIIN      = text{"жоқ", "отсутствует", "none"}
	labelList       = text{"Тізім", "Список", "List"}
	labelSettlement = text{"Елді мекен", "Населенный пункт", "Settlement"}
	labelPlacedOn   = text{"Есепке қою күні", "Дата постановки на учет", "Day of placing on the register"}
	labelOrdinal    = text{"Кезектің реттік нөмірі", "Порядковый номер очереди", "Ordinal number in the queue"}
	labelGround     = text{"Бас тарту негізі", "Основание отказа", "Ground of the refusal"}
	labelReasons    = text{"Шешімнің уәждері", "Мотивы решения", "Reasons of the decision"}
	labelAppeal     = text{"Шағым жасау тәртібі", "Порядок обжалования", "How to appeal"}
	labelAddress    = text{"Кеткен мекенжайы", "Адрес убытия", "Address left"}
	labelKind       = text{"Тіркеу түрі", "Вид регистрации", "Kind of registration"}
	labelEndedOn    = text{"Тіркеу есебінен шығарылған күні", "Дата снятия с регистрации", "Deregistered on"}
	labelEndedFor   = text{"Есептен шығару негізі", "Основание снятия", "Ground of deregistration"}
	labelService    = text{"Мемлекеттік көрсетілетін қызмет", "Государственная услуга", "Public service"}
	labelReceived   = text{"Қабылданған күні мен уақыты", "Дата и время принятия", "Accepted on, at"}
	labelRegistered = text{"Тіркелген күні мен уақыты", "Дата и время регистрации", "Registered on, at"}
	labelDue        = text{"Шешім қабылдау мерзімі", "Срок принятия решения", "Decision is due by"}
	labelAcceptor   = text{"Қабылдаған", "Принял(а)", "Accepted by"}
	labelChannel    = text{"Өтініш беру арнасы", "Канал подачи", "Channel"}
	labelFee        = text{"Қызмет құны", "Стоимость услуги", "Fee"}
	labelDecided    = text{"Шешім қабылданды", "Решение принято", "Decided by"}
	labelSigned     = text{"Қол қойған", "Подписано", "Signed by"}
	free            = text{"тегін", "бесплатно", "free of charge"}

	decidedAlone = text{
		"лауазымды адам жеке, отырыссыз",
		"должностным лицом единолично, без заседания",
		"the official alone, without a meeting",
	}
	minutesOf        = text{"№ %s хаттама, %s", "протокол № %s, %s", "minutes No. %s, %s"}
	decidedByMeeting = text{
		"отырыста, № %s хаттама, %s: қатысқаны %d, жақтағаны %d, қарсы болғаны %d, қалыс қалғаны %d",
		"на заседании, протокол № %s, %s: присутствовали %d, за %d, против %d, воздержались %d",
		"a meeting, minutes No. %s, %s: present %d, for %d, against %d, abstained %d",
	}

	markTrial     = text{"СЫНАҚ: құжаттың күші жоқ", "ПРОБА: документ не имеет силы", "TRIAL: this document has no force"}
	markDuplicate = text{"ТЕЛНҰСҚА", "ДУБЛИКАТ", "DUPLICATE"}
	markInsteadOf = text{"№ %s құжаттың орнына берілді", "выдан взамен документа № %s", "issued in place of No. %s"}
	markCorrected = text{
		"%d-нұсқа, %s: қате жазулар түзетілді, шешім өзгерген жоқ",
		"Версия %d от %s: исправлены описки, решение не изменено",
		"Version %d of %s: slips were mended, the decision is unchanged",
	}
	markSuperseded = text{
		"Бұл құжат жарамсыз: оның орнына жаңасы берілді",
		"Документ недействителен: взамен выдан новый",
		"This document is no longer valid: a newer one takes its place",
	}

	// noLonger says of a document that was issued since when it is not in force, and why.
	noLonger = text{
		"Құжат берілген, күшін жойған күні: %s. Себебі: %s.",
		"Документ выдан и больше не действует, с какого дня: %s. Причина: %s.",
		"Issued, no longer in force since %s: %s.",
	}

	checkTitle = text{"Құжаттың түпнұсқалығын тексеру", "Проверка подлинности документа", "Check of authenticity"}
	checkCode  = text{"Тексеру коды", "Код проверки", "Check code"}
	checkHow   = text{
		"QR-кодты сканерлеңіз немесе мына мекенжайды ашыңыз:",
		"Отсканируйте QR-код или откройте адрес:",
		"Scan the QR code or open the address:",
	}
	proofOf = text{
		"%s журналы: %d-оқиға, барлығы %d, түбірі %s, қол қойылған уақыты: %s. " +
			"Дәлел осы файлға тіркелген, оны журналдың ашық кілтімен тексереді.",
		"Журнал %s: событие %d из %d, корень %s, подписан %s. " +
			"Доказательство вложено в этот файл, его проверяют открытым ключом журнала.",
		"Log %s: event %d of %d, root %s, signed on %s. " +
			"The proof is attached to this file; the public key of the log checks it.",
	}
	proofFollows = text{
		"Журналдың дәлелі бірнеше секундтан кейін дайын болады. Ол файлға тіркелуі үшін құжатты қайта сұратыңыз.",
		"Доказательство журнала будет готово через несколько секунд. Чтобы получить файл с ним, запросите документ снова.",
		"The proof of the log is ready within seconds. Ask for the document again to get the file with it.",
	}
	footer = text{
		"Құжатты Tizilim тізілімі электрондық түрде қалыптастырды. Мемлекеттік көрсетілетін қызмет тегін көрсетіледі.",
		"Документ сформирован реестром Tizilim в электронном виде. Государственная услуга оказывается бесплатно.",
		"Made electronically by the registry Tizilim. The public service is free of charge.",
	}
)

// All that a public list says but its lines (Q21).
var (
	publicTitle = text{
		"Қызметтік тұрғын үйге мұқтаждар тізімі",
		"Список нуждающихся в служебном жилище",
		"List of those in need of service housing",
	}
	publicGround = text{
		"Есепке қою негізі: тұрғын үйге мұқтаж деп танылған («Тұрғын үй қатынастары туралы» Қазақстан Республикасы Заңының 101-3-бабы).",
		"Основание постановки на учет: признание нуждающимся в жилище (статья 101-3 Закона Республики Казахстан «О жилищных отношениях»).",
		"Ground of the placing: recognised as in need of a dwelling (article 101-3 of the Law of the Republic of Kazakhstan “On housing relations”).",
	}
	publicNumber = text{
		"Нөмір – отбасының кезектегі қазіргі орны. Алдындағы отбасыларға тұрғын үй берілгенде немесе олар есептен шығарылғанда нөмір кішірейеді.",
		"Номер – место семьи в очереди сейчас. Он уменьшается, когда семьям впереди предоставляют жилище или снимают их с учета.",
		"The number is the place of the family in the queue now. It becomes smaller when families before it get a dwelling or leave the list.",
	}
	publicDay = text{
		"Есепке қою күні – отбасы осы тізімге қойылған күн. Адам саны өтініш иесімен бірге есептеледі.",
		"Дата постановки на учет – день, когда семья внесена в этот список. Число человек указано вместе с заявителем.",
		"The day of placing is the day on which the family was put on this list. The persons are counted with the applicant.",
	}
	publicNames = text{
		"Тізімде аты-жөні мен ЖСН көрсетілмейді. Әркім өз нөмірін жеке кабинеттен біле алады.",
		"Имена и ИИН в списке не указываются. Свой номер каждый может узнать в личном кабинете.",
		"The list shows no names and no IIN. Everybody sees their own number in the personal account.",
	}
	publicOn     = text{"Тізімнің жағдайы: %s", "Список по состоянию на %s", "The list as of %s"}
	publicLength = text{"Кезекте тұрған отбасылар: %d", "Семей в очереди: %d", "Families that wait: %d"}
	publicPart   = text{"мұнда № %d–%d", "здесь № %d–%d", "here No. %d–%d"}
	pageOf       = text{"%d-бет, барлығы %s", "Страница %d из %s", "Page %d of %s"}

	publicWaiting      = text{"Кезекте тұрғандар", "Стоят в очереди", "Waiting"}
	publicNobodyWaits  = text{"Мұнда кезекте тұрған ешкім жоқ.", "Здесь в очереди никто не стоит.", "Nobody waits here."}
	publicProvided     = text{"Соңғы берілген тұрғын үйлер", "Последние предоставленные жилища", "The last dwellings that were provided"}
	publicNothingGiven = text{
		"Осы тізім бойынша тұрғын үй әлі берілген жоқ.",
		"По этому списку жилища еще не предоставлялись.",
		"No dwelling was provided from this list yet.",
	}
	columnNumber   = text{"Нөмірі", "Номер", "Number"}
	columnPersons  = text{"Адам саны", "Человек в семье", "Persons"}
	columnPlaced   = text{"Есепке қою күні", "Поставлены на учет", "Day of placing"}
	columnArea     = text{"Алаңы, м²", "Площадь, м²", "Area, m²"}
	columnProvided = text{"Берілген күні", "Предоставлено", "Provided on"}
)

var months = [12]text{
	{"қаңтар", "января", "January"}, {"ақпан", "февраля", "February"}, {"наурыз", "марта", "March"},
	{"сәуір", "апреля", "April"}, {"мамыр", "мая", "May"}, {"маусым", "июня", "June"},
	{"шілде", "июля", "July"}, {"тамыз", "августа", "August"}, {"қыркүйек", "сентября", "September"},
	{"қазан", "октября", "October"}, {"қараша", "ноября", "November"}, {"желтоқсан", "декабря", "December"},
}

// day writes a day in words; nothing for no day.
func day(d domain.Date, l domain.Language) string {
	if d.IsZero() {
		return ""
	}
	year, month, n := d.Start().Date()
	name := months[month-1].in(l)
	switch l {
	case domain.Russian:
		return fmt.Sprintf("%d %s %d года", n, name, year)
	case domain.English:
		return fmt.Sprintf("%d %s %d", n, name, year)
	default:
		return fmt.Sprintf("%d жылғы %d %s", year, n, name)
	}
}

// instant writes a day and the time of it in Kazakhstan.
func instant(t time.Time, l domain.Language) string {
	return day(domain.DateOf(t), l) + ", " + t.In(domain.Zone).Format("15:04:05") + " (UTC+5)"
}
