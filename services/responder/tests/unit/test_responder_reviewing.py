"""Reviews, rota, crises, no-replies, hints, signatures and private words as pure decisions."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import ConflictError
from responder.domain.colleagues import Colleague, Reading, candidates
from responder.domain.crises import Crisis, approvers_in
from responder.domain.hints import Situation, hints_for
from responder.domain.no_reply import Decision, Disposition, require_allowed
from responder.domain.persons import Person
from responder.domain.private_words import MESSAGE, telling_parts
from responder.domain.reviews import Offer, OfferState, require_claimable
from responder.domain.rota import EMPTY, take_turn
from responder.domain.signature import Signing, initials, signed
from responder.domain.words import Audience, Kind

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=400)
ANNA, BEN = Person("dev|anna", "Anna"), Person("dev|ben", "Ben")


def colleague(name: str, **changes: object) -> Colleague:
    details = {"teams": frozenset({"a"}), "certified_from": LONG_AGO} | changes
    return Colleague(person=Person(f"dev|{name}", name), **details)  # type: ignore[arg-type]


def reading(**changes: object) -> Reading:
    details = {"team": "a", "audience": Audience.PUBLIC, "authors": frozenset({"dev|anna"})}
    return Reading(**(details | changes))  # type: ignore[arg-type]


def names(people: list[Colleague], what: Reading) -> list[str]:
    return [each.person.name for each in candidates(people, what, at=NOW)]


@given(
    weights=st.lists(st.sampled_from([0.25, 0.5, 0.75, 1.0]), min_size=1, max_size=6),
    turns=st.integers(1, 120),
)
def test_the_rota_is_fair_at_every_moment(weights: list[float], turns: int) -> None:
    people = [colleague(f"p{n}", weight=weight) for n, weight in enumerate(weights)]
    state, asked = EMPTY, Counter[str]()
    for _ in range(turns):
        chosen, state = take_turn(people, state)
        asked[chosen.person.id] += 1
    assert state.turns == asked
    for each in people:
        due = turns * each.weight / sum(weights)
        assert abs(asked[each.person.id] - due) <= 1.001


def test_who_may_be_asked() -> None:
    away = ((NOW - timedelta(hours=1), NOW + timedelta(minutes=1)),)
    over = ((NOW - timedelta(hours=2), NOW),)
    people = [
        colleague("anna"),
        colleague("ben", absences=away),
        colleague("cleo", absences=over),
        colleague("dirk", certified_from=None),
        colleague("emil", certified_from=NOW + timedelta(days=1)),
        colleague("fee", weight=0.0),
        colleague("gina", roles=frozenset({"observer"})),
        colleague("hans", teams=frozenset({"b"})),
    ]
    assert names(people, reading()) == ["cleo"]
    assert names(people, reading(already_asked=["dev|cleo"])) == ["hans"]
    assert names(people, reading(already_asked=["dev|cleo", "dev|hans"])) == ["cleo"]
    assert names(people, reading(team="b")) == ["hans"]
    assert names(people, reading(approvers=frozenset({"dev|hans"}))) == ["hans"]
    assert names(people, reading(approvers=frozenset())) == []
    assert names(people, reading(audience=Audience.PRIVATE)) == ["cleo", "dirk", "emil"]
    nobody_certified = [colleague("ida", certified_from=None)]
    assert names(nobody_certified, reading()) == ["ida"]


def test_in_a_crisis_each_switch_must_name_the_person() -> None:
    def crisis(topic: str | None, *approvers: str, is_on: bool = True) -> Crisis:
        return Crisis(
            crisis_id=uuid4(), topic=topic, is_on=is_on, approvers=frozenset(approvers),
            switched_at=NOW,
        )  # fmt: skip

    brakes, everything = crisis("brakes", "x", "y"), crisis(None, "y", "z")
    assert approvers_in([brakes], ["chain"]) is None
    assert approvers_in([brakes], ["chain", "brakes"]) == {"x", "y"}
    assert approvers_in([brakes, everything], ["brakes"]) == {"y"}
    assert approvers_in([crisis(None)], ["brakes"]) is None
    assert approvers_in([crisis(None, "x", is_on=False)], []) is None


def test_a_claim_holds_until_it_runs_out() -> None:
    offer = Offer(
        offer_id=uuid4(), draft_id=uuid4(), revision=1, round=1, reviewer=BEN,
        state=OfferState.CLAIMED, offered_at=NOW, expires_at=NOW + timedelta(minutes=3),
    )  # fmt: skip
    require_claimable(offer, BEN, at=NOW)
    require_claimable(offer, ANNA, at=offer.expires_at)
    require_claimable(None, ANNA, at=NOW)
    with pytest.raises(ConflictError) as refused:
        require_claimable(offer, ANNA, at=NOW)
    assert refused.value.code == "review_claimed"


@pytest.mark.parametrize("disposition", list(Disposition))
@pytest.mark.parametrize("has_concern", [True, False])
@pytest.mark.parametrize("wants_dialogue", [True, False])
def test_only_no_and_no_allow_a_no_reply(
    disposition: Disposition, has_concern: bool, wants_dialogue: bool
) -> None:
    decision = Decision(
        disposition=disposition, has_concern=has_concern, wants_dialogue=wants_dialogue
    )
    assert Decision.of(decision.details) == decision
    if disposition is Disposition.NO_REPLY and (has_concern or wants_dialogue):
        with pytest.raises(ConflictError):
            require_allowed(decision, offers=2, replies=1)
    else:
        require_allowed(decision, offers=2, replies=1)
    if disposition is not Disposition.NO_REPLY:
        with pytest.raises(ConflictError):
            require_allowed(decision, offers=1, replies=0)


CALM = Situation(
    customer_texts=["Die Kette meiner Tourer rasselt seit gestern laut"],
    label="service",
    mention_kind="problem",
    is_abusive=False,
    audience=12,
    turns=0,
    offers=0,
    actions=1,
)


def codes(text: str, kind: Kind = Kind.ANSWER, **changes: object) -> set[str]:
    now = Situation(**({name: getattr(CALM, name) for name in Situation.__slots__} | changes))
    return {hint.code for hint in hints_for(text, kind, Audience.PUBLIC, now)}


def test_hints_come_when_there_is_something_to_say() -> None:
    own = "Unser Monteur Jens kommt morgen früh vorbei."
    assert codes(own) == set()
    assert codes(own, turns=3) == {"no_progress"}
    assert codes(own, offers=2) == {"two_offers"}
    assert codes(own, label="non_service", mention_kind="talk") == {"amplifies"}
    assert codes(own, label="non_service", mention_kind="wish") == set()
    assert codes(own, Kind.PROGRESS, actions=0) == {"nothing_done"}
    assert codes("Deine Kette rasselt seit gestern also laut.") == {"obvious"}
    assert codes("Hast du sie schon aus- und wieder eingeschaltet?") == {"obvious"}
    assert codes("Kein Anliegen.", Kind.NO_REPLY, turns=9, offers=9) == set()


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Mia Sommer", "MS"), ("anna", "A"), ("Ann-Kathrin von Öhl", "AÖ"), ("42", ""), ("", "")],
)
def test_initials(name: str, letters: str) -> None:
    assert initials(Person("dev|x", name)) == letters


def test_a_signature_replaces_the_one_before() -> None:
    mia, tom = Person("dev|mia", "Mia Sommer"), Person("dev|tom", "Tom Winter")
    once = signed("Gern geschehen!", mia, Signing.INITIALS)
    assert once == "Gern geschehen! ^MS"
    assert signed(once, tom, Signing.INITIALS) == "Gern geschehen! ^TW"
    assert signed("2^8 ist 256", mia, Signing.NONE) == "2^8 ist 256"
    assert signed("2^8 ist 256", mia, Signing.INITIALS) == "2^8 ist 256 ^MS"


def test_what_tells_of_a_private_message() -> None:
    said = "Hallo, Bestellung B-2210-77, Tel. 0170 / 99 88 77, mia@beispiel.example, am 3. Mai. 12"
    assert set(telling_parts(MESSAGE, said)) == {
        "B-2210-77",
        "0170 / 99 88 77",
        "mia@beispiel.example",
    }
    assert telling_parts(MESSAGE, "Danke, das hat geholfen!") == ()
    assert telling_parts("name", "Mia Sommer") == ("Mia Sommer",)
    assert telling_parts("age", "34") == ()
