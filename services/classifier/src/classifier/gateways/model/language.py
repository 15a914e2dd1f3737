"""Tells German, English and everything else apart by common words and letters.

Short posts carry little: a post that says nothing either way gets the language of `DEFAULT`,
because customers are German first (SPEC, Policy). Scripts other than Latin are `other`.
"""

import re
from collections.abc import Sequence

from classifier.domain.labels import Language
from classifier.gateways.model.lexicon import LANGUAGE
from classifier.gateways.model.tokens import Token

DEFAULT = Language.GERMAN

_GERMAN, _ENGLISH, _ELSEWHERE = (LANGUAGE[k] for k in ("german", "english", "elsewhere"))
_OTHER_SCRIPT = re.compile(r"[\u0370-\u1eff\u2e80-\ud7ff]")
_LATIN = re.compile(r"[a-zA-ZäöüÄÖÜß]")
_UMLAUT = re.compile(r"[äöüÄÖÜß]")


def detect(text: str, tokens: Sequence[Token]) -> Language:
    """Return the language a post is most probably written in."""
    if not text.isascii():
        strange = len(_OTHER_SCRIPT.findall(text))
        if strange and strange > len(_LATIN.findall(text)):
            return Language.OTHER
    words = [t.text for t in tokens if t.text[0].isalpha()]
    distinct = set(words)
    german = len(_GERMAN & distinct) + 0.7 * bool(_UMLAUT.search(text))
    english = len(_ENGLISH & distinct)
    elsewhere = len(_ELSEWHERE & distinct)
    if elsewhere >= 2 and elsewhere > german and elsewhere > english:
        return Language.OTHER
    if german == english:
        return _by_endings(words)
    return Language.GERMAN if german > english else Language.ENGLISH


def _by_endings(words: Sequence[str]) -> Language:
    german = sum(w.endswith(("en", "ung", "lich", "isch", "keit", "bahn", "zug")) for w in words)
    english = sum(w.endswith(("ing", "ed", "ly", "tion", "ty", "ght", "ck")) for w in words)
    return Language.ENGLISH if english > german else DEFAULT
