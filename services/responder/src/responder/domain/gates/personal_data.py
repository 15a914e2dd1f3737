"""Personal data in a public text (S63): patterns that prove themselves, and what the case taught.

In a private reply nothing is found: there the customer's data is where it belongs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from responder.domain.gates.dates import written_dates
from responder.domain.gates.findings import Finding, Level, Policy
from responder.domain.gates.known_values import known_values
from responder.domain.gates.language import fold
from responder.domain.gates.numbers import cards, ibans, mask_pattern, vins
from responder.domain.gates.places import addresses
from responder.domain.gates.plates import plates
from responder.domain.gates.reply import PhoneFinder, Reply

Places = Iterator[tuple[int, int]]

_DOMAIN = r"[a-z0-9äöü](?:[a-z0-9äöü-]{0,60}[a-z0-9äöü])?"
_LOCAL = r"[a-z0-9äöüß](?:[\w.+%-]{0,62}[a-z0-9äöüß_])?"
_TLD = r"(?:[a-z]{2,12})"
_MAIL = re.compile(
    rf"(?i)(?<![\w.+-])({_LOCAL})\s?@\s?({_DOMAIN}(?:\.{_DOMAIN}){{0,3}}\.{_TLD})(?![\w-]|\.\w)"
)
_MAIL_HIDDEN = re.compile(
    rf"(?i)(?<![\w.+-])({_LOCAL})\s?(?:[(\[{{<]\s?(?:at|ät|aet|@|klammeraffe)\s?[)\]}}>]|\*at\*"
    rf"|_at_|-at-)\s?({_DOMAIN})(?:\."
    rf"|\s?[(\[{{<]?\s?(?:\.|dot|punkt|pkt)\s?[)\]}}>]?\s?)({_TLD})(?!\w)"
)
_MAIL_SPELLED = re.compile(
    rf"(?i)(?<![\w.+-])({_LOCAL})\s+(?:at|ät|aet|klammeraffe)\s+({_DOMAIN})(\s?\.\s?|\s+(?:dot"
    rf"|punkt|pkt)\s+)({_TLD})(?!\w)"
)
_FREE_MAIL = re.compile(
    r"(?i)^(?:g(?:oogle)?mail|web|gmx|t-online|freenet|yahoo|outlook|hotmail|icloud|posteo"
    r"|mailbox|live|aol|proton(?:mail)?|arcor|online|me)$"
)
_OFFICE = re.compile(
    r"(?i)^(?:info|service|support|kontakt|contact|hilfe|help|kunden\w*|customer\w*|office|team"
    r"|mail|presse|press|datenschutz|privacy|zentrale|hallo|hello|post|vertrieb|sales|werkstatt"
    r"|shop|bestellung|orders?|rechnung|billing|garantie|warranty|reklamation|retoure|returns?"
    r"|anfrage|social|community|noreply|no-reply|buchhaltung|versand|feedback|beschwerde"
    r"|complaints?|care|jobs|karriere|webmaster|redaktion|marketing|parts|ersatzteile)$"
)
_IS = r"(?:\s*(?:lautet|ist|is|war|was|lautete|hat|mit der|unter|und zwar))?[\s:#=.,(\"'„“]*"
_NR = r"(?:[-\s]?(?:nummern?|nrn?\.?|no\.?|num\.?|number|id|code|kennung|zeichen|ref(?:erenz)?\.?))"
_ORDER_NOUN = (
    r"(?:bestell(?:ung|ungs)?|auftrags?|order|purchase|buchungs?|booking|rechnungs?|invoice"
    r"|lieferschein|sendungs?|tracking|paket|shipment|vorgangs?|ticket|beleg|vertrags?|contract"
    r"|reservierungs?|reservation|reklamations?|retouren?|rma|fall|case|reference|referenz"
    r"|transaktions?|transaction|aktenzeichen|schadens?)"
)
_CUSTOMER_NOUN = (
    r"(?:kunden?|customer|client|mitglieds?|member(?:ship)?|konto|account|versicherten|debitoren"
    r"|personal|ausweis|passport|steuer|benutzer|user)"
)
_ORDER_CUED = re.compile(
    rf"(?i)\b{_ORDER_NOUN}{_NR}{_IS}(?P<number>[A-Z]{{0,5}}[-_/ ]?\d[\w/_-]{{2,24}})(?<![-_/])"
    rf"|\b(?:bestellung|auftrag|order|rechnung|invoice|sendung|buchung|booking|ticket|vorgang"
    rf"|vertrag|reservierung)\s*(?:(?:nr\.?|no\.?)\s*)?(?P<bare>(?:#"
    rf"|№)\s?[A-Z]{{0,4}}[-_]?\d[\w/_-]{{2,24}}|[A-Z]{{1,4}}[-_]?\d{{4,}}[\w/_-]*"
    rf"|\d{{5,}}(?:[-/]\d+)*|\d{{3,}}[-/]\d[\d/-]{{2,}})(?<![-_/])"
)
_ORDER_ALONE = re.compile(
    r"(?<![\w/-])(?:ORD|ORDER|BEST|BE|BN|BM|AU|AB|RE|RG|INV|PO|SO|MA|TK"
    r"|RMA)[-_/](?:20\d\d[-_/])?\d{4,}(?:[-/]\d+)*(?!\w)"
)
_CUSTOMER_CUED = re.compile(
    rf"(?i)\b{_CUSTOMER_NOUN}{_NR}{_IS}(?P<number>[A-Z]{{0,5}}[-_/ ]?\d[\w/_-]{{2,24}})"
    rf"(?<![-_/])|\b(?:kd\.?-?\s?nr\.?|kdnr\.?|k-nr\.?"
    rf"|kundennr\.?){_IS}(?P<bare>[A-Z]{{0,4}}-?\d[\w/-]{{2,24}})"
)
_CUSTOMER_ALONE = re.compile(r"(?<![\w/-])(?:KD|KDNR|KNR|KN|K|CUST|CU|C)[-_/]\d{5,}(?!\w)")
_BIRTH_BEFORE = re.compile(
    r"(?i)(?:geboren(?:\s+(?:bist|sind|wurde[ns]?t?))?|geb\.|geburtsdatum|geburtstag"
    r"|geburtsdaten|born|date of birth|birth ?date|birthday|d\.?o\.?b\.?|\*)\W{0,4}(?:(?:am|on"
    r"|is|ist|der|den|the|ist der|lautet|on the|mit|vom|wie angegeben|bei uns)\W{1,2}){0,3}$"
)
_BIRTH_AFTER = re.compile(
    r"(?i)^\W{0,3}(?:geboren|geb\.|als\s+(?:\w+\s+)?geburts(?:datum|tag)|as (?:your "
    r"|the )?(?:date of birth|birth ?(?:date|day)|dob))"
)

_MESSAGES = {
    "iban": "an account number (IBAN)",
    "phone": "a telephone number",
    "email": "a mail address",
    "order_number": "an order or process number",
    "customer_number": "a customer number",
    "vin": "a vehicle number",
    "plate": "a number plate",
    "address": "a postal address",
    "birth_date": "a date of birth",
    "credit_card": "a card number",
    "known_value": "something known only from private messages or the customer record",
}
_WAY_OUT = "Leave it out and say it in a private message, with a public lead-in."


def personal_data(reply: Reply, *, phones: PhoneFinder) -> Iterator[Finding]:
    """Findings `personal_data.*`, each place once: the first rule that claims it names it."""
    if not reply.is_public:
        return
    text, policy = reply.text, reply.policy
    own = [_squeezed(contact) for contact in policy.own_contacts]
    taken: list[tuple[int, int]] = []
    for name, find in _FINDERS.items():
        for start, end in sorted(find(reply, phones)):
            if any(start < b and a < end for a, b in taken):
                continue
            if name != "known_value" and any(
                _squeezed(text[start:end]) in contact for contact in own
            ):
                continue
            taken.append((start, end))
            yield Finding(
                rule=f"personal_data.{name}",
                level=Level.BLOCK,
                start=start,
                end=end,
                message=f"This says {_MESSAGES[name]} in public.",
                way_out=_WAY_OUT,
            )


def _squeezed(text: str) -> str:
    return "".join(filter(str.isalnum, fold(text)))


def mail_addresses(text: str) -> Iterator[tuple[int, int, str]]:
    """Mail addresses with their local part, also where the at sign is disguised."""
    for pattern in (_MAIL, _MAIL_HIDDEN):
        for match in pattern.finditer(text):
            yield match.start(), match.end(), match.group(1)
    for match in _MAIL_SPELLED.finditer(text):
        local, domain, dot, _ = match.groups()
        # "look at motorrad-ag.de" is no address; a name with a dot or a free mailer's domain is.
        is_spelled = not dot.strip(" ").startswith(".")
        if is_spelled or _FREE_MAIL.match(domain) or re.search(r"[._\d-]", local):
            yield match.start(), match.end(), local


def _mails(reply: Reply, _: PhoneFinder) -> Places:
    for start, end, local in mail_addresses(reply.text):
        if not _OFFICE.match(local):
            yield start, end


def _phones(reply: Reply, phones: PhoneFinder) -> Places:
    if not any(map(str.isdigit, reply.text)):
        return
    for phone in phones(reply.text):
        if not phone.is_service:
            yield phone.start, phone.end


def _numbers(
    cued: re.Pattern[str], alone: re.Pattern[str], masks: Callable[[Policy], tuple[str, ...]]
) -> Callable[[Reply, PhoneFinder], Places]:
    def find(reply: Reply, _: PhoneFinder) -> Places:
        for match in cued.finditer(reply.text):
            name = "number" if match.group("number") else "bare"
            if sum(map(str.isdigit, match.group(name))) >= 3:
                yield match.span(name)
        for match in alone.finditer(reply.text):
            yield match.span()
        for mask in masks(reply.policy):
            for match in mask_pattern(mask).finditer(reply.text):
                yield match.span()

    return find


def _birth_dates(reply: Reply, _: PhoneFinder) -> Places:
    for day in written_dates(reply.text):
        before = reply.text[max(0, day.start - 45) : day.start]
        after = reply.text[day.end : day.end + 40]
        if day.year and (_BIRTH_BEFORE.search(before) or _BIRTH_AFTER.match(after)):
            yield day.start, day.end


_FINDERS: dict[str, Callable[[Reply, PhoneFinder], Places]] = {
    "known_value": lambda reply, phones: known_values(
        reply.text, reply.known_values, phones=phones
    ),
    "iban": lambda reply, _: ibans(reply.text),
    "credit_card": lambda reply, _: cards(reply.text),
    "vin": lambda reply, _: vins(reply.text),
    "email": _mails,
    "birth_date": _birth_dates,
    "customer_number": _numbers(_CUSTOMER_CUED, _CUSTOMER_ALONE, lambda p: p.customer_formats),
    "order_number": _numbers(_ORDER_CUED, _ORDER_ALONE, lambda p: p.order_formats),
    "phone": _phones,
    "address": lambda reply, _: addresses(reply.text),
    "plate": lambda reply, _: plates(reply.text),
}
