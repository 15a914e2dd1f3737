"""Who is on duty, and to whom a case is offered (S31 to S33, S41, S42).

First the teams of the rota take turns, then the people on duty of the team whose turn it is; both
by rota.py. On duty is who holds the role, is here, and has the skills and valid certificates that
the duty asks for. For somebody who is away the first of their chain of deputies who is here stands
in, with their weight, unless they are on duty in that team anyway.

Every turn says who was considered and why it went to whom: that is stored with the offer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from router.domain.configuration import Configuration
from router.domain.people import Colleague, Needs, deputies_of
from router.domain.rota import (
    EMPTY,
    HEAVIEST,
    UNIT,
    Member,
    Rota,
    RotaState,
    start_of,
    take_turn,
)

MOST_CONSIDERED = 40
"""How many people of a big team an offer remembers: those who could get it, nearest first."""

_ASKED = "was offered this case already"


@dataclass(slots=True)
class Considered:
    """How somebody stood when a turn was taken. `why_not` is None for those who could get it.

    `served` is how many turns per weight they have had since the rota began; the least is next.
    Not frozen: placing builds a dozen for every case of a rota, and that costs four times as much.
    """

    name: str
    title: str
    weight: int
    served: float
    why_not: str | None = None
    stands_in_for: str | None = None


@dataclass(slots=True)
class Turn:
    """A turn that was taken. `person` is None where nobody of the team is on duty."""

    team: str
    person: Colleague | None
    reason: str
    teams: tuple[Considered, ...]
    people: tuple[Considered, ...]


@dataclass(frozen=True, slots=True)
class _Candidate:
    colleague: Colleague
    member: Member
    why_not: str | None
    stands_in_for: str | None = None


def rota_names(rota: Rota) -> list[str]:
    """The names of all states that turns of this rota need: its own, and one per team."""
    return [rota.name, *(people_rota(rota.name, member.name) for member in rota.members)]


def people_rota(rota: str, team: str) -> str:
    """The name under which the people of a team take turns."""
    return f"{rota}/{team}"


class DutyBook:
    """Takes turns in `states` (by name, locked), all at one moment; keeps who is here meanwhile."""

    def __init__(
        self, configuration: Configuration, states: MutableMapping[str, RotaState], now: datetime
    ) -> None:
        self._configuration = configuration
        self._states = states
        self._now = now
        self._known: dict[tuple[str, str, frozenset[str]], list[_Candidate]] = {}

    def turn(self, name: str, *, skills: frozenset[str] = frozenset()) -> Turn:
        """The next turn of a rota: a team, and one of its people on duty.

        Teams without anybody on duty are passed over, unless that goes for all of them.
        """
        rota = self._configuration.rotas[name]
        away = {
            member.name: None if self._has_somebody(rota, member.name, skills) else "nobody on duty"
            for member in rota.members
        }
        ready = [member for member in rota.members if away[member.name] is None]
        state = self._states.get(name, EMPTY)
        teams = tuple(
            Considered(m.name, m.name, m.weight, _served(m, state), away[m.name])
            for m in rota.members
        )
        team, self._states[name] = take_turn(ready or rota.members, state)
        return self._offer(rota, team, teams=teams, skills=skills, asked=())

    def next_person(
        self, name: str, team: str, *, asked: Collection[str], skills: frozenset[str] = frozenset()
    ) -> Turn:
        """Whom to offer a case of `team` next; who was asked comes again only after all others."""
        return self._offer(
            self._configuration.rotas[name], team, teams=(), skills=skills, asked=asked
        )

    def _offer(
        self,
        rota: Rota,
        team: str,
        *,
        teams: tuple[Considered, ...],
        skills: frozenset[str],
        asked: Collection[str],
    ) -> Turn:
        candidates = self._candidates(rota, team, skills)
        if asked:
            candidates = _without(candidates, asked)
        name = people_rota(rota.name, team)
        state = self._states.get(name, EMPTY)
        people = [
            Considered(
                each.member.name,
                each.colleague.name,
                each.member.weight,
                _served(each.member, state),
                each.why_not,
                each.stands_in_for,
            )
            for each in candidates
        ]
        ready = [each.member for each in candidates if each.why_not is None]
        if not ready:
            return Turn(team, None, f"Nobody of {team} is on duty.", teams, _nearest(people))
        chosen, self._states[name] = take_turn(ready, state)
        stood = next(each for each in people if each.name == chosen)
        person = self._configuration.people[chosen]
        return Turn(team, person, _reason(stood, len(ready)), teams, _nearest(people))

    def _has_somebody(self, rota: Rota, team: str, skills: frozenset[str]) -> bool:
        return any(each.why_not is None for each in self._candidates(rota, team, skills))

    def _candidates(self, rota: Rota, team: str, skills: frozenset[str]) -> list[_Candidate]:
        key = (rota.name, team, skills)
        found = self._known.get(key)
        if found is None:
            needs = Needs(rota.needs.skills | skills, rota.needs.certificates)
            found = self._known[key] = _candidates(
                self._configuration.people, _TeamDuty(rota.role, team, needs), self._now
            )
        return found


@dataclass(frozen=True, slots=True)
class _TeamDuty:
    role: str
    team: str
    needs: Needs


def back_at(configuration: Configuration, team: str, now: datetime) -> datetime | None:
    """When somebody of a team, or who may stand in, may be here again; None if nobody says so."""
    people = configuration.people
    members = [each for each in people.values() if team in each.teams]
    chain = [deputy for each in members for deputy in deputies_of(people, each.id)]
    moments = [each.back_at(now) for each in (*members, *chain)]
    return min((moment for moment in moments if moment is not None), default=None)


def _candidates(
    people: Mapping[str, Colleague], duty: _TeamDuty, now: datetime
) -> list[_Candidate]:
    """Everybody of the team who holds the role, and those who stand in for who is away."""
    own = [each for each in people.values() if duty.team in each.teams and duty.role in each.roles]
    found = {
        each.id: _Candidate(
            each,
            Member(each.id, each.weight),
            each.why_away(now) or each.why_unfit(duty.needs, now),
        )
        for each in own
    }
    for absent in own:
        if absent.why_away(now) is not None:
            _add_deputy(found, absent, _first_here(people, absent, duty, now))
    return list(found.values())


def _first_here(
    people: Mapping[str, Colleague], absent: Colleague, duty: _TeamDuty, now: datetime
) -> Colleague | None:
    return next(
        (
            deputy
            for deputy in deputies_of(people, absent.id)
            if deputy.why_away(now) is None and deputy.why_unfit(duty.needs, now) is None
        ),
        None,
    )


def _add_deputy(found: dict[str, _Candidate], absent: Colleague, deputy: Colleague | None) -> None:
    if deputy is None:
        return
    known = found.get(deputy.id)
    if known is None:
        member = Member(deputy.id, absent.weight)
        found[deputy.id] = _Candidate(deputy, member, None, absent.name)
    elif known.stands_in_for is not None:
        weight = min(known.member.weight + absent.weight, HEAVIEST)
        names = f"{known.stands_in_for}, {absent.name}"
        found[deputy.id] = _Candidate(deputy, Member(deputy.id, weight), None, names)


def _without(candidates: Sequence[_Candidate], asked: Collection[str]) -> list[_Candidate]:
    """Nobody twice, before everybody was asked once; then all but who was asked last."""
    free = [each for each in candidates if each.why_not is None]
    remaining = {each.colleague.id for each in free} - set(asked)
    if not remaining and len(free) > 1:
        remaining = {each.colleague.id for each in free} - set(list(asked)[-1:])
    elif not remaining:
        remaining = {each.colleague.id for each in free}
    return [
        each
        if each.why_not is not None or each.colleague.id in remaining
        else _Candidate(each.colleague, each.member, _ASKED, each.stands_in_for)
        for each in candidates
    ]


def _nearest(people: list[Considered]) -> tuple[Considered, ...]:
    if len(people) > MOST_CONSIDERED:
        people = sorted(people, key=lambda each: (each.why_not is not None, each.served))
    return tuple(people[:MOST_CONSIDERED])


def _served(member: Member, state: RotaState) -> float:
    return round(start_of(member, state) / UNIT, 4)


def _reason(stood: Considered, ready: int) -> str:
    share = f"{stood.title} has had the fewest turns for their weight of {ready} on duty"
    if stood.stands_in_for is None:
        return f"{share}."
    return f"{share}, and stands in for {stood.stands_in_for}."
