"""Help simulation: a reply whose only content is a pointer elsewhere (S81, S82).

A pointer is no fault by itself. It becomes one where the reply does nothing else: no deed, no
answer, no question that brings the case on: a learned judge weighs that, and here stands where it
points. Our own private channel is not elsewhere (S62).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from responder.domain.gates.findings import Finding, Level
from responder.domain.gates.judging import Verdict, reason
from responder.domain.gates.language import Span, lowered, sentences
from responder.domain.gates.reply import Reply

_GO_DE = (
    r"(?:vorbeikommen|vorbei\b|aufsuchen|nimm|nehmen|sagen|sagt|gilt|gelten|deckt|macht das"
    r"|machen das|annehm\w*|angenommen"
    r"|regelt|übernimmt|betreut|abwickel\w*|erfolg(?:t|en)|eröffn\w*|erstell\w*|lad(?:en|e)?\b"
    r"|trag\w*|leg(?:en|e)\b|wend(?:en|e|et)|melden|melde"
    r"|meldet|kontaktier\w*|ruf(?:en|e|t)?\b|anruf\w*|anzurufen"
    r"|telefonier\w*|schreib(?:en|e|t)?\b|schick(?:en|e|t)?\b|send(?:en|e|et)\b|mail(?:en|e"
    r"|t)?\b|nutz\w*|benutz\w*|verwend\w*|füll\w*|ausfüll\w*|besuch\w*|schau(?:en|e|t)?\b"
    r"|guck\w*|seh(?:en|t)\b|les(?:en|t)\b|lies\b|klick\w*|frag(?:en|e|t)?\b|erreich\w*"
    r"|find(?:en|est|et)\b|geh(?:en sie|e)?\b|fahr(?:en|t)?\b|komm\w*|wähl\w*|richt(?:en|e|et)\b"
    r"|stell(?:en|e|t)?\b|reich(?:en|e|t)?\b|hinterlass\w*|vereinbar\w*|beantrag\w*|informier\w*"
    r"|versuch\w*|probier\w*|sprech\w*|sprich|hilft|helfen|weiterhelfen|zuständig|verantwortlich"
    r"|beantwort\w*|klär\w*|verweis\w*|bearbeit\w*|entgegen|läuft|laufen|gibt es|aufgehoben"
    r"|ansprechpartner|anlaufstelle|kümmer\w*|steht|stehen|weiß|wissen|entnehm\w*|registrier\w*"
    r"|öffne\w*|loggen?|erledig\w*|vorgesehen|da[.!]?$|verwalt\w*|halten|beantwort\w*|gibt['’]?s"
    r"|thema|sache|vergeben|vergibt"
    r"|herunterlad\w*|beraten|freuen sich|assistier\w*|start(?:en|e|et)\b|tipp(?:en|e)\b"
    r"|folg(?:en|e)\b|abgeben|einreichen|prüf\w*|besprech\w*|zu richten)"
)
_GO_EN = (
    r"(?:link in|there(?:\s|['’])i?s|drop by|stop by|pop in|take (?:that|this|it) up|cover(?:s|ed)?"
    r"|accept(?:s|ed)?|best to|give|done|made"
    r"|available|explain(?:s|ed)?|answer(?:s|ed)?|contact|call|ring|phone|dial|reach|email"
    r"|e-mail|mail|write|visit|see|check|use|fill"
    r"|complete|submit|go to|head|refer|speak|talk|ask|get in touch|find|look|click|follow|send"
    r"|try|consult|turn to|address|direct|raise|open|file|help|assist|handled?|deals?"
    r"|responsible|available|browse|read|drop|log|apply|report|take it up|happy to|best placed"
    r"|manage[ds]?|dealt|raise|something for|matter for|asking|ask|download|start|use|take"
    r"|details are|are open|switch|choose|provide[sd]?|gladly|tap|message|chat)"
)
_TARGETS: tuple[tuple[str, str], ...] = (
    (
        "hotline",
        (
            r"\w*hotline\w*|service-?nummer|servicetelefon|\w*telefon(?:nummer|isch\w*|ischen)?"
            r"|callcenter|call[- ]cent(?:er|re)|rufnummer|help ?line|phone line|(?:our"
            r"|the) phone|by phone|toll[- ]free|customer service line|service line|kundentelefon"
            r"|durchwahl|ruf\w* (?:\w+ ){0,4}bei (?:uns|ihnen|denen) an\b|our lines|phone lines"
            r"|leitungen|öffnungszeiten"
            r"|geschäftszeiten|sprechzeiten|opening hours|business hours|office hours"
            r"|during the week|bestellannahme|support line|ruf\w* (?:\w+ ){0,3}(?:dort |da "
            r"|bitte )?an\b|give (?:them|us) a (?:call|ring)|call (?:them|us|our|the)|anrufen"
        ),
    ),
    (
        "form",
        (
            r"\w*formular\w*|\w*web-?form\w*|contact form|online form|form on"
            r"|the (?:\w+ )?form\b|(?:claim"
            r"|complaint|support)s? form|ticketsystem|ticket system|\w*portal\w*"
            r"|self[- ]service|beschwerdeformular|\w+maske|ticket (?:on|at|via|through)"
            r"|ein ticket (?:auf|im|über|eröff\w*|erstell\w*)"
        ),
    ),
    (
        "email",
        (
            r"e-?mail\w*|\bmail\b|per mail|mailadresse|postfach|schriftlich\w*|in writing"
            r"|\binbox\b|per post|brief(?:lich)?|by (?:post|letter)|email address"
        ),
    ),
    (
        "link",
        (
            r"faqs?\b|hilfe-?(?:seiten?|center|bereich|forum)|help ?(?:cent(?:er|re)|pages?"
            r"|section)|web-?(?:site|seite|sites|seiten)|homepage|internet-?(?:seite|auftritt)"
            r"|startseite|link\b|https?://\S+|\bwww\.\S+|support-?(?:seite|bereich|page|site"
            r"|center)|knowledge base|wissensdatenbank|onlineshop|bedienungsanleitung"
            r"|betriebsanleitung|handbuch|\bmanual\b|\bagb\b|terms(?: and conditions)?"
            r"|\bapps?\b|forum|\bbio\b|linktree|kundenkonto|benutzerkonto|online-?konto"
            r"|account settings"
            r"|(?:your|customer) account|konto\b|self-?service|\w*chatbots?\b|\w*live-?chat\w*"
            r"|virtuelle\w* assistent\w*"
            r"|virtual assistant|whatsapp|telegram|newsletter|\w*kanal\b|anderen account"
            r"|(?:unserem|unseren|unser) account"
            r"|our (?:\w+ )?(?:account|channel|page)|online\b|im netz|im internet|blog\b"
            r"|videos?\b|youtube|"
            r"(?<![\w.])@\w{3,}|suchfunktion|search function|google|download\w*|"
            r"unseren seiten|our pages|\b[a-z0-9-]+\.(?:de|com|at|ch"
            r"|net|org|eu|co\.uk)(?:/\S*)?"
        ),
    ),
    (
        "office",
        (
            r"\w*händler\w*|vertragspartner|\w*werkstatt\w*|werkstätten|\w*abteilung\w*"
            r"|kundenservice|kundendienst|kundenbetreuung|kundencenter|service-?(?:center|team"
            r"|partner|stelle|abteilung)\w*|\w*hersteller\w*|\w*lieferant\w*|paketdienst\w*"
            r"|\w*spedition\w*|versanddienst\w*|zusteller|filiale\w*|niederlassung\w*|zentrale"
            r"|vertrieb\w*|buchhaltung|rechnungsstelle|verkäufer\w*|verkauf|versicherung\w*"
            r"|bank\b|kolleg\w*|support(?:-?team)?|fachbereich|beschwerdestelle"
            r"|schlichtungsstelle|amt\b|behörde|tüv|ansprechpartner\w*|zuständige\w* (?:stelle"
            r"|team|bereich)|andere\w* stelle|geschäft\b|laden\b|shop\b|dealer\w*|seller|vendor"
            r"|bank|reseller|workshop"
            r"|garage|manufacturer|department|customer (?:service|support|care|relations)"
            r"|support team|sales team|billing|store\b|branch|head office|courier|carrier"
            r"|supplier|retailer|colleagues|insurer|accounts team|parts desk|service desk"
            r"|help ?desk|front desk|warranty team|\w+ team\b|team\b|postanschrift|anschrift"
            r"|vor ort|direkt (?:an|bei)|\w+bot(?:e|en)\b|nachbar\w*|insurance(?: company)?"
            r"|anwalt|verbraucherzentrale"
        ),
    ),
)
_TARGET = tuple((name, re.compile(rf"(?<!\w)(?:{pattern})")) for name, pattern in _TARGETS)
_GO = re.compile(rf"(?<!\w)(?:{_GO_DE}|{_GO_EN})(?!\w)")
_CONTACT = re.compile(
    r"(?<![\w.,/-])(?:\+|0)\d[\d /()-]{5,}\d(?!\w)|[\w.+-]+\s?(?:@|\(at\)|\[at\])\s?[\w-]+\.\w+"
    r"|https?://\S+|\bwww\.\S+"
)
_OURSELVES = re.compile(
    r"(?:direktnachricht|privatnachricht|private\w* nachricht|persönliche\w* nachricht"
    r"|\bpn\b|\bdms?\b|privat\w*\b|direct message|private(?:ly)? message|messenger"
    r"|hier (?:im chat|unter)|postet? hier|\bus here\b|schreib\w* uns (?:hier|gern)|message us"
    r"|inbox us)"
)
_IMPERSONAL = re.compile(
    r"(?:nicht (?:unsere?|in unsere\w*) (?:aufgabe|zuständigkeit|bereich)"
    r"|sind wir (?:hier )?(?:leider )?(?:nicht|die falsche)|nicht der richtige ort"
    r"|falsche (?:adresse|stelle|ansprechpartner)|nicht (?:our|the right) (?:area|department"
    r"|place|channel)|wrong (?:place|department|channel|address))"
)
_MESSAGE = "This reply does nothing itself, it only points elsewhere ({target})."
_WAY_OUT = (
    "Forward it for the customer and say so, ask the department yourself, or offer a private"
    " message."
)


def bounce(reply: Reply, verdicts: Sequence[Verdict]) -> Iterator[Finding]:
    """At most one finding `bounce.*`, at the first pointer, named after where it points.

    Whether the pointer is all there is, the judge says; where no known target stands, the finding
    is `bounce.elsewhere`, at the sentence that weighed most.
    """
    judged = [verdict for verdict in verdicts if verdict.rule == "bounce"]
    if reply.kind == "no_reply" or not judged:
        return
    pointers = points_elsewhere(reply.text)
    said = judged[0]
    start, end, target = (
        (pointers[0][0].start, pointers[0][0].end, pointers[0][1])
        if pointers
        else (said.start, said.end, "elsewhere")
    )
    yield Finding(
        rule=f"bounce.{target}",
        level=Level.BLOCK,
        start=start,
        end=end,
        message=reason(_MESSAGE.format(target=target), said.words),
        way_out=_WAY_OUT,
    )


def points_elsewhere(text: str) -> list[tuple[Span, str]]:
    """Every pointer in the text with its target: what `customer_redirects` counts (S45, S82)."""
    found = ((sentence, _pointer(sentence.text)) for sentence in sentences(text))
    return [(sentence, target) for sentence, target in found if target is not None]


def _pointer(sentence: str) -> str | None:
    sentence = lowered(sentence)
    if _OURSELVES.search(sentence):
        return None
    contact = _CONTACT.search(sentence)
    go = _GO.search(sentence)
    for name, pattern in _TARGET:
        if pattern.search(sentence) and (go or contact):
            return name
    if contact is not None and (go or contact.group()[0] not in "+0"):
        return _kind_of(contact.group())
    return "office" if _IMPERSONAL.search(sentence) else None


def _kind_of(contact: str) -> str:
    if "@" in contact or "at" in contact.partition("/")[0].lower():
        return "email"
    return "hotline" if contact[0] in "+0" else "link"
