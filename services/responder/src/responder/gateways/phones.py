"""Telephone numbers in a text, by the numbering plans of the phonenumbers library.

The shapes are ours, because the library alone takes dates, model numbers and opening hours for
numbers; whether a number can exist is the library's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType

from responder.domain.gates.reply import Phone

_CANDIDATE = re.compile(
    r"(?<![\w.,/:#+-])(?:\+|\(\+?)?\d(?:[ \u00a0\u2009/.()–-]{0,3}\d){5,17}(?![\w]|[-/.,:]\d"
    r"|\s?(?:€|%|EUR|km))"
)
_DATE = re.compile(
    r"^\(?\d{1,2}\s?[./-]\s?\d{1,2}\s?[./-]\s?\d{2,4}|^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}"
)
_HOURS = re.compile(r"^\d{1,2}([.]\d{2})?\s?[-–]\s?\d{1,2}([.]\d{2})?$")
_AMERICAN = re.compile(r"^(?:\(\d{3}\)\s?|\d{3}[ .-])\d{3}[ .-]\d{4}$")
_CUE = re.compile(
    r"(?i)(?:tel(?:efon\w*)?|fon|phone|mobil\w*|handy\w*|ruf\w*|call|cell|mobile|rückruf\w*"
    r"|whatsapp|text|nummer|number|erreich\w*|reach|ring|dial|fax|sms|durchwahl)\b[^.!?\n]{0,30}$"
)
_OTHER_CUE = re.compile(
    r"(?i)(?:bestell|auftrag|order|rechnung|invoice|kunden|customer|artikel|teile|item|part"
    r"|serien|serial|sendung|tracking|vorgang|ticket|iban|konto|account|art\.-|modell|model"
    r"|vertrag|case|isbn|ean|fin\b|vin\b)\w*[\s.-]{0,2}(?:nummer|nr\.?|number|no\.?|id"
    r"|ref)?\W{0,3}(?:lautet|ist|is)?\W{0,3}$"
)
_SERVICE = frozenset(
    {
        PhoneNumberType.TOLL_FREE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.UAN,
    }
)
_REGIONS = ("DE", "AT", "CH", "GB")


@lru_cache(maxsize=512)
def find_phones(text: str) -> Sequence[Phone]:
    """The telephone numbers in the text, in order: German ones, and international ones."""
    found = []
    for match in _CANDIDATE.finditer(text):
        written = match.group().strip()
        before = text[max(0, match.start() - 40) : match.start()]
        if _DATE.match(written) or _HOURS.match(written) or _OTHER_CUE.search(before):
            continue
        number = _number(written, has_cue=_CUE.search(before) is not None)
        if number is not None:
            found.append(
                Phone(
                    match.start(),
                    match.end(),
                    phonenumbers.format_number(number, PhoneNumberFormat.E164),
                    phonenumbers.number_type(number) in _SERVICE,
                )
            )
    return tuple(found)


def _number(written: str, *, has_cue: bool) -> PhoneNumber | None:
    """The number, if the shape asks for one and a plan knows it; with a cue, if it is possible."""
    is_american = _AMERICAN.match(written) is not None
    has_prefix = written.lstrip("(").startswith(("+", "0"))
    if not (has_prefix or is_american or has_cue):
        return None
    regions = ("US",) if is_american and not has_prefix else _REGIONS
    parsed = [number for region in regions if (number := _parsed(written, region)) is not None]
    for number in parsed:
        if phonenumbers.is_valid_number(number):
            return number
    if has_cue and parsed and (has_prefix or is_american):
        return parsed[0] if phonenumbers.is_possible_number(parsed[0]) else None
    return None


def _parsed(written: str, region: str) -> PhoneNumber | None:
    # "+49 (0) 170 ..." is how many write it; the zero is not dialled.
    bare = (
        re.sub(r"\(\s?0\s?\)", "", written)
        if "+" in written or written.startswith("00")
        else written
    )
    try:
        return phonenumbers.parse(bare, region)
    except NumberParseException:
        return None
