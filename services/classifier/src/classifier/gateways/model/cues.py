"""Dense cues of one post: how it addresses, asks, dates itself, and what it speaks of.

A cue is a small number with a name. What is listened for stands in lexicon.toml; the shape of
the text is measured here. No weights in this room.
"""

import math
import re
from collections.abc import Sequence

from classifier.gateways.model.lexicon import BRANDS, EXACT, LOOSE, WORDS, seek
from classifier.gateways.model.tokens import NUMBERED, OTHER, OWN, TIME, URL, Token

# An agent's signature at the end of a post: "/je", "^br", "-KB"; never "/cc" or "/via".
SIGNATURE = re.compile(
    r"(?:^|[\s.!?)…])(?:(?!/cc|/via)[/^~*]\s?[a-zA-ZäöüÄÖÜ]{2,3}|[-–]\s?[A-Z]{2,3}"
    r"|\^[A-Z][a-z]{2,9})"
    r"(?=\s*(?:$|\d/\d\s*$|https?:|//|/?cc\b|@\w+\s*$|\())"
)
_INDEX: dict[str, tuple[int, ...]] = {}
for _number, _words in enumerate(WORDS.values()):
    for _word in sorted(_words):
        _INDEX[_word] = (*_INDEX.get(_word, ()), _number)
NAMES: tuple[str, ...] = (
    "starts_with_own", "starts_with_other", "starts_with_handle", "leading_handles", "own",
    "others", "ends_with_own", "urls", "ends_with_url", "hashtags", "question_marks",
    "exclamations", "ellipsis", "ends_with_ellipsis", "quotes", "smiles", "frowns", "times",
    "numbers", "emoji", "tokens", "long", "capitals", "commas", "colon_early", "starts_lower",
    "numbered", "brand_words",
    *WORDS,
    *EXACT, *LOOSE, "signature",
    "dialogue", "own_and_question", "own_and_first", "first_and_failure", "first_and_matter",
    "now_and_failure", "matter_and_failure", "own_and_matter", "url_and_no_first",
)  # fmt: skip


def cues(text: str, tokens: Sequence[Token]) -> list[float]:
    """Return one number per entry of NAMES, in that order."""
    words = [t.text for t in tokens]
    shape = _shape(text, words)
    counts = [0.0] * len(WORDS)
    for word in words:
        for number in _INDEX.get(word, ()):
            counts[number] += 1.0
    low = lowered(text)
    found = [float(seek(name, p, text) is not None) for name, p in EXACT.items()]
    found += [float(seek(name, p, low) is not None) for name, p in LOOSE.items()]
    found.append(float(SIGNATURE.search(text) is not None))
    counts = [math.log1p(c) for c in counts]
    own, first = min(shape[4], 1.0), counts[0]
    by_name = dict(zip(WORDS, counts, strict=True))
    crossed = [
        1.0 if shape[2] and shape[5] == 0 else 0.0,
        own * min(shape[10], 1.0),
        own * first,
        first * by_name["failure"],
        first * by_name["matter"],
        by_name["now"] * by_name["failure"],
        by_name["matter"] * by_name["failure"],
        own * by_name["matter"],
        float(shape[7] > 0 and first == 0.0),
    ]
    return [*shape, *counts, *found, *crossed]


def lowered(text: str) -> str:
    """Lower case and straight apostrophes, every character still in its place."""
    low = text.lower().replace("’", "'")
    # Few letters grow when lowered (İ): spans would slip, so such a text stays as it is.
    return low if len(low) == len(text) else text


def _shape(text: str, words: Sequence[str]) -> list[float]:
    handles = (OWN, OTHER, NUMBERED)
    leading = 0
    while leading < len(words) and words[leading] in handles:
        leading += 1
    body = [w for w in words if w not in handles and w != URL]
    tail = next((w for w in reversed(words) if w != URL), "")
    stripped = text.rstrip()
    letters = sum(map(str.isalpha, text))
    return [
        float(bool(words) and words[0] == OWN),
        float(bool(words) and words[0] == OTHER),
        float(leading > 0),
        float(min(leading, 4)),
        float(min(words.count(OWN), 3)),
        float(min(words.count(OTHER), 4)),
        float(tail == OWN),
        float(min(words.count(URL), 3)),
        float(bool(words) and words[-1] == URL),
        float(min(text.count("#"), 6)),
        math.log1p(text.count("?")),
        math.log1p(text.count("!")),
        float("…" in words),
        float(stripped.endswith(("…", "..."))),
        float(min(words.count('"'), 4)),
        float(words.count("<smile>") > 0),
        float(words.count("<frown>") > 0),
        math.log1p(words.count(TIME)),
        math.log1p(sum([w.startswith("<n") for w in words])),
        float(bool(words) and max(words)[0] > "\u2600"),
        math.log1p(len(body)),
        float(len(text) > 180),
        sum(map(str.isupper, text)) / (letters + 1.0),
        math.log1p(text.count(",")),
        float(":" in text[:60].replace("https:", "").replace("http:", "")),
        float(next((c.islower() for c in text if c.isalpha()), False)),
        float(min(words.count(NUMBERED), 3)),
        float(min(sum([len(w) > 3 and w in BRANDS for w in words]), 3)),
    ]
