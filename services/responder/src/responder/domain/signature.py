"""Initials of whoever wrote the words, for brand accounts that show them (S102).

They are part of the text that is reviewed, hashed and sent: the customer sees what was read.
"""

from __future__ import annotations

import enum
import re

from responder.domain.persons import Person

_TAIL = re.compile(r"\s*\^[^\W\d_]{1,4}\s*\Z")


class Signing(enum.StrEnum):
    """Whether replies end with initials."""

    NONE = "none"
    INITIALS = "initials"


def initials(person: Person) -> str:
    """The first letters of first and last name, as in `MS`; of one name, its first letter."""
    words = [word for word in re.split(r"[\s\-]+", person.name) if word[:1].isalpha()]
    ends = [words[0], words[-1]] if len(words) > 1 else words
    return "".join(word[0].upper() for word in ends)


def signed(text: str, author: Person, signing: Signing) -> str:
    """The text with the author's initials at its end, instead of any that stand there."""
    letters = initials(author)
    if signing is Signing.NONE or not letters:
        return text
    return f"{_TAIL.sub('', text)} ^{letters}"
