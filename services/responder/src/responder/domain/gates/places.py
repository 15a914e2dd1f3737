"""Postal addresses: a street with its number, in German and English, not every way and square."""

from __future__ import annotations

import re
from collections.abc import Iterator

_UNIT = (
    r"(?!\s?(?:km|kilometer|meter|m\b|uhr|minuten|min\b|stunden|tage|wochen|prozent|%|€|euro"
    r"|grad|°|mal\b|stück|liter|plätze|personen|h\b|x\b|\. ?[A-ZÄÖÜ]\w+ung))"
)
_NUMBER = rf"\d{{1,3}}(?:\s?[a-z]\b)?(?:\s?[-/]\s?\d{{1,3}}[a-z]?)?(?![\d.,:]\d|\d|\w){_UNIT}"
_CITY = r"(?:\s*,?\s*(?:D-)?\d{5}\s+[A-ZÄÖÜ][\wäöüß-]+(?:\s(?:am|an der|bei|im)\s[A-Z]\w+)?)?"
_COMPOUND = re.compile(
    r"(?<![\w-])(?P<name>(?:[A-ZÄÖÜ][\wäöüß]*[-\s]){0,3}[A-ZÄÖÜ][\wäöüß-]*?(?:straße|strasse"
    r"|str\.|weg|gasse|allee|platz|ring|damm|ufer|chaussee|stieg|steig|pfad|markt|winkel|kamp"
    r"|graben|berg|wall|zeile|promenade|hof|twiete|redder|bogen|stra(?:ß|ss)e))"
    rf"\s*(?P<number>{_NUMBER}){_CITY}"
)
_SEPARATE = re.compile(
    r"(?<![\w-])(?P<name>(?:(?:Am|An der|An den|Im|In der|Zum|Zur|Auf dem|Auf der|Unter den"
    r"|Hinter der|Vor dem|Bei der)\s+(?:[A-ZÄÖÜ][\wäöüß]+\s){0,1}[A-ZÄÖÜ][a-zäöüß]+"
    r"|(?:[A-ZÄÖÜ][\wäöüß.-]+[-\s]){1,3}(?:Straße|Strasse|Str\.|Allee|Weg|Gasse|Platz|Ring|Damm"
    r"|Ufer"
    rf"|Chaussee|Promenade)))\s+(?P<number>{_NUMBER}){_CITY}"
)
_ENGLISH = re.compile(
    r"(?<![\w-])(?:Flat \d+\w?,? )?\d{1,5}[a-z]?\s+(?:[A-Z][\w'’.-]+\s){1,3}(?:Street|St\.?|Road"
    r"|Rd\.?|Avenue|Ave\.?|Lane|Ln\.?|Drive|Court|Close|Crescent|Boulevard|Blvd\.?|Terrace"
    r"|Gardens|Grove|Square|Mews|Way|Place|Highway|Parkway)(?!\w)(?:,\s*[A-Z]\w+)?"
    r"|(?<![\w-])[A-Z]{1,2}\d[A-Z\d]?\s\d[ABD-HJLNP-UW-Z]{2}(?!\w)"
)
_TOWN = re.compile(
    r"(?i:wohnhaft in|wohnen in|wohnst in|wohnort|adresse|anschrift|postanschrift"
    r"|liefern (?:wir )?nach"
    r"|address)\W+(?:\w+\W+){0,4}?(?P<town>(?:D-)?\d{5}\s+[A-ZÄÖÜ][a-zäöüß-]+)"
)
# Places everybody knows, and compounds that are no streets.
_NO_STREET = re.compile(
    r"(?i)(?:nürburg|sachsen|hockenheim|lausitz|noris|salzburg|hunga?ro)ring$|(?:^"
    r"|\s)(?:red bull ring)$|(?:stell|park|sitz|arbeits|start|spiel|liege|lade|warte|speicher"
    r"|liste|tabellen|rang|stamm)platz$|(?:um|heim|rad|rechts|liefer|versand|brems|feder|hin"
    r"|rück|beschwerde|wasser|regel|ausweich|federungs|verstell|arbeits|schul|umlei|liefer"
    r"|anfahrts|dienst|feld)weg$|(?:super|bau|elektro|bike|motorrad|bahn|flug|fried|gast"
    r"|bauern)(?:markt|hof)$|(?:kolben|dichtungs?|o-|sicherungs|sprengs?|schlüssel|spreng|dicht"
    r"|simmer|felgen|zylinder)ring$|(?:^|\s)(?:auf|platz|ring|weg|markt|berg|hof|bogen)$"
    r"|frage(?:n)?bogen$|verkehrsberg$|^auf |feier"
)
_OUR_PLACE = re.compile(
    r"(?i)(?:unser\w*|our|die|the|im|in der)\s+(?:\w+\s+)?(?:filiale|werkstatt|niederlassung"
    r"|standort|geschäft|laden|store|shop|dealer\w*|branch|workshop|showroom|händler\w*|haus"
    r"|zentrale|hauptsitz|headquarters)\b[^.!?\n]{0,40}$"
)
_ON_THE_WAY = re.compile(r"(?i)(?:auf (?:dem|der|den)|im|am) (?:weg|platz|straße|ring|hof)$")
_NO_TOWN = re.compile(
    r"(?:Am|Im|Zum|Zur|In der)\s+(?:[A-Z]\w+tag|Januar|Februar|März|April|Mai|Juni|Juli|August"
    r"|September|Oktober|November|Dezember|Schnitt|Preis|Modell|Jahr|Alter|Kapitel|Punkt"
    r"|Abschnitt|Version|Schritt|Paket|Zeitraum|Laufe|Team|Gang|Vergleich|Set|Level|Umkreis"
    r"|Durchschnitt|Sommer|Winter|Herbst)"
)


def addresses(text: str) -> Iterator[tuple[int, int]]:
    """The places of addresses; the company's own houses ("unsere Filiale in der ...") are none."""
    if not any(map(str.isdigit, text)):
        return
    for pattern in (_COMPOUND, _SEPARATE):
        for match in pattern.finditer(text):
            name = match.group("name")
            if pattern is _COMPOUND and _NO_STREET.search(name):
                continue
            if _NO_TOWN.match(name) or _ON_THE_WAY.match(name):
                continue
            if not _OUR_PLACE.search(text[max(0, match.start() - 80) : match.start()]):
                yield match.span()
    for match in _ENGLISH.finditer(text):
        if not _OUR_PLACE.search(text[max(0, match.start() - 80) : match.start()]):
            yield match.span()
    for match in _TOWN.finditer(text):
        yield match.span("town")
