"""Whether a reply does something itself: what the company says it did, does or will do.

Shared by the gates that ask for substance: help simulation (S81) and pure justification (S90).
"""

from __future__ import annotations

import re

from responder.domain.gates.language import Span, clauses, lowered, sentences

_WE = r"\b(?:ich|wir|man)\b"
# Stems of German verbs with which a company does something for a customer.
_DO = (
    r"(?:ge)?(?:prüf|überprüf|check|kümmer|klär|abklär|abgeklär|geklär|aufklär|veranlass|erstatt"
    r"|storni|reservi|bestell|bestäti|buch|umgebuch|gutschreib|gutgeschrieb|gutschrift|tausch"
    r"|ausgetausch|umgetausch|ersetz|ersatz|reparie|verläng|korrigi|änder|geänder|abgeänder"
    r"|aktualisi|freischalt|freigeschalt|hinterleg|hinterlass|notier|vermerk|erfass|eröffn"
    r"|angeleg|anleg|einricht|eingericht|organisi|vereinbar|koordini|übernehm|übernomm|übernimm"
    r"|erledig|beauftrag|informier|benachrichti|recherchi|nachforsch|nachgeforsch|untersuch"
    r"|analysi|test(?:en|e|et)\b|mess(?:e|en)\b|repariert|lös(?:en|e|t)\b|gelöst|entfern|lösch"
    r"|gelösch|sperr|gesperr|entsperr|zurücksetz|zurückgesetz|freigeb|freigegeb|genehmig"
    r"|anforder|angeforder|nachforder|nachbestell|nachgeliefer|nachliefer|ausliefer|verschick"
    r"|versend|versandt|versendet|schick|gesandt|gesend|send(?:en|e|et)\b|zusend|zugesend"
    r"|zugeschick|mail(?:en|e|t)\b|überweis|überwies|zahl(?:en|e|t)\b|auszahl|bezahl|rückruf"
    r"|zurückruf|eskali|meld(?:e|en)\b|gemeldet|weiterleit|weitergeleit|weitergegeb|weitergeb"
    r"|weitergereich|weiterreich|übergeb|überreich|nachfrag|nachgefrag|nachhak|nachgehak"
    r"|angefrag|anfrag|gefragt|befrag|gesproch|telefonier|angeruf|kontaktier|angeschrieb"
    r"|nachgeschau|nachgeseh|nachschau|nachgelesen|angeschau|anschau|angeseh|dranbleib|dran\b"
    r"|nachgeh|nachgegang|verfolg|vorbereit|bereitgestell|bereitstell|zurückgeleg|zurückleg"
    r"|abhol|abgeholt|einplan|eingeplan|vormerk|vorgemerk|hol(?:e|en)\b|fehler behoben|beheb"
    r"|behoben|nachreich|nachgereich|mitgeteilt|mitteil|teil(?:e|en)\b|leit(?:e|en)\b|geb(?:e"
    r"|en)\b|frag(?:e|en)\b|ruf(?:e|en)\b|schau(?:e|en)\b|seh(?:e|en)\b|sieht|halt(?:e|en)\b"
    r"|bleib(?:e|en)\b|nehm(?:e|en)\b|erneuer|füg(?:e|en)\b|hinzugefüg|verbind|verbunden"
    r"|aufgenommen|besprech|besproch|abgestimm|abstimm|bring(?:e|en)\b|mach(?:e|en)\b|gemacht"
    r"|setz(?:e|en)\b|stell(?:e|en)\b|gestellt|such(?:e|en)\b|komm(?:e|en)\b|besuch(?:e|en)\b"
    r"|fahr(?:e|en)\b|sorg(?:e|en)\b)"
)
# Small letters after the person: Anfragen and Ersatz are things, anfragen and ersetzen are deeds.
_WE_DO = re.compile(rf"\b(?:[Ii]ch|[Ww]ir|man)\b[^.!?]{{0,120}}?\b{_DO}")
_DO_WE = re.compile(rf"\b{_DO}\w*\s+(?:\w+\s+)?{_WE}")
_PASSIVE = re.compile(
    r"\b(?:wurde|wurden|ist|sind|wird|werden)\b[^.!?]{0,80}\b(?:erstattet|storniert"
    r"|reserviert|bestellt|gebucht|gutgeschrieben|getauscht|ausgetauscht|ersetzt|repariert"
    r"|verlängert|korrigiert|geändert|aktualisiert|freigeschaltet|hinterlegt|eröffnet|angelegt"
    r"|erledigt|beauftragt|behoben|gelöst|gelöscht|entsperrt|zurückgesetzt|genehmigt|versendet"
    r"|verschickt|versandt|überwiesen|weitergeleitet|weitergegeben|unterwegs|veranlasst|vermerkt"
    r"|vorgemerkt|zurückgelegt|abgeholt|geliefert|zugestellt|geklärt|geprüft)\b"
)
# Said by everyone and doing nothing.
_EMPTY = re.compile(
    r"\b(?:nur (?:per|über|schriftlich|telefonisch|vor ort)\b|ausschließlich|verweis|bitt(?:e"
    r"|en)\b|bedauer|entschuldig|dank|versteh|empfehl|rat(?:e|en)\b"
    r"|freu|hoff|wünsch|steh(?:e|en)\b.*verfügung|könn(?:en|ten)? (?:wir "
    r"|ich )?(?:\w+ ){0,4}(?:nicht|nichts|kein)|kann (?:ich |man )?(?:\w+ ){0,4}(?:nicht|nichts"
    r"|kein)|haben (?:wir )?(?:\w+ ){0,3}kein|habe (?:ich )?(?:\w+ ){0,3}kein|nicht zuständig"
    r"|(?:sehen|schauen) wir weiter|klärt man"
    r"|dürfen (?:wir )?(?:\w+ ){0,3}(?:nicht|kein)|sind (?:wir )?(?:\w+ ){0,2}nicht"
    r"|geben (?:wir )?(?:\w+ ){0,4}(?:keine?|nicht)|nur darauf hinweis|hinweisen|weiß (?:ich"
    r"|man)|(?:nehmen|nehme) (?:wir |ich )?\w* ?(?:\w+ ){0,4}ernst|legen .*wert"
    r"|machen (?:wir )?(?:\w+ ){0,3}nicht|(?:nicht|nichts) (?:\w+ )?(?:machen|tun|prüfen|klären"
    r"|bearbeiten|helfen|sehen|sagen))"
)
# What happens only once the customer has gone elsewhere, or is the customer's to do.
_CONDITION = re.compile(
    r"^(?:damit|um\b|sobald|wenn|falls|sofern|dann|so (?:können|kann|dass|that)|dort|da\b"
    r"|so that|in order|once|when"
    r"|if|then|there|where|wo\b|ob\b|how|why|what|was\b|welche\b|die\b|der\b|das\b(?! (?:hab"
    r"|werd))|who|which)"
)
# "Das prüfen wir" is a main clause that begins with its object, no relative one.
_FRONTED = re.compile(r"^(?:das|die|den|dies\w*|da|dort)\s+\w+\s+(?:wir|ich)\b")
# Somebody of ours comes to the customer: the customer need not go anywhere.
_COMES = re.compile(
    r"\b(?:meldet|melden) sich\b[^.!?]{0,60}\b(?:bei )?(?:dir|ihnen|euch)\b"
    r"|\b(?:ruft|rufen) (?:dich|sie|euch)\b[^.!?]{0,40}\b(?:an|zurück)\b"
    r"|\b(?:hat|haben)\b[^.!?]{0,40}\b(?:notiert|zurückgelegt|reserviert|überwiesen|bestellt)\b"
    r"|\blegt (?:\w+ ){0,2}(?:zurück|bereit)\b"
    r"|\b(?:kommt|kommen) auf (?:dich|sie|euch) zu\b"
    r"|\b(?:workshop|dealer|team|colleagues?|department) will (?:contact|call|write to) you\b"
)
_EN_DO = (
    r"(?:check|look(?:ed|ing)? into|look at|forward|pass(?:ed|ing)? (?:\w+ ){0,4}(?:on|along|to)"
    r"|sen[dt]|ship|refund|cancel|reserv|order|book|replac|fix|repair|arrang|escalat|rais"
    r"|open(?:ed|ing)? (?:a|your)|updat|correct|extend|follow(?:ed|ing)? up|get back"
    r"|come back to|call(?:ed|ing)? (?:you|the|them|our)|chas|ask(?:ed|ing)? (?:the|our|them"
    r"|for)|spoke|spoken|talk(?:ed|ing)? to|investigat|process|credit|transfer|schedul|confirm"
    r"|issu(?:ed|e|ing) (?:a|you)|appl(?:y|ied)|remov|delet|reset|unlock|activat|add(?:ed|ing)?"
    r"|not(?:ed|ing) (?:it|this|your)|report|test|sort|trac(?:e|ing|ked)|track|let you know"
    r"|let the|inform|put (?:you|it|aside|in)|set (?:up|aside)|keep you|keep (?:an eye|on)|pick"
    r"|collect|deliver|dig|found|find out|review|submitted|log(?:ged|ging)|hand(?:ed|ing)? (?:it"
    r"|this|your)|waiv|chang|mov|bring|reach(?:ed|ing)? out to (?:the|our)|contact(?:ed"
    r"|ing)? (?:the|our|them|your)|take care|taken care)"
)
_EN_WE_DO = re.compile(
    r"\b(?:(?:i|we)(?:['’](?:ve|ll|m|re|d))?|i am|we are|let me|i will|we will"
    r"|our \w+ (?:has|have|is|will))"
    rf"\s+(?:\w+\s+){{0,4}}?{_EN_DO}"
)
_EN_PASSIVE = re.compile(
    r"\b(?:has|have|had|is|are|was|were|will)\s+(?:\w+\s+){0,2}?(?:been |being "
    r"|be )(?:\w+ )?(?:refunded|cancelled|canceled|reserved|ordered|booked|credited|replaced"
    r"|fixed|repaired|extended|corrected|updated|activated|opened|sent|shipped|dispatched"
    r"|forwarded|passed|escalated|resolved|unlocked|reset|issued|noted)|\bis on its way\b"
    r"|\bon its way to you\b"
)
_EN_EMPTY = re.compile(
    r"\b(?:can(?:no|['’])t|cannot|unable|unfortunately (?:we|i) (?:can|do)|not able"
    r"|don['’]t (?:have|know)|do not (?:have|know|handle)|recommend|suggest|ask you|would ask"
    r"|apologi[sz]e|sorry|understand|appreciate|refer you|hope|not responsible|no access"
    r"|won['’]t be able|advise you|encourage)\b"
)


_ARTICLE = re.compile(r"(?:die|der|das)\b")
_SUBJECT = re.compile(r"(?i)\b(?:ich|wir|we|i)\b")


def deeds(text: str) -> list[Span]:
    """The clauses in which the company does something, in order."""
    found: list[Span] = []
    for sentence in sentences(text):
        if sentence.text.endswith("?"):
            continue
        found += [
            clause
            for clause in clauses(sentence)
            if _is_deed(clause.text)
            and (not _CONDITION.match(lowered(clause.text)) or _is_main(clause, sentence))
        ]
    return found


def _is_main(clause: Span, sentence: Span) -> bool:
    """Whether it only looks like a relative clause: "Das prüfen wir", "Der Händler meldet sich"."""
    small = lowered(clause.text)
    begins = clause.start == sentence.start and _ARTICLE.match(small) is not None
    return _FRONTED.match(small) is not None or (begins and _COMES.search(small) is not None)


def _is_deed(clause: str) -> bool:
    small = lowered(clause)
    if _COMES.search(small):
        return True
    german = _WE_DO.search(clause) or _DO_WE.search(small) or _PASSIVE.search(small)
    if german and not _EMPTY.search(small):
        return True
    english = _EN_WE_DO.search(small) or _EN_PASSIVE.search(small)
    return bool(english and not _EN_EMPTY.search(small))
