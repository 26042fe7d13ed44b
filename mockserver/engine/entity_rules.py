"""What entities look like: patterns of numbers, dates, addresses and the like, each with the words that call for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from mockserver.engine.gazetteer import LANGUAGES, TONGUES, Tongue

DIGIT = "#"
"""The trigger of rules that need a digit; single marks such as ``@`` are triggers too."""

MARKS = "@./-:%$€£¥"

_YEAR = r"(?:1[89]|20)\d\d\b"
_CAPITAL = r"(?-i:[A-ZÀ-ÖØ-Þ][\w'’]{1,40}(?:-\w{1,40})?)"
_DOMAIN = r"(?:[\w-]{1,63}\.){1,6}[a-z]{2,12}\b"
_ENDINGS = "com|org|net|io|gov|edu|co|info|biz|dev|app|ai|eu|uk|de|fr|es|it|pt|br|nl|us|ca"
_FILES = "pdf|docx?|xlsx?|pptx?|csv|txt|jpe?g|png|gif|svg|mp3|mp4|wav|zip|json|html?|py|exe|md|ya?ml|log"
_ORDINALS = (
    "first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth|"
    "sixteenth|seventeenth|eighteenth|nineteenth|twentieth|twenty-first|twenty-second|twenty-third|twenty-fourth|"
    "twenty-fifth|twenty-sixth|twenty-seventh|twenty-eighth|twenty-ninth|thirtieth|thirty-first"
)
_IDENTIFIERS = {
    "us_social_security_number": "social security|ssn|social",
    "credit_card_cvv": "cvv|cvc|security code|card verification",
    "credit_card_number": "credit card|debit card|card",
    "banking_information": "routing|iban|sort code|swift|bank account",
    "account_number": "account|acct|customer|kontonummer|número de cuenta|numéro de compte|numero di conto",
    "passport_number": "passport|pasaporte|passeport|reisepass|passaporto|passaporte",
    "drivers_license": "driver's license|drivers license|driver license|driving licence|license",
    "vehicle_id": "vin|license plate|number plate|plate|vehicle identification",
    "healthcare_number": "health card|health insurance|insurance|medicare|medicaid|member|patient|medical record",
    "number_sequence": "order|invoice|ticket|case|reference|confirmation|tracking|booking|serial|reservation|policy|"
    "extension|número de pedido|número do pedido|bestellnummer|rechnungsnummer|numéro de commande|commande|"
    "numero d'ordine|ordine|pedido|factura|facture",
}
_MIDDAYS = "noon|midnight|mediodía|medianoche|midi|minuit|mitternacht|mezzanotte|meio-dia"
_SPEAK = "hablo|habla|parle|spreche|parlo|falo"
_PASSWORDS = "password|passcode|passphrase|contraseña|mot de passe|passwort|senha"
_USERNAMES = "username|user name|login name|login|handle|usuario|nom d'utilisateur|benutzername|nome utente|usuário"
_IS = r"(?: (?:is|was|reads|set to|called|es|est|ist|lautet|è|é))+:?"
_ORDINARY = (
    "not|wrong|right|correct|incorrect|too|the|a|an|very|still|in|on|for|being|expired|required|invalid|case|safe|"
    "secure|weak|strong|always|never|also|only|missing|my|your|his|her|what|that|this|here|there|changed|about|disabled"
)


@dataclass(frozen=True)
class Rule:
    """Where ``pattern`` matches there is an entity: its group ``v``, or all of it if there is none.

    Only sentences that hold one of the triggers are looked at.
    """

    kind: str
    triggers: frozenset[str]
    pattern: re.Pattern[str]


@cache
def rules(language: str) -> tuple[Rule, ...]:
    """Return the rules for a language, the more telling ones first."""
    tongue = TONGUES.get(language, TONGUES["en"])
    return (
        *_addresses(),
        *_credentials(tongue),
        *_identifiers(tongue),
        *_dates(tongue, language),
        *_phones(tongue),
        *_amounts(tongue),
        *_people(tongue),
    )


@cache
def hints(language: str) -> tuple[Rule, ...]:
    """Return rules that only hold where nothing better is known about the words."""
    tongue = TONGUES.get(language, TONGUES["en"])
    name = rf"(?P<v>{_CAPITAL}(?: {_CAPITAL}){{0,2}})"
    return (
        _rule("location", tongue.place_cues, rf"\b(?:{tongue.place_cues}) {name}"),
        _rule(
            "person_name",
            "this|i'm|am|with",
            rf"\b(?:this is|I'm|I am|speaking with) {name}(?=,? (?:from|calling|speaking|here)\b)",
        ),
        _rule("organization", "work|works|worked|working|calling", rf"\b(?:work(?:s|ed|ing)? for|for calling) {name}"),
        _rule("number_sequence", DIGIT, r"(?<![\w.,$€£])#?\d[\d-]{4,30}(?!\S{0,40}[\w%])"),
    )


def _rule(kind: str, triggers: str, pattern: str) -> Rule:
    return Rule(kind, frozenset(_first_words(triggers)), re.compile(pattern, re.IGNORECASE))


def _first_words(alternatives: str) -> Iterator[str]:
    """Yield the first word of each alternative, with and without a letter that is optional."""
    for alternative in alternatives.lower().split("|"):
        word = alternative.split()[0]
        yield word.replace("?", "")
        if "?" in word:
            yield word[: word.index("?") - 1]


def _addresses() -> Iterator[Rule]:
    yield _rule("email_address", "@", rf"(?<![\w.+-])[\w.+-]{{1,64}}@{_DOMAIN}")
    yield _rule(
        "email_address", "at|arroba", r"\b[\w.]{1,64} (?:at|arroba) [\w-]{1,63} (?:dot|punto) (?:" + _ENDINGS + r")\b"
    )
    yield _rule("username", "@", r"(?<!\S)@\w{3,40}\b")
    yield _rule("ip_address", ".", r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]{0,40}\w)")
    yield _rule("url", "/", r"\bhttps?://\S{3,2000}")
    yield _rule("filename", ".", rf"(?<![\w./-])[\w-]{{1,100}}\.(?:{_FILES})\b(?![./]\w)")
    yield _rule("url", ".", rf"(?<![\w.@-])(?:[\w-]{{2,63}}\.){{1,5}}(?:{_ENDINGS})\b(?:/\S{{0,500}})?(?![\w@])")
    yield _rule("url", "dot|www", rf"\b(?:www dot )?[\w-]{{2,63}} dot (?:{_ENDINGS})\b(?: slash \w+)?")


def _credentials(tongue: Tongue) -> Iterator[Rule]:
    for kind, cues in (("password", _PASSWORDS), ("username", _USERNAMES)):
        yield _rule(kind, cues, rf"\b(?:{cues}){_IS} (?!(?:{_ORDINARY})\b)(?P<v>\S{{3,100}})")
    pin = rf"(?P<v>\d{{4,8}}\b|{_spelled(tongue)})"
    yield _rule("password", "pin", rf"\bpin(?: (?:code|number))?{_IS} {pin}")


def _identifiers(tongue: Tongue) -> Iterator[Rule]:
    yield _rule("us_social_security_number", "-", r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-]{0,40}\w)")
    yield _rule(
        "credit_card_number",
        DIGIT,
        r"(?<![\w-])(?:\d{4}[ -]?){3}\d{3,4}(?![\w-]{0,40}\w)|(?<!\w)3\d{3}[ -]?\d{6}[ -]?\d{5}\b",
    )
    yield _rule(
        "credit_card_expiration",
        "expires|expiration|expiry|valid|exp",
        r"\b(?:expires|expiration|expiry|valid|exp)\b(?: (?:date|is|on|in|until|thru|through|of))*:? "
        rf"(?P<v>\d{{1,2}} ?/ ?\d{{2,4}}|(?:{tongue.months})(?: of)?,? {_YEAR})",
    )
    written = (
        r"(?=\S{0,30}\d)(?=(?:[^\s\d]{0,30}\d){3}|\S+ \d)[a-z]{0,4}[-#]?\d[\w./-]{0,40}(?:(?:, | |,)\d[\w-]{0,40}){0,6}"
    )
    for kind, cues in _IDENTIFIERS.items():
        yield _rule(
            kind,
            cues,
            rf"\b(?:{cues})\b(?: (?:number|numbers|no\.?|id|code|plate))*(?:{_IS}| ends in| ending in|,|:)?"
            rf" #?(?P<v>{written}|{_spelled(tongue)})",
        )


def _spelled(tongue: Tongue, least: int = 2) -> str:
    return rf"\b(?:{tongue.digits})(?:[ ,-]{{1,2}}(?:double |triple )?(?:{tongue.digits})){{{least},20}}\b"


def _dates(tongue: Tongue, language: str) -> Iterator[Rule]:
    capitalised = "(?-i:{})" if language in ("en", "de") else "(?:{})"
    month = rf"\b{capitalised.format(tongue.months)}\b"
    weekday = rf"\b{capitalised.format(tongue.weekdays)}s?\b"
    of = rf"(?:(?:{tongue.of}) )?" if tongue.of else ""
    ordinals = f"|{_ORDINALS}" if language == "en" else ""
    day = rf"(?:[0-3]?\d(?:st|nd|rd|th|er|º)?\b\.?{ordinals})"
    year = rf"(?:,? {of}{_YEAR})?"
    full = (
        rf"(?:{weekday},? (?:the |den |el |le |il )?)?(?:{month} (?:the )?{day}(?!:)\b{year}|{day} {of}{month}{year})"
        rf"|{month},? {of}{_YEAR}|(?<![\w/.-])\d{{1,2}}[/.-]\d{{1,2}}[/.-](?:\d{{4}}|\d{{2}})\b|\b{_YEAR}-\d\d-\d\d\b"
    )
    months = tongue.months
    plain = re.sub(r"\b(?:March|May)\|", "", months)
    loose = rf"(?:{full})|{weekday}|{month}"
    said = rf"{months}|{tongue.weekdays}|{DIGIT}"
    yield _rule(
        "date_of_birth",
        "born|birthday|birth|nacido|nací|née?|geboren|nato|nata|nascido|nascida",
        rf"\b(?:born|birthday|birthdate|date of birth|nacid[oa]|nací|née?|geboren|nat[oa]|nascid[oa])\b"
        rf"(?: (?:is|was|on|in|the|el|en|le|il|am|em|of))*:? (?P<v>{full}|{_YEAR})",
    )
    yield _rule(
        "date_interval",
        said,
        rf"\b(?:(?:from|between|von|de|del|du|dal) )(?P<v>(?:{loose}|{_YEAR}) "
        rf"(?:to|until|till|through|and|bis|a|al|à|au) (?:{loose}|{_YEAR}))",
    )
    yield _rule("date", said, rf"(?:{full})")
    yield _rule("date", tongue.weekdays, weekday)
    yield _rule(
        "date",
        months,
        r"\b(?:in|since|by|until|last|next|this|of|early|late|mid|before|after|during|en|im|seit|bis|em) "
        rf"(?P<v>{month})",
    )
    yield _rule("date", plain, rf"\b{capitalised.format(plain)}\b(?! [A-Z][a-z]+)")
    yield _rule(
        "date",
        DIGIT,
        rf"\b(?:in|since|until|year|of|en|depuis|seit|jahr|desde|dal|nel|em|año) (?P<v>{_YEAR})(?!\S{{0,40}}\d)",
    )


def _phones(tongue: Tongue) -> Iterator[Rule]:
    edge, end = r"(?<![\w.,/-])", r"(?![\w/-]{0,40}\w)"
    yield _rule(
        "phone_number", DIGIT, rf"{edge}(?:\+?\d{{1,3}}[ .-])?(?:\(\d{{3}}\) ?|\d{{3}}[ .-])?\d{{3}}[.-]\d{{4}}{end}"
    )
    yield _rule("phone_number", DIGIT, rf"{edge}(?:\+?1[ .-])?\(?\d{{3}}\)?[ .-]\d{{3}}[ .-]\d{{4}}{end}")
    yield _rule("phone_number", DIGIT, rf"(?<!\S)\+\d(?:[ .()/-]{{0,2}}\d){{6,14}}{end}")
    yield _rule("phone_number", DIGIT, rf"{edge}0\d(?:[ .-]?\d{{2}}){{4}}{end}|{edge}0\d{{2,4}}[ /-]\d{{5,8}}{end}")
    yield _rule(
        "phone_number", DIGIT, rf"{edge}[6-9]\d{{2}}(?:[ .]\d{{2,3}}){{2,3}}{end}|{edge}3\d{{2}} \d{{6,7}}{end}"
    )
    yield _rule("phone_number", "-", rf"(?<!\S)\(?\d{{2}}\)? \d{{4,5}}-\d{{4}}{end}")
    cue = rf"\b(?:{tongue.dialling})\b[^.!?\d]{{0,30}}? (?P<v>\d{{7,11}}){end}"
    yield _rule("phone_number", tongue.dialling, cue)
    yield _rule("phone_number", tongue.digits, _spelled(tongue, least=6))


def _amounts(tongue: Tongue) -> Iterator[Rule]:
    words = rf"(?:{tongue.digits}|{tongue.numbers})"
    number = rf"(?:(?<![\w.,])\d[\d.,]{{0,20}}|\b{words}(?:[ -](?:and )?{words}){{0,8}})"
    scale = rf"(?:[ -](?:{tongue.numbers}))*"
    units, clock = tongue.units, tongue.clock
    yield _rule(
        "money_amount", "$|€|£|¥", rf"(?<!\w)[$€£¥] ?\d[\d.,]{{0,20}}k?\b{scale}|(?<![\w.,])\d[\d.,]{{0,20}} ?[$€£¥]"
    )
    yield _rule("time", ":", r"(?<![\w:.])[0-2]?\d:[0-5]\d(?::\d\d)?\b(?: ?[ap]\.?m\b\.?)?(?: (?:Uhr|horas|heures)\b)?")
    yield _rule("time", "a.m|p.m|am|pm|#", rf"{number} ?[ap]\.?m\b\.?")
    yield _rule("time", "half|quarter", rf"\b(?:half past|quarter past|quarter to) (?:{words}|\d{{1,2}})\b")
    yield _rule("time", _MIDDAYS, rf"\b(?:{_MIDDAYS})\b")
    yield _rule("time", clock, rf"{number} ?(?:{clock})\b")
    hour = rf"(?P<v>(?:{tongue.digits}|ten|eleven|twelve)(?: (?:thirty|fifteen|forty-five))?)"
    yield _rule("time", "at|until|by|around", rf"\b(?:at|until|by|around) {hour}(?=[,.?!]|$| (?:in the|on) )")
    yield _rule(
        "physical_attribute",
        "feet|foot|tall|weigh|weighs|eyes|hair|tattoo|beard",
        rf"{number} (?:feet|foot)(?: {number}(?: inch(?:es)?)?)?(?: tall)"
        rf"|\bweighs? {number} (?:pounds|kilos|kilograms|kg|lbs)"
        r"|\b(?:blue|brown|green|hazel|gr[ae]y|dark) eyes\b"
        r"|\b(?:blond|blonde|brown|black|red|gr[ae]y|curly|dark) hair\b",
    )
    yield _rule("person_age", tongue.age, rf"{number} (?:{tongue.age})\b")
    yield _rule("person_age", "aged|age", rf"\baged?(?: of)? (?P<v>{number})\b")
    yield _rule("person_age", DIGIT, r"\b\d{1,3}[ -]year[ -]old\b")
    yield _rule("money_amount", tongue.currencies, rf"{number}{scale} (?:de )?(?:{tongue.currencies})\b")
    yield _rule("statistics", "%", r"(?<![\w.,])\d[\d.,]{0,20} ?%")
    yield _rule("statistics", tongue.percent, rf"{number} ?(?:{tongue.percent})\b")
    yield _rule(
        "duration",
        units,
        rf"(?:{number}|\bhalf an?|\bhalf a|\ban|\ba couple of)(?: and a half)?[ -](?:{units})\b(?! ago)",
    )


def _people(tongue: Tongue) -> Iterator[Rule]:
    name = rf"(?P<v>{_CAPITAL}(?: {_CAPITAL}){{0,2}})"
    yield _rule("person_name", tongue.introductions, rf"\b(?:{tongue.introductions}),? {name}")
    yield _rule(
        "language",
        f"speaks?|speaking|spoke|spoken|learn|learning|fluent|translate|translated|written|answer|{_SPEAK}",
        r"\b(?:speaks?|speaking|spoken?|learn(?:ing)?|fluent in|translated? (?:to|into)|written in|answer in|"
        rf"{_SPEAK}) "
        rf"(?P<v>{LANGUAGES})\b",
    )
    yield _rule(
        "blood_type",
        "blood|type",
        r"\b(?:blood type|type|blood group)(?: is)? (?P<v>(?:AB|A|B|O)(?:[ -]?(?:positive|negative|plus)\b|[+-]))",
    )
    yield _rule(
        "injury",
        "broken|broke|fractured|sprained|twisted|dislocated|torn|bruised",
        r"\b(?:broken|broke|fractured|sprained|twisted|dislocated|torn|bruised) (?:(?:my|his|her|their|a|an|the) )?"
        r"(?:left |right )?"
        r"(?:arm|leg|ankle|wrist|hip|rib|ribs|nose|foot|hand|finger|toe|shoulder|knee|collarbone|skull|back)\b",
    )
    yield _rule(
        "marital_status",
        "single|am|i'm",
        r"\b(?:I am|I'm|he is|she is) (?P<v>single|married|engaged|divorced|widowed)\b",
    )
    yield _rule(
        "zodiac_sign", "cancer|leo|gemini|libra", r"\b(?:I am|I'm|she is|he is) a (?P<v>Leo|Gemini|Libra|Cancer)\b"
    )
