"""What travels with a case into every other system: it comes from a social network (S43).

People there read it above everything else, because it changes how they answer: others read along.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """The post's public link and its reach, each None where nobody knows it.

    `is_free_wording_allowed`: they may write as they like, because we word it anew for the public.
    """

    link: str | None
    reach: int | None
    is_free_wording_allowed: bool


def origin_lines(origin: Origin) -> list[str]:
    """The origin as it stands in a letter or a ticket, German first."""
    lines = ["Herkunft: soziales Netzwerk (öffentlich; viele lesen die Antwort mit)"]
    if origin.link is not None:
        lines.append(f"Beitrag: {origin.link}")
    if origin.reach is not None:
        lines.append(f"Reichweite: {origin.reach}")
    if origin.is_free_wording_allowed:
        lines.append("Freie Wortwahl: ja, wir formulieren für die Öffentlichkeit neu.")
    return lines
