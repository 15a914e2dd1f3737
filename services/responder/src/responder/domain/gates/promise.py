"""Promises with a date in a reply: they become follow-ups, so that somebody keeps them (S104).

A promise is the company's word about its own doing and a time for it. What the customer is asked to
do, what is past, opening hours and mere dates are none. Plain builds are patterns; a learned judge
finds the others. The date is always arithmetic.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from responder.domain.gates.deadlines import deadline_in
from responder.domain.gates.findings import Finding, Level
from responder.domain.gates.judging import Verdict
from responder.domain.gates.language import Span, lowered, sentences
from responder.domain.gates.reply import Reply

HOUSE_ZONE = "Europe/Berlin"
"""Where "bis morgen" ends, in findings and in what is announced with a sent reply."""

Promised = tuple[str, datetime]

_OURS = re.compile(
    r"\b(?:(?:sorg|melde|schick|send|geb|ruf|prüf|klär|kümmer|liefer|tausch|erstatt|versend"
    r"|überweis|informier|antwort|sag|teil|bekomm|schau|meld|buch|schreib|hol|bring|frag|erledig"
    r"|reparier|lös|lass|komm|stell|mach|werd|könn|hab|hak|bleib|leg|nehm|reich|setz|beantwort"
    r"|lad|bestell|veranlass|behebe?|verspr|halt|forder|leit|tu|will|woll|mail|überarbeit"
    r"|reservier|tausch)\w*\s+(?:ich|wir)\b|(?:ich|wir)\s+(?:\w+\s+){0,3}?(?:melde|schick|send"
    r"|geb|ruf|prüf|klär|kümmer|liefer|tausch|erstatt|versend|überweis|informier|antwort|sag"
    r"|teil|schau|buch|schreib|hol|bring|frag|erledig|reparier|lös|lass|komm|stell|mach|werd"
    r"|könn|hak|bleib|leg|nehm|reich|setz|beantwort|lad|bestell|veranlass|beheb|verspr|halt"
    r"|forder|leit|tu|will|woll|mail|überarbeit|reservier)\w*|(?:du|ihr"
    r"|sie)\s+(?:\w+\s+){0,3}?(?:bekomm|erhält|erhalt|krieg|hast|haben|hör|find|habt|hält"
    r"|halten)\w*|(?:bekomm|erhält|erhalt|krieg|hör|hast|haben|find)\w*\s+(?:du|ihr|sie)\b"
    r"|(?:wird|werden|ist|sind|soll|sollte|kommt|kommen|trifft|geht|gehen|steht|liegt|dauert"
    r"|haben)\b(?:[^!?]{0,70})(?:geliefert|erledigt|versendet|verschickt|repariert|fertig"
    r"|bei dir|bei ihnen|in deinem|in ihrem|postfach|vor der tür|da\b|erstattet|überwiesen"
    r"|gutgeschrieben|gemeldet|melden|anrufen"
    r"|ankommen|verfügbar|behoben|gelöst|geklärt|abholbereit|bereit|ausgetauscht|zugestellt"
    r"|geschickt|raus|abgeholt|eintreffen|antworten|beantwortet|ausgezahlt|zurück\w*"
    r"|freigeschaltet|informiert|geprüft|ein\b|auf dem konto|behebt|unterwegs)|(?:mein"
    r"|unser)\w*\s+\w+\s+(?:ruft|meldet|schickt|kommt|prüft|kümmert|liefert|klärt|sendet|holt"
    r"|bringt)|(?:kolleg\w+|techniker\w*|werkstatt|händler\w*|team|kurier\w*|spedition"
    r"|monteur\w*|buchhaltung|abteilung|lager)\s+(?:\w+\s+){0,2}?(?:ruft|meldet|melden|schickt"
    r"|kommt|kommen|prüft|kümmert|liefert|klärt|sendet|holt|bringt|bringt|rufen|überweist|wird"
    r"|werden|erstattet|repariert))"
)
_NO_DEED = (
    r"(?!freu|wünsch|hoff|dank|öffn|schließ|feier|treff|hab|hatt|war|sind|bitt|versteh|bedau|wiss)"
)
_OTHERS = re.compile(
    rf"\b(?:wir|ich)\s+{_NO_DEED}\w+(?:en|e)\b|\b{_NO_DEED}\w+(?:en|e)\s+(?:wir|ich)\b"
    r"|\b(?:ruft|meldet|schickt|kommt|holt|bringt|liefert|prüft|klärt|sendet|überweist|erstattet"
    r"|repariert|rufen|melden|kommen|holen|bringen|liefern)\s+(?:sich\s+|dich\s+|sie\s+|dir\s+"
    r"|ihnen\s+|dann\s+|bei dir\s+)?(?:der|die|das|ein|eine|unser\w*|mein\w*|jemand)\b"
)
_OURS_EN = re.compile(
    r"(?:\b(?:we|i)(?:['’]ll| will| shall|['’]m going to|['’]re going to| are going to"
    r"| am going to| can| promise| aim to| expect| plan to|['’]re| are|['’]m| am)\b"
    r"|\byou(?:['’]ll| will| should) (?:\w+ )?(?:hear|get|receive|have|be|find|see)|\b(?:will"
    r"|should|is going to|are going to|['’]ll) (?:\w+ ){0,2}?(?:be|arrive|call|contact|ring|ship"
    r"|reach|email|get|reply|come|collect|deliver|send|go out|write|pick|refund|look|return"
    r"|phone|message|have|repair|fix)\b|\b(?:is|are) (?:due|scheduled|expected|planned|arriving"
    r"|leaving|shipping|going)\b|\bexpect (?:it|your|the|a|an|to hear)|\blet me get back"
    r"|\b(?:ships|arrives|leaves|comes (?:by|over|to)|calls you|collects|delivers)\b)"
)
_THEIRS = re.compile(
    r"^(?:bitte\b|schick|send(?:e|en)? (?:du|sie|uns|mir)|meld(?:e|en) (?:dich|sie|euch)"
    r"|ruf(?:e|en)? (?:uns|sie|mich)\b|please\b|let us know|send us|call us|get back to us"
    r"|reply by|tell us|sag(?:en)? (?:uns|mir|sie)|gib|geben sie|kannst du|können sie"
    r"|könnten sie|könntest du|could you|can you|would you|wenn|falls|if|sobald|once|unless"
    r"|until you)|\bbitte\b[^.!?]{0,60}\b(?:schick|send|meld|gib|geb|antwort|prüf|reich|bring"
    r"|überweis|zahl|bezahl|bestätig|lass|sag|füll|teil)\w*(?! (?:wir|ich))\b|\bdu (?:kannst"
    r"|musst|solltest|darfst)|\bsie (?:können|müssen|sollten|dürfen)\b|\byou (?:can|must|need to"
    r"|may|could|have to)\b|\b(?:müssen|musst|müsst) (?:sie|du|ihr)|\bhaben sie zeit"
    r"|\bhast du zeit|geöffnet|öffnungszeit|erreichbar|\bopen(?:ing)?\b|available (?:from|until"
    r"|between|by phone)|gilt|gültig|\bvalid\b|\bexpires?\b|läuft[^.!?]{0,30}\bab\b"
    r"|verlängern sie|garantie (?:läuft|gilt)|warranty (?:runs|ends|is valid)"
)
_PAST = re.compile(
    r"\b(?:haben|habe|hat|hast|habt|hatte|hatten|wurde|wurden|war|waren|ist"
    r"|sind)\b[^.!?,;]{0,70}\b(?:ge\w+t|ge\w+en|ver\w+t|ver\w+en|er\w+t|be\w+t|\w+iert"
    r"|\w+ge\w+(?:t|en)|überwiesen|übergeben|zugestellt|erhalten|bekommen|eingegangen"
    r"|angekommen)\b(?! (?:wird|werden|haben|sein))|\b(?:gestern|vorgestern|letzte[nrsm]?"
    r"|vergangene[nrsm]?|vorige[nrsm]?|seit|vor (?:\w+ )?(?:tagen?|wochen?|monaten?|stunden?))\b"
    r"|\b(?:yesterday|last (?:week|month|monday|tuesday|wednesday|thursday|friday|saturday"
    r"|sunday|night)|ago|since)\b|\b(?:we|i|it|you)(?:['’]ve| have| has| had)\b(?! to)|\bwas\b"
    r"|\bwere\b|\b(?:we|i) (?:\w+ly )?(?:sent|shipped|refunded|called|emailed|spoke|received"
    r"|checked|asked|ordered|got|processed|forwarded|booked|replaced|dispatched|delivered)\b"
)
_FUTURE_PASSIVE = re.compile(r"\b(?:wird|werden|soll|sollte|sollen|will|dürfte|['’]ll)\b")
# "Wir haben das bis Freitag erledigt" lies ahead, although it is a perfect.
_UNTIL = re.compile(
    r"\b(?:bis|spätestens)\b[^.!?]{0,40}\b(?:erledigt|fertig|gelöst|behoben"
    r"|geklärt)\b"
)
_NO_PROMISE = re.compile(
    r"\b(?:nicht|kein\w*|leider|not|never|won['’]t|cannot|can['’]t"
    r"|unable)\b[^.!?]{0,30}\b(?:verspr\w+|zusag\w+|garantier\w+|sagen|promise|guarantee|say"
    r"|tell|know|schaffen|möglich)"
)


def promises(text: str, verdicts: Sequence[Verdict], *, now: datetime, zone: str) -> list[Promised]:
    """What the reply promises until when: the sentence, and the end of its time in UTC.

    `now` is an aware time, `zone` an IANA name ("Europe/Berlin"); "bis morgen" ends with that day
    there. Sentences whose time has passed, or says no date, are left out.
    """
    found = _promises(text, verdicts, now=now, zone=zone)
    return [(span.text, due_at) for span, due_at in found if due_at is not None]


def promise(
    reply: Reply, verdicts: Sequence[Verdict], *, now: datetime, zone: str
) -> Iterator[Finding]:
    """`promise.dated`, a note: the reader sees what will be followed up, and when.

    `promise.undated` where somebody is promised a time that says no date: nothing follows it up.
    """
    for span, due_at in _promises(reply.text, verdicts, now=now, zone=zone):
        yield Finding(
            rule="promise.undated" if due_at is None else "promise.dated",
            level=Level.NOTE,
            start=span.start,
            end=span.end,
            message=_message(due_at, zone),
            way_out="Keep it only if somebody can keep it; name no time otherwise."
            if due_at
            else "Name a day, or an hour, if it is to be followed up.",
        )


def _message(due_at: datetime | None, zone: str) -> str:
    if due_at is None:
        return "A promise whose time says no date; it becomes no follow-up."
    local = due_at.astimezone(ZoneInfo(zone))
    return f"A promise until {local:%Y-%m-%d %H:%M}; it becomes a follow-up."


def _promises(
    text: str, verdicts: Sequence[Verdict], *, now: datetime, zone: str
) -> Iterator[tuple[Span, datetime | None]]:
    """The sentences that promise, with the end of their time if it says one that lies ahead."""
    local = now.astimezone(ZoneInfo(zone))
    judged = [verdict.start for verdict in verdicts if verdict.rule == "promise"]
    for sentence in sentences(text):
        is_judged = any(sentence.start <= start < sentence.end for start in judged)
        due = _due(sentence, local, is_judged=is_judged)
        if due is not None and due > now - timedelta(minutes=1):
            yield sentence, due
        elif due is None and is_judged:
            yield sentence, None


def _due(sentence: Span, local: datetime, *, is_judged: bool) -> datetime | None:
    """When the sentence's first promise is due: of a part that is ours in plain words, or that the
    judge takes for one."""
    said = lowered(sentence.text)
    is_plain = not said.endswith("?") and not _NO_PROMISE.search(said)
    for part in _parts(sentence):
        deadline = deadline_in(part.text, local)
        if deadline is not None and (is_judged or (is_plain and _is_ours(part.text, said))):
            day, at = deadline
            return datetime.combine(day, at or time(23, 59), local.tzinfo).astimezone(UTC)
    return None


def _parts(sentence: Span) -> list[Span]:
    """The halves at semicolons and before `und bitte`: two people's tasks in one sentence."""
    found, start = [], 0
    for cut in re.finditer(
        r";\s|,\s(?:und |but |and )?(?=bitte\b|please\b|dann\b|then\b|we['’]ll|so\b)"
        r"|\s(?:und|and)\s(?=melde\w*|wir\b|ich\b|we\b|i\b|bitte\b|please\b|schick\w*|you['’]ll)",
        lowered(sentence.text),
    ):
        found.append((start, cut.start()))
        start = cut.end()
    found.append((start, len(sentence.text)))
    return [
        Span(sentence.start + a, sentence.start + b, sentence.text[a:b]) for a, b in found if b > a
    ]


def _is_ours(part: str, sentence: str) -> bool:
    part = lowered(part)
    if _THEIRS.search(part):
        return False
    # A participle alone is past, with wird or will it lies ahead.
    if _PAST.search(part) and not (_FUTURE_PASSIVE.search(part) or _UNTIL.search(part)):
        return False
    ours = _OURS.search(part) or _OTHERS.search(part) or _OURS_EN.search(part)
    shares_subject = re.match(r"(?:melde|schick|ruf|prüf|geb|send|sag)\w*", part) is not None
    return bool(ours or (shares_subject and re.search(r"\b(?:ich|wir)\b", sentence)))
