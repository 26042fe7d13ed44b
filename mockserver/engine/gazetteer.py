"""Names and terms that entities are known by: lists as data, people's names from Faker."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import import_module

_LOCALES = {"en": "en_US", "es": "es_ES", "fr": "fr_FR", "de": "de_DE", "it": "it_IT", "pt": "pt_BR", "nl": "nl_NL"}

WORDS_AND_NAMES = frozenset(
    """
    amber angel april art august autumn bill brandy chance chase chad christian cliff crystal daisy dale
    dawn dean destiny diamond don drew earl ebony faith frank gay gene gloria grace grant guy heather holly hope hunter
    iris ivy jack jade jay jean jo joy june lance lee mark mason max may melody mercedes misty norm parker pat patty
    paz penny rich rob robin rose ray raven ruby rusty sandy sierra skip summer sue tanner victor virginia wade ward
    warren will woody alba luz mar sol cruz reyes rosario pilar consuelo dolores esperanza cielo flora rosa blanca
    pascual bautista modesto severo clemente franco bonito aurore claire constant désiré fleur fort vaillant
    heide ernst wolf bär christ stern heiner rosa bianca vera luce stella felice costante fortunata
    """.split()
)
"""Names that are ordinary words too: at the head of a sentence they are taken for the word."""

_MORE_FIRST_NAMES = """
    Aisha Alice Amir Anya Arjun Ben Carmen Chen Daniela Deepak Diego Elena Eva Fatima Felix Fiona Giulia Hans Hassan
    Hugo Ibrahim Ines Ingrid Ivan Jin Josh Julia Katja Kenji Klaus Lars Leila Leo Liam Lily Lucia Lukas Matt Mei
    Mohammed Nadia Nick Nikhil Nora Olga Oliver Omar Priya Rahul Raj Ravi Sam Sanjay Sasha Sofia Sofía Sophie
    Svetlana Tariq Tom
    Yuki Yusuf Zara Jake Theo Ella Mila Maya Anika Sebastian Simon Emil Alejandro Mateo José María Luca Chiara João
    Mariana Gabriela Camille Pierre Élodie Jürgen Ute Heike Uwe Vladimir Dmitri Igor Boris Ahmed Ali Mehmet Ayşe
""".split()

TITLES = "Mr Mrs Ms Miss Dr Doctor Professor Prof Sir Madam Señor Señora Sr Sra Monsieur Madame Mme Herr Frau Signor "
TITLES += "Signora Senhor Senhora Captain Judge Senator President"


@dataclass(frozen=True)
class Tongue:
    """What names, dates and numbers look like in a language; alternatives are separated by ``|``."""

    months: str
    weekdays: str
    digits: str
    introductions: str
    dialling: str = "phone|telephone"
    currencies: str = "euros?|dollars?"
    units: str = "minutes|hours"
    of: str = ""
    percent: str = "percent"
    clock: str = "o'clock"
    age: str = "years old"
    numbers: str = ""
    place_cues: str = ""


TONGUES = {
    "en": Tongue(
        months="January|February|March|April|May|June|July|August|September|October|November|December",
        weekdays="Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday",
        digits="zero|oh|one|two|three|four|five|six|seven|eight|nine",
        introductions="my name is|my name's|his name is|her name is|their name is|name is|I am called|call me",
        dialling="phone|telephone|call|reach|mobile|cell|text|dial|fax|number",
        currencies="dollars?|euros?|pounds?|bucks?|cents?|pence|yen|francs?|pesos?|rupees?|usd|eur|gbp",
        units="seconds?|minutes?|hours?|days?|weeks?|months?|years?|decades?|centuries",
        of="of|the",
        percent="percent|per cent|percentage points",
        numbers="ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|"
        "fifty|sixty|seventy|eighty|ninety|hundred|thousand|million|billion|dozen",
        place_cues="live in|lives in|lived in|living in|based in|moved to|move to|flight to|fly to|flying to|"
        "travel to|trip to|shipment to|ship to|shipped to|arrived in|arrive in|office in|team in|born in|came from|"
        "drive to|driving to|delivered to|located in|store in|grew up in|stationed in|warehouse in|headquarters in",
    ),
    "es": Tongue(
        months="enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre",
        weekdays="lunes|martes|miércoles|jueves|viernes|sábado|domingo",
        digits="cero|uno|dos|tres|cuatro|cinco|seis|siete|ocho|nueve",
        introductions="me llamo|mi nombre es|se llama|habla con",
        dialling="teléfono|llamar|llámame|llámeme|número|móvil",
        currencies="euros?|dólares|pesos|céntimos",
        units="segundos?|minutos?|horas?|días?|semanas?|mes|meses|años?",
        of="de|del",
        percent="por ciento",
        clock="en punto|horas|de la mañana|de la tarde|de la noche",
        age="años de edad",
        numbers="diez|once|doce|quince|veinte|treinta|cuarenta|cincuenta|sesenta|cien|mil|millones",
        place_cues="vivo en|vive en|viajar a|llegado a|mudé a|nací en|oficina de|vuelo a",
    ),
    "fr": Tongue(
        months="janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre",
        weekdays="lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche",
        digits="zéro|un|deux|trois|quatre|cinq|six|sept|huit|neuf",
        introductions="je m'appelle|mon nom est|il s'appelle|elle s'appelle",
        dialling="téléphone|appeler|appelez|numéro|portable",
        currencies="euros?|dollars?|centimes?|francs?",
        units="secondes?|minutes?|heures?|jours?|semaines?|mois|ans?|années?",
        percent="pour cent",
        clock="heures?",
        age="ans d'âge",
        numbers="dix|onze|douze|quinze|vingt|trente|quarante|cinquante|soixante|cent|mille|millions?",
        place_cues="habite à|habite en|vis à|arrivé à|voyage à|né à|vol pour|bureau de",
    ),
    "de": Tongue(
        months="Januar|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember",
        weekdays="Montag|Dienstag|Mittwoch|Donnerstag|Freitag|Samstag|Sonntag",
        digits="null|eins|zwei|zwo|drei|vier|fünf|sechs|sieben|acht|neun",
        introductions="ich heiße|mein Name ist|er heißt|sie heißt|hier spricht",
        dialling="telefon|telefonnummer|anrufen|nummer|handy|erreichen",
        currencies="euro|dollar|cent|franken",
        units="sekunden?|minuten?|stunden?|tage?|tagen|wochen?|monate?|monaten|jahre?|jahren",
        percent="prozent",
        clock="uhr",
        age="jahre alt",
        numbers="zehn|elf|zwölf|zwanzig|dreißig|vierzig|fünfzig|sechzig|hundert|tausend|millionen",
        place_cues="wohne in|wohnt in|lebe in|lebt in|komme aus|reise nach|fahre nach|flug nach|büro in|geboren in",
    ),
    "it": Tongue(
        months="gennaio|febbraio|marzo|aprile|maggio|giugno|luglio|agosto|settembre|ottobre|novembre|dicembre",
        weekdays="lunedì|martedì|mercoledì|giovedì|venerdì|sabato|domenica",
        digits="zero|uno|due|tre|quattro|cinque|sei|sette|otto|nove",
        introductions="mi chiamo|il mio nome è|si chiama",
        dialling="telefono|chiamare|chiamami|numero|cellulare",
        currencies="euro|dollari|centesimi|franchi",
        units="secondi|minuti|minuto|ore|ora|giorni|giorno|settimane|settimana|mesi|mese|anni|anno",
        of="di",
        percent="per cento|percento",
        clock="in punto|ore",
        age="anni di età",
        numbers="dieci|undici|dodici|quindici|venti|trenta|quaranta|cinquanta|cento|mille|mila|milioni",
        place_cues="vivo a|abito a|abita a|arrivato a|nato a|viaggio a|volo per|ufficio di",
    ),
    "pt": Tongue(
        months="janeiro|fevereiro|março|abril|maio|junho|julho|agosto|setembro|outubro|novembro|dezembro",
        weekdays="segunda-feira|terça-feira|quarta-feira|quinta-feira|sexta-feira|sábado|domingo",
        digits="zero|um|dois|três|quatro|cinco|seis|meia|sete|oito|nove",
        introductions="meu nome é|me chamo|se chama|chamo-me",
        dialling="telefone|ligar|ligue|número|celular",
        currencies="reais|real|euros?|dólares|centavos",
        units="segundos?|minutos?|horas?|dias?|semanas?|mês|meses|anos?",
        of="de",
        percent="por cento",
        clock="em ponto|horas|da manhã|da tarde|da noite",
        age="anos de idade",
        numbers="dez|onze|doze|quinze|vinte|trinta|quarenta|cinquenta|cem|mil|milhões",
        place_cues="moro em|mora em|vivo em|cheguei em|nasci em|viagem para|voo para|escritório em",
    ),
}

_CITIES = """
    New York;Los Angeles;Chicago;Houston;Phoenix;Philadelphia;San Antonio;San Diego;Dallas;San Jose;Austin;
    Jacksonville;San Francisco;Columbus;Indianapolis;Seattle;Denver;Boston;Nashville;Detroit;Portland;Las Vegas;Memphis;
    Louisville;Baltimore;Milwaukee;Albuquerque;Tucson;Sacramento;Kansas City;Atlanta;Miami;Minneapolis;New Orleans;
    Cleveland;Tampa;Honolulu;St. Louis;Pittsburgh;Cincinnati;Orlando;Salt Lake City;Brooklyn;Manhattan;Silicon Valley;
    Toronto;Vancouver;Montreal;Ottawa;Calgary;Mexico City;Guadalajara;Bogotá;Lima;Santiago de Chile;Buenos Aires;
    São Paulo;Rio de Janeiro;Brasília;Salvador da Bahia;Lisboa;Lisbon;Porto Alegre;Coimbra;Madrid;Barcelona;Valencia;
    Sevilla;Seville;Zaragoza;Málaga;Bilbao;Granada;Paris;Marseille;Lyon;Toulouse;Bordeaux;Lille;Strasbourg;Nantes;Rouen;
    Berlin;Hamburg;Munich;München;Köln;Cologne;Frankfurt;Stuttgart;Düsseldorf;Leipzig;Dresden;Hannover;Nürnberg;Bremen;
    Vienna;Wien;Zurich;Zürich;Genf;Geneva;Bern;Basel;Salzburg;Graz;Rome;Roma;Milan;Milano;Naples;Napoli;Turin;Torino;
    Florence;Firenze;Venice;Venezia;Bologna;Palermo;Genova;Verona;London;Manchester;Birmingham;Liverpool;Leeds;Glasgow;
    Edinburgh;Dublin;Belfast;Cardiff;Amsterdam;Rotterdam;The Hague;Den Haag;Utrecht;Eindhoven;Brussels;Bruxelles;
    Antwerp;Copenhagen;Stockholm;Oslo;Helsinki;Reykjavik;Warsaw;Krakow;Prague;Budapest;Bucharest;Sofia Bulgaria;
    Athens;Istanbul;
    Ankara;Moscow;Saint Petersburg;Kyiv;Kiev;Cairo;Lagos;Nairobi;Johannesburg;Cape Town;Casablanca;Dubai;Tel Aviv;
    Jerusalem;Tehran;Baghdad;Mumbai;Delhi;New Delhi;Bangalore;Kolkata;Chennai;Karachi;Lahore;Dhaka;Bangkok;Singapore;
    Kuala Lumpur;Jakarta;Manila;Hanoi;Hong Kong;Shanghai;Beijing;Shenzhen;Taipei;Seoul;Tokyo;Osaka;Kyoto;Sydney;
    Melbourne;Brisbane;Perth;Auckland;Wellington;Washington;Washington D.C.;Europe;Asia;Africa;Antarctica;North America;
    South America;Latin America;Middle East;California;Texas;Florida;Alaska;Arizona;Colorado;Oregon;Nevada;Ohio;
    Pennsylvania;Illinois;Michigan;Minnesota;Wisconsin;Massachusetts;Connecticut;Louisiana;Tennessee;Kentucky;Alabama;
    Mississippi;Missouri;Oklahoma;Nebraska;Montana;Idaho;Utah;New Mexico;New Jersey;North Carolina;South Carolina;
    North Dakota;South Dakota;West Virginia;New Hampshire;Vermont;Maine;Rhode Island;Delaware;Maryland;Hawaii;Kansas;
    Iowa;Arkansas;Ontario;Quebec;British Columbia;Bavaria;Bayern;Catalonia;Cataluña;Andalucía;Scotland;Wales;England;
    United States;United States of America;USA;U.S.A.;United Kingdom;UK;Great Britain;Ireland;Canada;Mexico;México;
    Brazil;Brasil;Argentina;Chile;Colombia;Peru;Perú;Venezuela;Cuba;Spain;España;Portugal;France;Italy;Italia;Germany;
    Deutschland;Austria;Österreich;Switzerland;Schweiz;Suisse;Netherlands;Belgium;Belgique;Luxembourg;Denmark;Sweden;
    Norway;Finland;Iceland;Poland;Hungary;Romania;Bulgaria;Greece;Ukraine;Russia;Israel;Iran;Iraq;Syria;Egypt;Morocco;
    Nigeria;Kenya;South Africa;Ethiopia;Ghana;India;Pakistan;Bangladesh;Thailand;Vietnam;Malaysia;Indonesia;Philippines;
    China;Taiwan;Japan;South Korea;North Korea;Korea;Australia;New Zealand;Afghanistan;Saudi Arabia;Qatar;Angleterre;
    Allemagne;Espagne;Italie;Inghilterra;Germania;Spagna;Francia;Alemania;Estados Unidos;États-Unis;Stati Uniti;Londres;
    Londra;Parigi;Alemanha;Frankreich;Italien;Spanien;Lissabon;Vereinigte Staaten;Niederlande;Polen;Brasilien
""".replace("\n", "").split(";")

_COMPANIES = """
    Google;Microsoft;Apple Inc;Facebook;Netflix;Tesla;IBM;Intel;Oracle;Cisco;Samsung;Sony;Toyota;Volkswagen;BMW;Siemens;
    Bosch;SAP;Adobe;Salesforce;PayPal;Visa;Mastercard;Walmart;Costco;Starbucks;McDonald's;Coca-Cola;Pepsi;Nike;Adidas;
    Boeing;Airbus;Lufthansa;FedEx;UPS;DHL;Verizon;AT&T;T-Mobile;Vodafone;YouTube;Spotify;Uber;Airbnb;LinkedIn;
    OpenAI;Anthropic;AssemblyAI;NVIDIA;General Motors;General Electric;Bank of America;Wells Fargo;JPMorgan;
    Goldman Sachs;NASA;FBI;CIA;NATO;UNICEF;United Nations;European Union;World Bank;
    Red Cross;Supreme Court;
    Congress;Senate;Harvard;Stanford;MIT;Oxford University;New York Times;BBC;CNN;Reuters;Telefónica;Santander;Ikea;
    Renault;Peugeot;Deutsche Bahn;Deutsche Bank;Ferrari;Fiat;Petrobras;Amazon Web Services
""".replace("\n", "").split(";")

CAPITALISED_TERMS: dict[str, list[str]] = {
    "location": [name.strip() for name in _CITIES],
    "organization": [name.strip() for name in _COMPANIES],
    "event": """
        Christmas;Christmas Eve;Easter;Thanksgiving;Halloween;Hanukkah;Ramadan;Diwali;New Year's Eve;New Year's Day;
        Valentine's Day;Mother's Day;Father's Day;Black Friday;Cyber Monday;Fourth of July;Independence Day;
        World Cup;Super Bowl;Olympics;Olympic Games;World War I;World War II;World War Two;Second World War;
        First World War;Cold War;Brexit;Oktoberfest;Navidad;Noël;Weihnachten;Natale;Natal;Ostern;Pâques;
        Hurricane Katrina
    """.replace("\n", "").split(";"),
    "religion": """
        Christian;Christians;Christianity;Catholic;Catholics;Protestant;Muslim;Muslims;Islam;Jewish;Judaism;Buddhist;
        Buddhism;Hindu;Hinduism;Sikh;Mormon;Baptist;Lutheran;Methodist;Orthodox;Atheist;Agnostic
    """.replace("\n", "").split(";"),
    "political_affiliation": """
        Republican;Republicans;Democrat;Democrats;Democratic Party;Republican Party;Labour Party;Conservative Party;
        Tory;Tories;Libertarian;Libertarians;Socialist;Communist;Green Party;Social Democrats;CDU;SPD
    """.replace("\n", "").split(";"),
    "nationality": """
        American;Americans;British;English;Irish;Scottish;Welsh;Canadian;Mexican;Brazilian;Argentinian;Colombian;Spanish;
        Portuguese;French;Italian;German;Germans;Austrian;Swiss;Dutch;Belgian;Danish;Swedish;Norwegian;Finnish;Polish;
        Czech;Hungarian;Romanian;Greek;Turkish;Russian;Ukrainian;Israeli;Iranian;Iraqi;Syrian;Egyptian;Moroccan;Nigerian;
        Kenyan;South African;Indian;Pakistani;Thai;Vietnamese;Indonesian;Filipino;Chinese;Taiwanese;Japanese;Korean;
        Australian
    """.replace("\n", "").split(";"),
    "zodiac_sign": "Aries;Taurus;Virgo;Scorpio;Sagittarius;Capricorn;Aquarius;Pisces".split(";"),
}
"""Terms that count only where they are written with a capital letter."""

TERMS: dict[str, list[str]] = {
    "religion": "atheist;agnostic;christian;catholic;muslim;jewish;buddhist;hindu".split(";"),
    "marital_status": "divorced;widowed;widow;widower;married;unmarried;newlywed;recently separated".split(";"),
    "gender_sexuality": """
        gay;lesbian;bisexual;transgender;heterosexual;homosexual;nonbinary;non-binary;asexual;pansexual;queer;
        trans woman;trans man;cisgender
    """.replace("\n", "").split(";"),
    "medical_condition": """
        diabetes;type 1 diabetes;type 2 diabetes;cancer;breast cancer;lung cancer;asthma;arthritis;hypertension;
        high blood pressure;depression;anxiety disorder;migraine;migraines;pneumonia;bronchitis;flu;influenza;covid;
        covid-19;epilepsy;alzheimer's;dementia;parkinson's;heart disease;heart attack;stroke;anemia;leukemia;tumor;
        hepatitis;hiv;aids;tuberculosis;adhd;autism;ptsd;schizophrenia;bipolar disorder;kidney failure;allergies;
        hay fever;eczema;psoriasis;fever;nausea;insomnia;headache;headaches;back pain;chest pain;sore throat;toothache;
        diabetes mellitus;cáncer;fiebre;gripe;grippe;fièvre;fieber;krebs;febbre;febre
    """.replace("\n", "").split(";"),
    "drug": """
        ibuprofen;aspirin;paracetamol;acetaminophen;tylenol;advil;aleve;penicillin;amoxicillin;insulin;metformin;
        lipitor;prozac;zoloft;xanax;valium;ritalin;adderall;morphine;codeine;oxycodone;oxycontin;fentanyl;cortisone;
        prednisone;ventolin;albuterol;warfarin;heparin;statins;antibiotics;antidepressants;ozempic;viagra;cannabis;
        marijuana;cocaine;heroin;methamphetamine;ecstasy;ibuprofeno;aspirina
    """.replace("\n", "").split(";"),
    "injury": """
        concussion;whiplash;fracture;bruise;bruises;torn ligament;dislocated shoulder;sprained ankle;twisted ankle;
        third-degree burns;head injury;spinal injury;broken bone;broken bones;stab wound;gunshot wound;black eye
    """.replace("\n", "").split(";"),
    "medical_process": """
        surgery;chemotherapy;chemo;radiation therapy;mri;mri scan;ct scan;x-ray;x-rays;blood test;blood tests;biopsy;
        ultrasound;dialysis;vaccination;blood transfusion;transplant;kidney transplant;knee replacement;hip replacement;
        physical therapy;root canal;colonoscopy;mammogram;c-section;appendectomy;heart bypass;echocardiogram
    """.replace("\n", "").split(";"),
}
"""Terms that count whatever their case."""

LANGUAGES = (
    "English|Spanish|French|German|Italian|Portuguese|Dutch|Danish|Swedish|Norwegian|Finnish|Polish|Czech|Hungarian|"
    "Romanian|Greek|Turkish|Russian|Ukrainian|Arabic|Hebrew|Persian|Farsi|Hindi|Urdu|Bengali|Tamil|Thai|Vietnamese|"
    "Indonesian|Tagalog|Mandarin|Cantonese|Chinese|Japanese|Korean|Swahili|Latin|español|inglés|francés|français|anglais|"
    "Deutsch|Englisch|Französisch|Spanisch|italiano|inglese|inglês|português"
)

_OCCUPATIONS = """
    accountant;actor;actress;architect;artist;attorney;baker;barber;bartender;bus driver;butcher;carpenter;cashier;
    chef;chief executive;ceo;cto;cfo;coach;consultant;dentist;developer;doctor;driver;economist;editor;electrician;
    engineer;farmer;firefighter;flight attendant;gardener;graphic designer;hairdresser;journalist;judge;lawyer;
    librarian;mayor;mechanic;midwife;musician;nurse;painter;paramedic;pharmacist;photographer;physician;pilot;plumber;
    police officer;professor;programmer;project manager;product manager;real estate agent;receptionist;sales manager;
    salesman;scientist;secretary;senator;singer;social worker;software developer;software engineer;soldier;student;
    surgeon;tailor;taxi driver;teacher;therapist;translator;truck driver;veterinarian;waiter;waitress;writer
""".replace("\n", "").split(";")

ORGANIZATION_ENDINGS = frozenset(
    """
    Inc Inc. Corp Corp. Corporation LLC Ltd Ltd. Limited GmbH AG SA SL SpA Ltda PLC Co. Company Labs Laboratories
    Support Dental Bank University College School Hospital Clinic Group Partners Solutions Systems Technologies Airlines
    Airways Insurance Foundation Institute Association Industries Enterprises Holdings Consulting Software Studios Media
    Motors Pharmaceuticals Logistics Energy Capital Ventures Services Network Electric Telecom Records Pharmacy Church
    """.split()
)
"""Last words of the names of organizations."""

CITY_ENDINGS = (
    "town", "ton", "land", "ville", "berg", "burgh", "borough", "bury", "view", "port", "mouth", "stad", "furt",
    "chester", "fort", "haven", "side", "shire",
)  # fmt: skip
CITY_PREFIXES = frozenset("North East West South New Lake Port San Santa Saint Los Las Fort Mount".split())


@dataclass(frozen=True)
class Names:
    """The names of people in a language."""

    first: frozenset[str]
    last: frozenset[str]


@cache
def names(language: str) -> Names:
    """Return the names that are usual in a language, and those of the English-speaking world."""
    locales = dict.fromkeys((_LOCALES.get(language, "en_US"), "en_US"))
    first = {name for locale in locales for name in _listed(locale, "first_names")}
    last = {name for locale in locales for name in _listed(locale, "last_names")}
    return Names(frozenset(first.union(_MORE_FIRST_NAMES)), frozenset(last))


def _listed(locale: str, attribute: str) -> Iterable[str]:
    provider = import_module(f"faker.providers.person.{locale}").Provider
    return (name for name in getattr(provider, attribute) if name[:1].isupper() and len(name) > 1)


@cache
def occupations() -> frozenset[str]:
    """Return names of jobs, in lower case."""
    from faker.providers.job import Provider

    listed = {job.partition(",")[0].strip().lower() for job in Provider.jobs}
    named = {job.strip() for job in listed.union(_OCCUPATIONS)}
    return frozenset(named - {"copy", "land", "make", "sub", "runner", "dealer", "buyer", ""})
