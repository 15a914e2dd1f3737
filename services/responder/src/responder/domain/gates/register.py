"""Du or Sie, German or English: as the customer writes, or as the account always does (S91-S93)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from responder.domain.gates.findings import Address, Finding, Level
from responder.domain.gates.language import language_of
from responder.domain.gates.reply import Reply
from responder.domain.gates.tone import is_abusive

_DU = re.compile(
    r"(?<!\w)(?:[Dd]u|[Dd]ir|[Dd]ich|[Dd]ein(?:e[rnms]?|s)?|[Ee]uch|[Ee]uer|[Ee]ure[rnms]?"
    r"|[Dd]u['’]s|(?:hast|bist|kannst|willst|magst|möchtest|könntest|würdest|hättest|wirst|musst"
    r"|sollst|darfst|schickst)(?:te)?(?=\W))(?!\w)"
)
# At the beginning of a clause only a request to a "du" looks like this.
_DU_IMPERATIVE = re.compile(
    r"(?:^|[.!?,:]\s+|\b[Bb]itte\s+|\b[Dd]ann\s+)(?P<verb>(?:[Ss]chick|[Ss]end|[Ss]chreib"
    r"|[Mm]eld|[Rr]uf|[Pp]robier|[Vv]ersuch|[Pp]rüf|[Ss]chau|[Gg]uck|[Nn]enn|[Gg]ib|[Ll]ad"
    r"|[Kk]lick|[Nn]imm|[Ss]ag|[Ll]ies|[Kk]omm|[Ll]ass|[Ss]tart|[Hh]alt|[Ff]üll|[Tt]eil|[Mm]ach"
    r"|[Ww]art|[Ff]rag|[Bb]ring|[Ss]tell)e?)(?:\s(?!Sie\b|wir\b|ich\b)|[,.!]|$)"
)
_SIE = re.compile(
    r"(?<!\w)(?:Ihnen|Ihre[rnms]?|(?<!^)(?<![.!?:]\s)(?<![.!?:]\s\s)(?:Sie|Ihr)(?!\s+(?:habt"
    r"|seid|könnt|wollt|wart|müsst|werdet|dürft))|Sie(?=\s+(?:\w+\s+){0,2}?(?:haben|können|sind"
    r"|möchten|werden|müssen|sollten|dürfen|könnten|wollen|erhalten|bekommen|finden|hatten"
    r"|brauchen|schreiben|wissen|waren|hätten|würden|sehen|machen|stellen|erreichen)\b)"
    r"|Ihr(?=\s+(?:[A-ZÄÖÜ]\w+|\w+es\s+[A-ZÄÖÜ]\w+)))(?!\w)"
)
_INFORMAL_CUSTOMER = re.compile(
    r"(?i)(?<!\w)(?:du|dir|dich|deine?[rnms]?|euch|euer|eure[rnms]?|(?:habt|könnt|seid|wollt"
    r"|macht|schickt|gebt|werdet|müsst|sagt|wisst|dürft|wart|hattet|könntet|würdet|hättet"
    r"|antwortet|meldet|liefert|bietet|verkauft|seht|kümmert|schafft|nehmt|kriegt|bekommt|findet"
    r"|habts)\s+ihr|ihr\s+(?:\w+\s+)?(?:habt|könnt|seid|wollt|macht|schickt|gebt|werdet|müsst"
    r"|sagt|wisst|dürft|wart|hattet|könntet|würdet|hättet|antwortet|liefert|bietet|kriegt"
    r"|bekommt|nehmt|schafft)|hast\s+du|kannst\s+du|ihr\s+leute|könnt\s+mir|leute\b)(?!\w)"
)
_FORMAL_CUSTOMER = re.compile(
    r"(?<!\w)(?:Ihnen|(?<!^)(?<![.!?:]\s)(?<![.!?:]\s\s)Ihre[rnms]?|(?:[Kk]önn\w+|[Hh]a\w+en"
    r"|[Hh]ätten|[Ww]\w+den|[Ww]ollen|[Mm]öchten|[Ss]ind|[Ss]ollten|[Mm]üssen|[Ss]\w+en"
    r"|[Gg]\w+en|[Bb]itten?|[Ll]assen|[Mm]\w+en|[Tt]un|[Aa]ntworten|[Pp]rüfen|[Nn]ehmen"
    r"|[Kk]ümmern|[Ee]rklären|[Dd]enken|[Vv]erkaufen|[Ll]iefern|[Ww]issen|[Tt]eilen|[Rr]ufen"
    r"|[Ww]arum|[Dd]ass|[Ww]enn|[Ww]ann|[Oo]b)\s+Sie\b"
    r"|(?<!^)(?<![.!?:]\s)(?<![.!?:]\s\s)Sie(?=\s|[,.!?])|Ihr(?=\s+(?:\w+es\s+)?[A-ZÄÖÜ]\w+)"
    r"|(?:können|haben|würden|hätten|sind|werden)\s+sie\s+(?:mir|uns|bitte|das|mich|denn"
    r"|eigentlich|noch))(?!\w)|(?i:sehr geehrte)"
)


def register(reply: Reply) -> Iterator[Finding]:
    """`register.du_sie`, `register.mixed` and `register.language`; none towards abuse (S92)."""
    mirrors = not (reply.customer_is_abusive or is_abusive(reply.customer_text))
    if mirrors:
        yield from _language(reply)
    if language_of(reply.text) == "en":
        return
    du, sie = _du(reply.text), _sie(reply.text)
    if du and sie:
        yield _finding("mixed", max(du, sie), "Du and Sie in one reply.", "Choose one of them.")
        return
    wanted = _wanted(reply) if mirrors else None
    if wanted is Address.DU and sie:
        yield _finding("du_sie", sie, "The customer is Du, this says Sie.", "Write Du, as they do.")
    if wanted is Address.SIE and du:
        yield _finding("du_sie", du, "The customer is Sie, this says Du.", "Write Sie, as they do.")


def _wanted(reply: Reply) -> Address | None:
    if reply.policy.address is not Address.MIRROR:
        return reply.policy.address
    return address_of(reply.customer_text)


def address_of(text: str) -> Address | None:
    """How a customer addresses the company: by count where both occur, None where neither does."""
    informal = len(_INFORMAL_CUSTOMER.findall(text))
    formal = len(_FORMAL_CUSTOMER.findall(text))
    if informal == formal:
        return None
    return Address.DU if informal > formal else Address.SIE


def _du(text: str) -> tuple[int, int] | None:
    match = _DU.search(text)
    if match:
        return match.span()
    match = _DU_IMPERATIVE.search(text)
    return match.span("verb") if match else None


def _sie(text: str) -> tuple[int, int] | None:
    match = _SIE.search(text)
    return match.span() if match else None


def _language(reply: Reply) -> Iterator[Finding]:
    theirs, ours = language_of(reply.customer_text), language_of(reply.text)
    if theirs and ours and theirs != ours:
        names = {"de": "German", "en": "English"}
        yield _finding(
            "language",
            (0, len(reply.text)),
            f"The customer writes {names[theirs]}, this is {names[ours]}.",
            f"Answer in {names[theirs]}.",
        )


def _finding(rule: str, place: tuple[int, int], message: str, way_out: str) -> Finding:
    return Finding(
        rule=f"register.{rule}",
        level=Level.CONFIRM,
        start=place[0],
        end=place[1],
        message=message,
        way_out=way_out,
    )
