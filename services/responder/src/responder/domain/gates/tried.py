"""A reply that proposes what the customer has tried already (S84)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from responder.domain.gates.findings import Finding, Level
from responder.domain.gates.language import Span, are_akin, clauses, lowered, sentences, stem, words
from responder.domain.gates.remedies import REMEDIES
from responder.domain.gates.reply import Reply
from responder.domain.gates.vocabulary import GENERIC, STOPWORDS, word_list

_TRIED = re.compile(
    r"\b(?:schon|bereits|mehrfach|mehrmals|zigmal|\d+\s?(?:x|mal)|dreimal|zweimal|viermal"
    r"|fünfmal|x-mal|etliche male|ein paar ?mal|ständig|gestern|heute|vorgestern|letzte woche"
    r"|ebenfalls|ohne erfolg|erfolglos|vergeblich|vergebens|umsonst|probiert|ausprobiert"
    r"|versucht|nützt|bringt (?:auch )?nichts|hilft (?:auch )?nicht\w*|half (?:auch )?nicht\w*"
    r"|geholfen|gebracht|hab(?:e|en)? (?:ich|wir)|(?:ich|wir) hab(?:e|en)?|hab\b|auch nach|trotz"
    r"|nachdem|alles|war(?:en)? (?:ich|wir)|(?:ich|wir) war(?:en)?|ändert nichts|immer noch"
    r"|selbst nach|wurde)\b|\b(?:already|tried|trying|several times|multiple times|many times"
    r"|twice|\d+ times|three times|four times|yesterday|didn['’]t help|did not help"
    r"|doesn['’]t help|no luck|no success|without success|to no avail|no effect|no difference"
    r"|nothing (?:changed|helped|works)|still (?:not|no|doesn|won|the same|broken)|i['’]ve"
    r"|i have|i was|we['’]ve|we have|even after|despite|after (?:\w+ing)|did (?:that|all)"
    r"|have (?:done"
    r"|checked|called|reset|restarted)|didn['’]t (?:work|change|fix|do)|i (?:\w+ed|reset|did"
    r"|sent|went|took|put|cut|let|made|wrote|spoke|drove|brought|bought|rang|ran|changed)"
    r"|useless)\b"
)
_NOT_TRIED = re.compile(
    r"\b(?:noch nicht|nie|niemals|nicht probiert|nicht versucht|haven['’]t|have not|not yet"
    r"|never|soll ich|muss ich|should i|do i (?:need|have)|kann ich|can i|könnte ich|könnt ihr"
    r"|können sie|could i|would it help|würde es helfen|hilft es|was passiert wenn)\b"
)
_PROPOSES = re.compile(
    r"\b(?:bitte|versuch\w*|probier\w*|starte?n?|prüf\w*|überprüf\w*|check\w*|könn(?:test"
    r"|ten|tet)|kannst|könn(?:en|t)|würdest|würden|einfach|mal|am besten|empfehl\w*|rate\w*"
    r"|hilft|helfen|tipp|solltest?|sollten|lösung|hast du|haben sie|habt ihr|schau\w*|ruf\w*"
    r"|meld\w*|schick\w*|schreib\w*|lad\w*|lösch\w*|leer\w*|setz\w*|installier\w*"
    r"|deinstallier\w*|aktualisier\w*|wechsl\w*|tausch\w*|reinig\w*|zieh\w*|steck\w*|schalt\w*"
    r"|drück\w*|geh\w*|fahr\w*|bring\w*|füll\w*|fahrt|nimm|nehm\w*|stell\w*|dreh\w*|öffne\w*"
    r"|please|try|trying|restart|reboot|check|could you|can you|would you|have you|did you"
    r"|make sure|ensure|recommend|suggest|should|simply|just|best to|clear|reset|reinstall"
    r"|update|replace|clean|unplug|charge|call|contact|email|send|log|turn|switch|press|visit"
    r"|take|disconnect|remove|delete|download|uninstall|swap|tighten|fill|let it|why not"
    r"|how about|wie wäre)\b"
)
_OUR_DEED = re.compile(
    r"\b(?:da du|da sie|weil du|weil sie|dass du|dass sie|nachdem (?:du|sie)|obwohl (?:du"
    r"|sie)|wie du|wie sie|du hast|sie haben|since you|as you(?:['’]ve)?|you(?:['’]ve| have)"
    r"|although you|because you|that you|schon (?:versucht|probiert|gemacht|geprüft|hast|haben)"
    r"|bereits (?:versucht|probiert|gemacht|geprüft|hast|haben)|hat nichts gebracht"
    r"|nicht geholfen|nicht noch ?(?:ein)?mal|brauchst du nicht|müssen sie nicht|musst du nicht"
    r"|no need|don['’]t (?:need|have) to|instead of|anstatt|statt |(?:wir"
    r"|ich)\b.{0,40}\b(?:tausch|schick|prüf|wechs|setz|reparier|ruf|lad|stell|nehm|hol|erstatt"
    r"|schau)\w*|(?:tausch|schick|prüf|wechs|setz|reparier|ruf|lad|stell|nehm|hol|erstatt"
    r"|schau)\w* (?:wir|ich)\b|(?:we|i)(?:['’]ll| will|['’]ve| have| are|['’]re) )"
)
_LEAST_SHARED = 2


def tried(reply: Reply) -> Iterator[Finding]:
    """`tried.repeated`, at the clause that proposes it again; at most one per sentence."""
    told = already_tried(reply.customer_text) + list(reply.already_tried)
    if not told:
        return
    remedies = {name for text in told for name in remedies_in(text)}
    stems = [_stems(text) for text in told]
    for sentence in sentences(reply.text):
        # Whoever takes up that it was tried does not propose it.
        if _OUR_DEED.search(lowered(sentence.text)) and not sentence.text.endswith("?"):
            continue
        for clause in _proposals(sentence):
            again = remedies_in(clause.text) & remedies
            if again or any(_repeats(_stems(clause.text), known) for known in stems):
                yield Finding(
                    rule="tried.repeated",
                    level=Level.CONFIRM,
                    start=clause.start,
                    end=clause.end,
                    message="The customer wrote that they have tried this.",
                    way_out="Take up that it did not help, and offer the next step.",
                )
                break


def already_tried(text: str) -> list[str]:
    """The customer's sentences that tell what they tried."""
    return [
        sentence.text
        for sentence in sentences(text)
        if _TRIED.search(lowered(sentence.text))
        and not _NOT_TRIED.search(lowered(sentence.text))
        and not (sentence.text.endswith("?") and "schon" not in sentence.text.lower())
    ]


def remedies_in(text: str) -> set[str]:
    """The known remedies that the text names."""
    small = lowered(text)
    return {name for name, pattern in REMEDIES.items() if pattern.search(small)}


def _proposals(sentence: Span) -> list[Span]:
    if not _PROPOSES.search(lowered(sentence.text)):
        return []
    return [sentence] if len(sentence.text) < 90 else clauses(sentence)


def _stems(text: str) -> frozenset[str]:
    return frozenset(
        stem(word)
        for word in words(text)
        if word not in STOPWORDS and word not in GENERIC and len(word) > 3 and word not in _WEAK
    )


def _repeats(proposed: frozenset[str], known: frozenset[str]) -> bool:
    """Whether the proposal shares the thing and what is done with it."""
    shared = {a for a in proposed if any(are_akin(a, b) or _same_verb(a, b) for b in known)}
    return len(shared) >= _LEAST_SHARED and len(shared) >= 0.4 * len(proposed)


def _same_verb(one: str, other: str) -> bool:
    """Strong verbs change their vowel, prefixes move: compare what is left of them."""
    return len(one) > 3 and len(other) > 3 and _skeleton(one) == _skeleton(other)


def _skeleton(word: str) -> str:
    bare = re.sub(r"^(?:ge|ver|be|aus|ab|an|ein|um|auf|zu|nach)(?:ge)?(?=[a-z]{4})", "", word)
    return re.sub(r"[aeiou]+", "", bare) if len(bare) > 5 else bare


_WEAK = word_list(
    """bitte versuch versuche versuchen versucht probier probiere probieren probiert schon bereits
    mehrfach mehrmals nochmal
    einmal leider motorrad bike maschine roller please tried already times still könntest können
    würde funktioniert immer
    hatte wurde werden hilft geholfen gestern heute morgen erneut again something anything"""
)
