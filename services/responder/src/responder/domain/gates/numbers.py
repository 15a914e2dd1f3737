"""Numbers that prove themselves: IBAN (ISO 13616), cards (ISO 7812), vehicles (ISO 3779), masks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

# Length of an IBAN by country (SWIFT's registry).
IBAN_LENGTHS = {
    country: int(length)
    for length, countries in {
        "15": "NO", "16": "BE BI", "18": "DK FI FO GL NL FK SD", "19": "MK SI",
        "20": "AT BA EE KZ LT LU MN XK", "21": "CH HR LI LV", "22": "BG BH CR DE GB GE IE ME RS VA",
        "23": "AE GI IL IQ OM SO TL", "24": "AD CZ ES MD PK RO SA SE SK TN VG", "25": "LY PT ST",
        "26": "IS TR", "27": "BF CF CG CM DJ FR GA GF GN GP GR IT MC MQ MR NC PF PM RE SM TF WF YT",
        "28": "AL AZ BJ BY CI CY DO DZ GT GW HN HU KM LB MA ML NE NI PL SN SV TD TG MG MZ CV AO IR",
        "29": "BR EG PS QA UA", "30": "JO KW MU YE", "31": "MT SC", "32": "LC", "33": "RU",
    }.items()
    for country in countries.split()
}  # fmt: skip
_SOME_OF_28 = {"AO": 25, "CV": 25, "MG": 27, "MZ": 25, "IR": 26, "DJ": 27}
IBAN_LENGTHS.update(_SOME_OF_28)
_IBAN_START = re.compile(r"(?<![A-Za-z0-9])([A-Za-z]{2})[ \u00a0\u202f.-]?(\d)[ ]?(\d)")
_GAP = " \u00a0\u202f.-/"
_CARD = re.compile(r"(?<![\w.,+-])(?<![A-Z]{2}\d\d )\d(?:[ \u00a0-]?\d){12,18}(?![\w-])")
_CARD_PREFIX = re.compile(
    r"4|5[0-8]|2[2-7]|3[47]|3[0689]|35|6[0245]|1(?=\d{14}$)"  # by issuer; 1: airlines' UATP
)
_VIN = re.compile(r"(?<![A-Za-z0-9])[A-HJ-NPR-Za-hj-npr-z0-9]{17}(?![A-Za-z0-9])")
_VIN_SPACED = re.compile(
    r"(?i)(?:fin|vin|fahrgestellnummer|fahrzeug-?ident\w*|chassis number)\W{1,3}(?:lautet |ist "
    r"|is )?([A-HJ-NPR-Z0-9](?:[ -]?[A-HJ-NPR-Z0-9]){16})(?![A-Za-z0-9])"
)
_VIN_CUE = re.compile(r"(?i)\b(?:fin|vin|fahrgestell|fahrzeug-?ident|chassis)\w*\W[^.!?\n]{0,20}$")
_VIN_VALUES = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", map(int, "12345678123457923456789"), strict=True))
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


def ibans(text: str) -> Iterator[tuple[int, int]]:
    """Valid IBANs in any grouping and case (length of the country, mod 97)."""
    for match in _IBAN_START.finditer(text):
        length = IBAN_LENGTHS.get(match.group(1).upper())
        if (
            length
            and (end := _walk(text, match.start(), length))
            and is_iban(text[match.start() : end])
        ):
            yield match.start(), end


def _walk(text: str, start: int, length: int) -> int | None:
    """Where `length` letters and digits end, at most two separators between any two."""
    taken, gap, at = 0, 0, start
    while at < len(text) and taken < length:
        if text[at].isascii() and text[at].isalnum():
            taken, gap = taken + 1, 0
        elif text[at] in _GAP and gap < 2:
            gap += 1
        else:
            return None
        at += 1
    ends_there = at == len(text) or not text[at].isalnum()
    return at if taken == length and ends_there else None


def is_iban(text: str) -> bool:
    """ISO 13616: moved to the end and read as a number, it leaves 1 when divided by 97."""
    bare = "".join(filter(str.isalnum, text)).upper()
    if len(bare) != IBAN_LENGTHS.get(bare[:2]):
        return False
    return int("".join(str(int(character, 36)) for character in bare[4:] + bare[:4])) % 97 == 1


def cards(text: str) -> Iterator[tuple[int, int]]:
    """Payment cards: an issuer's prefix and the Luhn digit (ISO 7812)."""
    for match in _CARD.finditer(text):
        digits = "".join(filter(str.isdigit, match.group()))
        if len(set(digits)) > 1 and _CARD_PREFIX.match(digits) and is_luhn(digits):
            yield match.start(), match.end()


def is_luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(map(int, reversed(digits))):
        total += digit if place % 2 == 0 else sum(divmod(2 * digit, 10))
    return total % 10 == 0


def vins(text: str) -> Iterator[tuple[int, int]]:
    """Vehicle numbers (ISO 3779): 17 without I, O, Q.

    The check digit means something only in North America (first character 1 to 5). A number with
    its cue in front needs no proof, and may be spaced.
    """
    for match in _VIN_SPACED.finditer(text):
        if any(map(str.isdigit, match.group(1))):
            yield match.start(1), match.end(1)
    for match in _VIN.finditer(text):
        vin = match.group().upper()
        digits = sum(map(str.isdigit, vin))
        if not 2 <= digits <= 16:
            continue
        has_cue = _VIN_CUE.search(text[max(0, match.start() - 40) : match.start()]) is not None
        proves_itself = vin[-3:].isdigit() and (vin[0] not in "12345" or _is_checked(vin))
        if has_cue or (proves_itself and not match.group().islower()):
            yield match.start(), match.end()


def _is_checked(vin: str) -> bool:
    total = sum(
        (int(character) if character.isdigit() else _VIN_VALUES[character]) * weight
        for character, weight in zip(vin, _VIN_WEIGHTS, strict=True)
    )
    return vin[8] == "0123456789X"[total % 11]


@lru_cache(maxsize=256)
def mask_pattern(mask: str) -> re.Pattern[str]:
    """A number format as operators write it: `#` a digit, `@` a letter, the rest itself.

    Masks and not patterns: no configuration can make matching slow.
    """
    body = "".join(
        r"\d" if sign == "#" else "[A-Za-z]" if sign == "@" else re.escape(sign) for sign in mask
    )
    return re.compile(rf"(?<!\w){body}(?!\w)", re.IGNORECASE)
