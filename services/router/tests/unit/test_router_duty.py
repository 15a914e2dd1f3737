"""Who is on duty and who gets the turn: absences, deputies, skills, certificates (S31, S41)."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from router.domain.configuration import Configuration
from router.domain.duty import DutyBook, back_at, rota_names
from router.domain.people import deputies_of, person_or_deputy
from router.storage.configuration_document import packaged_default, parse

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
CARLA, MALTE, LENA = "motorrad|carla", "motorrad|malte", "motorrad|lena"
AGENTS = ("motorrad|anna", "motorrad|bela", "motorrad|cem", "motorrad|doro")
AWAY = {"from": "2026-03-02", "until": "2026-03-02", "reason": "ill"}


def company(*changes: tuple[str, dict[str, Any]], **more: Any) -> Configuration:
    """The Motorrad AG with some people changed, and sections replaced."""
    document = packaged_default().dumped() | more
    for person_id, change in changes:
        (person,) = [each for each in document["people"] if each["id"] == person_id]
        person.update(change)
    return parse(document).configuration(1)


def turns(configuration: Configuration, count: int, **more: Any) -> list[tuple[str, str | None]]:
    book = DutyBook(configuration, {}, NOW)
    taken = [book.turn("triage", **more) for _ in range(count)]
    return [(turn.team, turn.person.id if turn.person else None) for turn in taken]


def test_teams_take_turns_and_so_do_the_people_of_each() -> None:
    taken = turns(company(), 16)
    assert [team for team, _ in taken[:4]] == ["community_management", "social_support"] * 2
    people = Counter(person for _, person in taken)
    assert people == {CARLA: 4, MALTE: 4, **dict.fromkeys(AGENTS, 2)}


def test_half_time_gets_half_as_many_turns_as_full_time() -> None:
    people = Counter(person for _, person in turns(company((CARLA, {"capacity": 0.5})), 60))
    assert (people[CARLA], people[MALTE]) == (10, 20)


def test_who_is_away_gets_nothing_and_the_offer_says_why() -> None:
    configuration = company((CARLA, {"absences": [AWAY]}))
    book = DutyBook(configuration, {}, NOW)
    turn = book.turn("triage")
    assert turn.person is not None
    assert turn.person.id == MALTE
    (carla,) = [each for each in turn.people if each.name == CARLA]
    assert carla.why_not == "absent until 2026-03-03T00:00:00+01:00: ill"
    assert "Malte Medien has had the fewest turns" in turn.reason


def test_a_deputy_stands_in_where_the_whole_chain_before_them_is_away() -> None:
    both = company((CARLA, {"absences": [AWAY]}), (MALTE, {"absences": [AWAY]}))
    book = DutyBook(both, {}, NOW)
    turn = book.turn("triage")
    assert turn.person is not None
    assert (turn.team, turn.person.id) == ("community_management", LENA)
    assert turn.reason.endswith("stands in for Carla Community, Malte Medien.")


def test_a_team_without_anybody_is_passed_over_and_gets_it_if_all_are_without() -> None:
    gone = [(each, {"absences": [AWAY]}) for each in (CARLA, MALTE, LENA)]
    assert {team for team, _ in turns(company(*gone), 6)} == {"social_support"}
    gone += [(each, {"absences": [AWAY]}) for each in AGENTS]
    taken = turns(company(*gone), 4)
    assert taken == [("community_management", None), ("social_support", None)] * 2
    assert back_at(company(*gone), "social_support", NOW) == datetime(2026, 3, 2, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    "certificates",
    [
        [],
        [{"name": "public_replies", "from": "2026-03-03"}],
        [{"name": "public_replies", "from": "2025-01-01", "until": "2026-03-01"}],
    ],
)
def test_who_holds_no_valid_certificate_is_not_offered_anything(
    certificates: list[dict[str, str]],
) -> None:
    configuration = company((CARLA, {"certificates": certificates}))
    turn = DutyBook(configuration, {}, NOW).turn("triage")
    assert turn.person is not None
    assert turn.person.id == MALTE
    assert turn.people[0].why_not == "holds no valid certificate public_replies"


def test_skills_that_a_rule_asks_for_choose_among_the_people_and_the_teams() -> None:
    taken = turns(company(), 4, skills=frozenset({"brakes"}))
    assert taken == [("social_support", "motorrad|bela")] * 4


def test_who_was_asked_comes_again_only_after_all_others() -> None:
    book = DutyBook(company(), {}, NOW)
    asked: list[str] = []
    for _ in range(9):
        turn = book.next_person("triage", "social_support", asked=asked)
        assert turn.person is not None
        asked.append(turn.person.id)
    assert set(asked[:4]) == set(AGENTS)
    assert all(one != other for one, other in pairwise(asked))


def test_several_batches_go_on_where_the_last_one_ended() -> None:
    configuration, states = company(), {}
    taken = []
    for _ in range(8):
        turn = DutyBook(configuration, states, NOW).turn("triage")
        taken.append((turn.team, turn.person.id if turn.person else None))
    assert taken == turns(configuration, 8)
    assert set(states) == set(rota_names(configuration.rotas["triage"]))


def test_the_chain_of_deputies_ends_although_people_name_each_other() -> None:
    people = company().people
    assert [each.id for each in deputies_of(people, CARLA)] == [MALTE, LENA]
    away = company((CARLA, {"absences": [AWAY]}), (MALTE, {"absences": [AWAY]})).people
    found = person_or_deputy(away, CARLA, now=NOW)
    assert found is not None
    assert found.id == LENA
    tomorrow = person_or_deputy(away, CARLA, now=NOW + timedelta(days=1))
    assert tomorrow is not None
    assert tomorrow.id == CARLA
    assert person_or_deputy(people, "motorrad|nobody", now=NOW) is None


MORNINGS = {"week": {day: ["08:00-12:00"] for day in ("mon", "tue", "wed", "thu", "fri")}}


def test_who_works_mornings_has_duty_in_the_morning_only() -> None:
    calendars = packaged_default().dumped()["calendars"] | {"mornings": MORNINGS}
    configuration = company((CARLA, {"calendar": "mornings"}), calendars=calendars)
    carla = configuration.people[CARLA]
    assert carla.why_away(NOW) is None  # Monday, 11:00 in Berlin
    afternoon = NOW + timedelta(hours=2)
    assert carla.why_away(afternoon) == "outside their hours (mornings)"
    assert carla.back_at(afternoon) == datetime(2026, 3, 3, 7, tzinfo=UTC)
    friday = datetime(2026, 3, 6, 12, tzinfo=UTC)
    assert carla.back_at(friday) == datetime(2026, 3, 9, 7, tzinfo=UTC)


def test_who_is_ill_until_the_weekend_is_back_when_their_hours_begin_again() -> None:
    calendars = packaged_default().dumped()["calendars"] | {"mornings": MORNINGS}
    ill = {"from": "2026-03-02", "until": "2026-03-07"}
    configuration = company(
        (CARLA, {"calendar": "mornings", "absences": [ill]}), calendars=calendars
    )
    assert configuration.people[CARLA].back_at(NOW) == datetime(2026, 3, 9, 7, tzinfo=UTC)
