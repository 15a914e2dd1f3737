"""The responder's decisions, without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import ConflictError, ForbiddenError, InvalidInputError, PreconditionFailedError
from common.events.vocabulary import ReplyKind, Visibility
from responder.domain import channels, dispatches, drafts
from responder.domain.channels import Capabilities, Counting, ReadBack
from responder.domain.content import Content
from responder.domain.dispatches import MAX_ATTEMPTS, Ending, Outcome, judge, next_look
from responder.domain.drafts import Draft, Refusal, Review, Revision, Step, refuse_approval
from responder.domain.persons import Person
from responder.domain.read_back import Post, find_reply
from responder.domain.words import Audience, DispatchState, DraftState, Kind

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
ANNA, BEN = Person("dev|anna", "Anna"), Person("dev|ben", "Ben")
CONTENT = Content(
    network="simulated",
    account="motorrad_ag",
    in_reply_to="p1",
    visibility=Audience.PUBLIC,
    kind=Kind.ANSWER,
    text="Wir sehen uns das gleich an, Karla.",
)
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)


def a_draft(**changes: object) -> Draft:
    revision = Revision(
        number=2, content=CONTENT, content_hash=CONTENT.hash, author=ANNA, written_at=NOW
    )
    draft = Draft(
        draft_id=UUID(int=1),
        case_id=UUID(int=2),
        conversation_id=UUID(int=3),
        state=DraftState.SUBMITTED,
        version=3,
        latest=revision,
        authors=(ANNA,),
        approver=None,
        dispatch=None,
        created_at=NOW,
        submitted_at=NOW,
    )
    return replace(draft, **changes)  # type: ignore[arg-type]


def test_the_wire_has_the_same_words() -> None:
    assert {kind.value for kind in Kind} == {kind.value for kind in ReplyKind} - {"other"}
    assert {audience.value for audience in Audience} == {word.value for word in Visibility}


@given(st.tuples(TEXTS, TEXTS, TEXTS, TEXTS), st.tuples(TEXTS, TEXTS, TEXTS, TEXTS))
def test_two_contents_share_a_hash_only_when_they_are_the_same(
    one: tuple[str, str, str, str], other: tuple[str, str, str, str]
) -> None:
    def content(fields: tuple[str, str, str, str]) -> Content:
        network, account, target, text = fields
        return replace(CONTENT, network=network, account=account, in_reply_to=target, text=text)

    assert (content(one).hash == content(other).hash) == (one == other)


def test_moving_a_letter_to_the_next_field_changes_the_hash() -> None:
    moved = replace(CONTENT, network=CONTENT.network + "m", account=CONTENT.account[1:])
    assert moved.hash != CONTENT.hash


@pytest.mark.parametrize(
    "change",
    [
        {"text": CONTENT.text + " "},
        {"account": "motorrad_ag_service"},
        {"in_reply_to": "p2"},
        {"visibility": Audience.PRIVATE},
        {"kind": Kind.HOLDING},
        {"network": "other"},
    ],
)
def test_every_field_is_part_of_the_hash(change: dict[str, object]) -> None:
    assert replace(CONTENT, **change).hash != CONTENT.hash  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("id_", "human"),
    [
        ("dev|anna", True),
        ("https://login.example|42", True),
        ("dev|service:relay", False),
        ("https://login.example|service-account-ombud", False),
        ("https://kubernetes|system:serviceaccount:ombud:router", False),
        ("anna", False),
        ("dev|", False),
        ("|anna", False),
    ],
)
def test_only_people_are_people(id_: str, human: bool) -> None:
    assert Person(id_, "Somebody").is_human is human


@pytest.mark.parametrize("step", list(Step))
@pytest.mark.parametrize("state", list(DraftState))
def test_a_step_outside_the_table_is_refused(state: DraftState, step: Step) -> None:
    draft = a_draft(state=state)
    if (state, step) in drafts.TRANSITIONS:
        assert drafts.after(draft, step) is drafts.TRANSITIONS[state, step]
    else:
        with pytest.raises(ConflictError) as refused:
            drafts.after(draft, step)
        assert refused.value.code == "illegal_step"
        assert f"the draft is {state} and cannot be " in refused.value.message
        assert refused.value.message.rpartition(": ")[2]


def test_nothing_leads_out_of_withdrawn() -> None:
    assert not [step for state, step in drafts.TRANSITIONS if state is DraftState.WITHDRAWN]


@pytest.mark.parametrize("step", [Step.REVISE, Step.WITHDRAW])
@pytest.mark.parametrize(
    "dispatch", [DispatchState.SENDING, DispatchState.SENT, DispatchState.UNKNOWN]
)
def test_what_may_be_on_its_way_cannot_be_taken_back(step: Step, dispatch: DispatchState) -> None:
    with pytest.raises(ConflictError) as refused:
        drafts.after(a_draft(state=DraftState.APPROVED, dispatch=dispatch), step)
    assert refused.value.code == "already_sent"


def test_a_second_person_may_approve_what_they_read() -> None:
    assert refuse_approval(a_draft(), BEN, revision=2, content_hash=CONTENT.hash) is None


@pytest.mark.parametrize("revision", [1, 2, 3])
def test_an_author_hears_own_text_whatever_else_is_wrong(revision: int) -> None:
    draft = a_draft(authors=(BEN, ANNA))
    for author in (ANNA, BEN, Person(ANNA.id, "Another name")):
        refusal = refuse_approval(draft, author, revision=revision, content_hash=b"?")
        assert refusal is Refusal.OWN_TEXT
        assert isinstance(drafts.refusal_error(Refusal.OWN_TEXT, draft), ForbiddenError)


def test_persons_are_told_apart_by_id_and_not_by_name() -> None:
    namesake = Person("other|anna", ANNA.name)
    assert refuse_approval(a_draft(), namesake, revision=2, content_hash=CONTENT.hash) is None


def test_another_wording_than_the_current_one_is_not_approved() -> None:
    for revision, content_hash in ((1, CONTENT.hash), (2, b"\0" * 32), (3, CONTENT.hash)):
        refusal = refuse_approval(a_draft(), BEN, revision=revision, content_hash=content_hash)
        assert refusal is Refusal.STALE_REVISION


@pytest.mark.parametrize("state", sorted(set(DraftState) - {DraftState.SUBMITTED}))
def test_only_what_is_submitted_is_approved(state: DraftState) -> None:
    draft = a_draft(state=state)
    assert (
        refuse_approval(draft, BEN, revision=2, content_hash=CONTENT.hash) is Refusal.NOT_SUBMITTED
    )


@pytest.mark.parametrize("policy", list(Review))
@pytest.mark.parametrize("asked", list(Review))
def test_public_always_needs_a_reader_private_when_somebody_wants_one(
    policy: Review, asked: Review
) -> None:
    private = replace(CONTENT, visibility=Audience.PRIVATE)
    wanted = Review.REQUIRED in (policy, asked)
    assert drafts.review_of(CONTENT, policy_for_private=policy, asked=asked) is Review.REQUIRED
    expected = Review.REQUIRED if wanted else Review.OPTIONAL
    assert drafts.review_of(private, policy_for_private=policy, asked=asked) is expected


def test_a_stale_version_is_refused() -> None:
    drafts.require_version(a_draft(), 3)
    with pytest.raises(PreconditionFailedError):
        drafts.require_version(a_draft(), 2)


def test_only_authors_and_leads_withdraw() -> None:
    drafts.require_may_withdraw(a_draft(), ANNA, roles=frozenset({"agent"}))
    drafts.require_may_withdraw(a_draft(), BEN, roles=frozenset({"lead"}))
    with pytest.raises(ForbiddenError):
        drafts.require_may_withdraw(a_draft(), BEN, roles=frozenset({"agent"}))


def test_only_a_definite_not_now_goes_back_to_pending() -> None:
    for ending in Ending:
        verdict = judge(Outcome(ending=ending), attempt=1)
        assert (verdict.state is DispatchState.PENDING) == (ending is Ending.HELD_OFF)
    assert judge(Outcome(ending=Ending.UNCLEAR), attempt=1).state is DispatchState.UNKNOWN
    assert judge(Outcome(ending=Ending.REFUSED), attempt=1).state is DispatchState.FAILED
    last = judge(Outcome(ending=Ending.HELD_OFF), attempt=MAX_ATTEMPTS)
    assert last.state is DispatchState.FAILED


def test_nothing_leaves_sent_or_failed_and_unknown_is_never_sent_again() -> None:
    table = dispatches.TRANSITIONS
    assert not table[DispatchState.SENT]
    assert not table[DispatchState.FAILED]
    assert table[DispatchState.UNKNOWN] == {DispatchState.SENT, DispatchState.FAILED}


def test_a_network_that_says_when_is_believed() -> None:
    outcome = Outcome(ending=Ending.HELD_OFF, retry_after=timedelta(seconds=90))
    assert judge(outcome, attempt=1).delay == timedelta(seconds=90)
    soon = Outcome(ending=Ending.HELD_OFF, retry_after=timedelta(0))
    assert judge(soon, attempt=3).delay == timedelta(seconds=4)


def test_looks_become_rarer_and_stay_bounded() -> None:
    pauses = [next_look(looks) for looks in range(dispatches.MAX_LOOKS)]
    assert pauses == sorted(pauses)
    assert pauses[0] == timedelta(seconds=2)
    assert pauses[-1] == timedelta(minutes=10)


CHANNEL = Capabilities(
    network="simulated",
    accounts=("motorrad_ag",),
    max_length=4,
    counting=Counting.CODE_POINTS,
    audiences=frozenset({Audience.PUBLIC}),
    read_back=ReadBack.THREAD,
)


@pytest.mark.parametrize(
    ("counting", "text", "length"),
    [
        (Counting.CODE_POINTS, "Grüße 🏍", 7),
        (Counting.UTF16_UNITS, "Grüße 🏍", 8),
        (Counting.UTF8_BYTES, "Grüße 🏍", 12),
    ],
)
def test_lengths_are_counted_as_the_network_does(
    counting: Counting, text: str, length: int
) -> None:
    assert channels.length(text, counting) == length


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"text": "12345"}, "text_too_long"),
        ({"visibility": Audience.PRIVATE}, "audience_not_offered"),
        ({"account": "somebody_else"}, "unknown_account"),
    ],
)
def test_what_the_channel_cannot_carry_is_refused(change: dict[str, object], code: str) -> None:
    fitting = replace(CONTENT, text="1234")
    channels.require_fit(fitting, CHANNEL)
    with pytest.raises(InvalidInputError) as refused:
        channels.require_fit(replace(fitting, **change), CHANNEL)  # type: ignore[arg-type]
    assert refused.value.code == code


POST = Post(
    platform_id="post-1",
    account="motorrad_ag",
    in_reply_to="p1",
    text="Wir sehen  uns das\ngleich an, Karla.",
    created_at=NOW,
)


def _found(post: Post, *, taken: frozenset[str] = frozenset()) -> Post | None:
    until = NOW + timedelta(minutes=10)
    return find_reply(CONTENT, [post], since=NOW, until=until, taken=taken)


def test_our_reply_is_found_although_the_network_changed_its_white_space() -> None:
    assert _found(POST) is POST


@pytest.mark.parametrize(
    "change",
    [
        {"account": "somebody_else"},
        {"in_reply_to": "p2"},
        {"text": "Wir sehen uns das gleich an, Karl."},
        {"created_at": NOW - timedelta(minutes=3)},
        {"created_at": NOW + timedelta(minutes=13)},
    ],
)
def test_a_post_that_differs_proves_nothing(change: dict[str, object]) -> None:
    assert _found(replace(POST, **change)) is None  # type: ignore[arg-type]


def test_a_post_proves_only_one_dispatch() -> None:
    assert _found(POST, taken=frozenset({"post-1"})) is None
