"""Four eyes under everything at once (R3): several people and dispatchers on the same drafts.

Hypothesis invents who does what at the same moment, through the use cases and, past them, in SQL
with the service's own role, against the real database and a network that lies: replies alone and in
pairs, no-replies, claims, cool-offs and broken glass. Dirk holds no certificate, only Cleo leads.
After every step the ledger and the network's own log are judged by rules written here and nowhere
else. OMBUD_FULL=1 runs at least 10,000 steps.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from common.db.engine import create_engine
from common.db.unit_of_work import UnitOfWork, UnitOfWorkFactory
from common.errors import DomainError
from common.ids import new_id
from common.outbox.writer import write_outbox
from platforms import adapter as far
from platforms.adapter import Unit
from platforms.lengths import limit
from platforms.simulator.client import SimulatorAdapter
from platforms.simulator.faults import Fault, FaultPlan
from platforms.simulator.posts import PostLog
from platforms.simulator.server import Simulator
from responder.domain.content import Content
from responder.domain.drafts import Review
from responder.domain.no_reply import Decision, Disposition
from responder.domain.persons import Person
from responder.domain.words import Audience, Kind
from responder.gateways.adapted import AdaptedChannel
from responder.gateways.channel import Channels
from responder.handlers.break_glass import break_glass
from responder.handlers.decide_no_reply import NoReply, propose_no_reply
from responder.handlers.hold_draft import CoolOff, end_hold, hold_draft
from responder.handlers.let_go import release_pairs
from responder.handlers.offer_review import claim_review
from responder.handlers.review_draft import (
    Reading,
    approve_draft,
    reject_draft,
    withdraw_draft,
)
from responder.handlers.send_replies import SendReplies
from responder.handlers.settle_unknown import ReadBackReplies
from responder.handlers.submit_draft import SubmitDraft
from responder.handlers.write_draft import NewDraft, NewWording, revise_draft, write_draft
from responder.handlers.write_pair import NewPair, write_pair
from responder.storage import drafts as stored
from responder.storage.deployment_policy import DeploymentPolicy, write_policy

pytestmark = [pytest.mark.postgres, pytest.mark.slow, pytest.mark.timeout(3000)]
FULL = os.environ.get("OMBUD_FULL") == "1"
STEPS = 10_000 if FULL else 250
PEOPLE = [Person(f"dev|{name}", name.title()) for name in ("anna", "ben", "cleo", "dirk")]
FAULTS = [Fault.NONE, Fault.EFFECT_THEN_5XX, Fault.RESET_BEFORE_EFFECT, Fault.REFUSED_4XX]
VERBS = (
    *("revise", "revise", "revise", "submit", "submit", "submit", "approve", "approve", "approve"),
    *("send", "send", "reject", "withdraw", "read_back", "follow", "follow"),
    *("claim", "claim", "hold", "release", "glass"),
    *("sql_approve", "sql_dispatch", "sql_reset", "sql_glass", "sql_offer"),
)
UNCERTIFIED, LEAD = "dev|dirk", "dev|cleo"
BUDGET = timedelta(minutes=3)
NO = Decision(disposition=Disposition.NO_REPLY, has_concern=False, wants_dialogue=False)
ACTION = st.tuples(
    st.sampled_from(VERBS),
    st.sampled_from(PEOPLE),
    st.integers(0, 1),  # which of the drafts that can still change
    st.integers(0, 2),  # how many revisions behind the latest the person is
    st.sampled_from(list(Audience)),
)


class Stage:
    """The database, the network and the use cases that all machines of the test share."""

    def __init__(self, dsn: str, owner_dsn: str, folder: Path) -> None:
        self.dsn = dsn
        self.owner_dsn = owner_dsn
        self.runner = asyncio.Runner()
        self.steps = 0
        self.script: list[Fault] = []
        self.runner.run(self._open(folder))

    async def _open(self, folder: Path) -> None:
        self.engine = create_engine(self.dsn, pool_size=8, application_name="machine")
        self.units = UnitOfWorkFactory(self.engine, write_outbox)
        self.posts = PostLog(folder / "posts.jsonl")
        self.network = Simulator(self.posts, _Scripted(self.script))
        await self.network.start("127.0.0.1", 0)
        adapter = SimulatorAdapter(
            self.network.address,
            limit=limit(Unit.CODE_POINTS, 500),
            audiences=frozenset(far.Audience),
            read_back=far.ReadBack.THREAD,
            timeout=timedelta(seconds=2),
        )
        self.channel = AdaptedChannel("*", {"motorrad_ag": adapter})
        self.channels = Channels({"*": self.channel})
        self.send = SendReplies(self.units, self.channels, ids=new_id)
        self.look = ReadBackReplies(self.units, self.channels, ids=new_id)
        self.submit = SubmitDraft(self.channels, policy_for_private=Review.OPTIONAL, ids=new_id)
        self.sql = await asyncpg.create_pool(self.dsn, min_size=1, max_size=4)
        for person in PEOPLE:
            await self.sql.execute(
                "insert into person(person_id, name, teams, roles, weight, certified_from)"
                " values ($1, $2, '{support}', $3, 1, case when $4 then now() end)",
                person.id,
                person.name,
                ["lead"] if person.id == LEAD else ["agent"],
                person.id != UNCERTIFIED,
            )
        owner = create_engine(self.owner_dsn, pool_size=1, application_name="deployment")
        await write_policy(owner, DeploymentPolicy(break_glass="leads"))
        await owner.dispose()

    def close(self) -> None:
        async def end() -> None:
            await self.channel.aclose()
            await self.network.aclose()
            await self.sql.close()
            await self.engine.dispose()

        self.runner.run(end())
        self.runner.close()


class _Scripted(FaultPlan):
    def __init__(self, script: list[Fault]) -> None:
        super().__init__({}, seed=0)
        self._script = script

    def draw(self, asked: str | None) -> Fault:
        return self._script.pop(0) if self._script else Fault.NONE


@contextmanager
def refusals() -> Iterator[None]:
    """What the domain refuses is fine; an error of the database under a use case is not."""
    try:
        yield
    except DomainError:
        return


class FourEyesMachine(RuleBasedStateMachine):
    stage: ClassVar[Stage]

    def __init__(self) -> None:
        super().__init__()
        self.drafts: list[UUID] = []
        self.open: list[UUID] = []
        self.native_id = f"p-{uuid4().hex}"
        self.case_id = uuid4()
        self.stage.runner.run(
            self.stage.sql.execute(
                "insert into case_context(case_id, conversation_id, network, in_reply_to,"
                " visibility, customer_id, customer_handle, mention_texts, team, taken_up_at)"
                " values ($1, $1, 'simulated', $2, 'public', 'a1', '@karla', '{}', 'support',"
                " 'infinity')",
                self.case_id,
                self.native_id,
            )
        )

    @rule(author=st.sampled_from(PEOPLE), audience=st.sampled_from(list(Audience)))
    def write(self, author: Person, audience: Audience) -> None:
        # No precondition: what is open depends on who was faster, and Hypothesis must not see it.
        if len(self.open) < 2:
            self._write(author, audience)

    def _write(self, author: Person, audience: Audience) -> None:
        async def work() -> UUID:
            order = NewDraft(
                case_id=self.case_id, kind=Kind.ANSWER, visibility=audience, text=uuid4().hex
            )
            async with self.stage.units.begin() as uow:
                draft = await write_draft(
                    uow, order, author=author, channels=self.stage.channels, ids=new_id
                )
            return draft.draft_id

        self.stage.steps += 1
        draft_id = self.stage.runner.run(work())
        self.drafts.append(draft_id)
        self.open.append(draft_id)

    @rule(author=st.sampled_from(PEOPLE))
    def write_a_pair(self, author: Person) -> None:
        if len(self.open) < 2:
            self._begin(self._pair(author))

    async def _pair(self, author: Person) -> list[UUID]:
        order = NewPair(case_id=self.case_id, lead_in=uuid4().hex, private=uuid4().hex)
        async with self.stage.units.begin() as uow:
            pair = await write_pair(
                uow, order, author=author, channels=self.stage.channels, ids=new_id
            )
        return [pair.private.draft_id, pair.lead_in.draft_id]

    @rule(author=st.sampled_from(PEOPLE))
    def propose_not_to_answer(self, author: Person) -> None:
        async def work() -> list[UUID]:
            order = NoReply(case_id=self.case_id, decision=NO, reason="nein")
            async with self.stage.units.begin() as uow:
                draft = await propose_no_reply(
                    uow, order, author=author, channels=self.stage.channels, ids=new_id
                )
            return [draft.draft_id]

        if len(self.open) < 2:
            self._begin(work())

    def _begin(self, work: Coroutine[Any, Any, list[UUID]]) -> None:
        self.stage.steps += 1
        begun = self.stage.runner.run(work)
        self.drafts += begun
        self.open += begun

    @rule(actions=st.lists(ACTION, min_size=1, max_size=4), faults=st.lists(
        st.sampled_from(FAULTS), max_size=2))  # fmt: skip
    def all_at_once(self, actions: list[Any], faults: list[Fault]) -> None:
        if not self.open:
            self._write(PEOPLE[0], Audience.PUBLIC)
        self.stage.steps += 1
        self.stage.script[:] = faults

        async def work() -> None:
            await asyncio.gather(*(self._act(*action) for action in actions))

        self.stage.runner.run(work())

    @rule(who=st.permutations(PEOPLE), steps=st.integers(1, 5))
    def the_straight_way(self, who: list[Person], steps: int) -> None:
        """Submitted, approved, sent, or the beginning of it: a ledger that is not only refusals."""
        verbs = (("submit", who[0]), ("approve", who[1]), ("send", who[2]), ("follow", who[0]),
                 ("send", who[3]))  # fmt: skip

        async def work() -> None:
            for verb, person in verbs[:steps]:
                await self._act(verb, person, 0, 0, Audience.PUBLIC)

        if not self.open:
            self._write(who[0], Audience.PUBLIC)
        self.stage.steps += 1
        self.stage.runner.run(work())

    @rule(who=st.permutations(PEOPLE))
    def a_pair_the_straight_way(self, who: list[Person]) -> None:
        """The lead-in is the latest draft here; handing it in hands in the other half."""
        if len(self.open) < 2:
            self._begin(self._pair(who[0]))
        self._do(("submit", who[0]), ("approve", who[1]), ("send", who[2]), ("follow", who[2]),
                 ("send", who[3]))  # fmt: skip

    @rule(who=st.permutations(PEOPLE))
    def approved_and_then_rewritten(self, who: list[Person]) -> None:
        if not self.open:
            self._write(who[0], Audience.PUBLIC)
        self._do(("submit", who[0]), ("approve", who[1]), ("revise", who[2]))

    def _do(self, *steps: tuple[str, Person]) -> None:
        async def work() -> None:
            for verb, person in steps:
                await self._act(verb, person, 0, 0, Audience.PUBLIC)

        self.stage.steps += 1
        self.stage.runner.run(work())

    @invariant()
    def the_ledger_and_the_network_are_beyond_reproach(self) -> None:
        if self.drafts:
            self.stage.runner.run(self._judge())

    async def _act(
        self, verb: str, who: Person, which: int, behind: int, audience: Audience
    ) -> None:
        draft_id = self.open[-1 - which % len(self.open)]
        if verb.startswith("sql_"):
            await self._attack(verb, who, draft_id, behind)
        elif verb == "send":
            claimed = await self.stage.send.claim(3)
            await asyncio.gather(*(self.stage.send.deliver(one) for one in claimed))
        elif verb == "read_back":
            await self.stage.look()
        elif verb == "follow":
            await release_pairs(self.stage.units, ids=new_id)
        else:
            with refusals():
                await self._use_case(verb, who, draft_id, behind, audience)

    async def _use_case(
        self, verb: str, who: Person, draft_id: UUID, behind: int, audience: Audience
    ) -> None:
        async with self.stage.units.read() as connection:
            seen = await stored.get_draft(connection, draft_id)
            wordings = await stored.revisions_of(connection, draft_id)
        assert seen is not None
        read = wordings[max(0, len(wordings) - 1 - behind)]
        reading = Reading(draft_id=draft_id, revision=read.number, content_hash=read.content_hash)
        wording = NewWording(
            draft_id=draft_id,
            version=seen.version,
            text=uuid4().hex,
            visibility=audience if behind else None,
        )
        pause = CoolOff(length=timedelta(minutes=1), reason="x", by=who)
        steps: dict[str, Callable[[UnitOfWork], Awaitable[object]]] = {
            "claim": lambda uow: claim_review(uow, draft_id, reader=who, ids=new_id, budget=BUDGET),
            "hold": lambda uow: hold_draft(uow, draft_id, pause, ids=new_id),
            "release": lambda uow: end_hold(
                uow, draft_id, by=who, roles=frozenset({"lead"}), ids=new_id
            ),
            "glass": lambda uow: break_glass(uow, reading, actor=PEOPLE[2], reason="x", ids=new_id),
            "revise": lambda uow: revise_draft(uow, wording, author=who, ids=new_id),
            "submit": lambda uow: self.stage.submit(
                uow, draft_id, actor=who, asked=Review.OPTIONAL
            ),
            "approve": lambda uow: approve_draft(uow, reading, reader=who, ids=new_id),
            "reject": lambda uow: reject_draft(
                uow, draft_id, reasons=["nein"], reader=who, ids=new_id
            ),
            "withdraw": lambda uow: withdraw_draft(
                uow, draft_id, reason="x", actor=who, roles=frozenset({"lead"}), ids=new_id
            ),
        }
        async with self.stage.units.begin() as uow:
            await steps[verb](uow)

    async def _attack(self, verb: str, who: Person, draft_id: UUID, behind: int) -> None:
        """Past the use cases: whatever the database lets through must still be right."""
        statements = {
            "sql_approve": (
                "insert into approval(draft_id, revision, content_hash, actor_id, actor_name)"
                " select draft_id, revision, content_hash, $2, 'X' from revision"
                " where draft_id = $1 order by revision desc offset $3 limit 1"
            ),
            "sql_dispatch": (
                "insert into dispatch(dispatch_id, draft_id, revision, content_hash, network,"
                " idempotency_key) select gen_random_uuid(), draft_id, revision, content_hash,"
                " network, $2 || gen_random_uuid() from revision"
                " where draft_id = $1 order by revision desc offset $3 limit 1"
            ),
            "sql_reset": (
                "update dispatch set state = 'pending', platform_id = null, lease_until = null,"
                " last_error = $2 where draft_id = $1 and state <> 'pending' and $3 >= 0"
            ),
            "sql_glass": (
                "insert into break_glass(draft_id, revision, content_hash, reason, actor_id,"
                " actor_name) select draft_id, revision, content_hash, 'x', $2, 'X' from revision"
                " where draft_id = $1 order by revision desc offset $3 limit 1"
            ),
            "sql_offer": (
                "update review_offer set state = 'claimed', reviewer_id = $2, reviewer_name = 'X'"
                " where draft_id = $1 and ended_at is null and $3 >= 0"
            ),
        }
        try:
            await self.stage.sql.execute(statements[verb], draft_id, who.id, behind)
        except (
            asyncpg.IntegrityConstraintViolationError,
            asyncpg.InsufficientPrivilegeError,
        ):
            return

    async def _judge(self) -> None:
        changeable = await self.stage.sql.fetch(
            "select draft_id from draft d where draft_id = any($1) and state <> 'withdrawn'"
            " and not exists (select from dispatch p where p.draft_id = d.draft_id"
            "   and p.state in ('sending', 'sent', 'unknown')) order by created_at",
            self.drafts,
        )
        self.open = [row["draft_id"] for row in changeable]
        ledger = await self.stage.sql.fetch(
            "select p.*, r.account, r.in_reply_to, r.visibility, r.kind, r.text,"
            " a.actor_id as approver, s.review, r.details, g.actor_id as broken_by,"
            " (select bool_or(p.created_at > h.held_at and p.created_at <"
            "    coalesce(h.released_at, h.held_until)) from draft_hold h"
            "   where h.draft_id = p.draft_id and p.state <> 'failed') as left_on_hold,"
            " exists (select from dispatch q join revision w using (draft_id, revision)"
            "    join draft e using (draft_id) where e.case_id = d.case_id and q.state = 'sent'"
            "    and w.kind = 'lead_in' and q.finished_at <= coalesce(p.sending_at, now()))"
            " as is_led_in,"
            " (select array_agg(w.author_id) from revision w where w.draft_id = p.draft_id"
            "    and w.revision <= p.revision) as authors"
            " from dispatch p join draft d using (draft_id)"
            " join revision r using (draft_id, revision)"
            " left join break_glass g using (draft_id, revision)"
            " join submission s using (draft_id, revision)"
            " left join approval a on a.draft_id = p.draft_id and a.revision = p.revision"
            "   and a.content_hash = p.content_hash"
            " where p.draft_id = any($1)",
            self.drafts,
        )
        lines = {line["idempotency_key"]: line for line in ledger}
        for line in ledger:
            self._judge_line(line)
        posts = self.stage.posts.thread(self.native_id)
        keys = [post.idempotency_key for post in posts]
        assert len(keys) == len(set(keys)), "a reply was posted twice"
        texts = [post.text for post in posts]
        assert len(texts) == len(set(texts)), "a wording was posted twice"
        for post in posts:
            line = lines[post.idempotency_key]
            assert line["state"] in ("sent", "unknown"), line["state"]
            assert (post.text, post.visibility) == (line["text"], line["visibility"])

    def _judge_line(self, line: Any) -> None:
        what = Content(
            network=line["network"],
            account=line["account"],
            in_reply_to=line["in_reply_to"],
            visibility=Audience(line["visibility"]),
            kind=Kind(line["kind"]),
            text=line["text"],
            details=line["details"],
        )
        assert what.kind is not Kind.NO_REPLY, "not answering was sent"
        assert not line["left_on_hold"], "left while it cooled off"
        assert what.visibility is Audience.PUBLIC or line["is_led_in"], "private without a lead-in"
        assert what.hash == line["content_hash"]
        if line["visibility"] == "public" or line["review"] == "required":
            if line["approver"] is None:
                assert line["broken_by"] == LEAD, "sent unread"
                return
            assert line["approver"] not in line["authors"], "approved by an author"
        if line["visibility"] == "public":
            assert line["approver"] != UNCERTIFIED, "approved without a certificate"


def test_no_reply_leaves_without_a_second_person(
    service_dsn: str, admin_dsn: str, tmp_path: Path
) -> None:
    stage = Stage(service_dsn, admin_dsn, tmp_path)
    machine = type("Machine", (FourEyesMachine,), {"stage": stage})
    try:
        while stage.steps < STEPS:
            run_state_machine_as_test(
                machine,
                settings=settings(
                    max_examples=20 if FULL else 5,
                    stateful_step_count=50,
                    deadline=None,
                    suppress_health_check=list(HealthCheck),
                    database=None,
                ),
            )
        counts = stage.runner.run(
            stage.sql.fetchrow(
                "select (select count(*) from dispatch where state = 'sent') as sent,"
                " (select count(*) from dispatch where last_error like 'voided%') as voided,"
                " (select count(*) from revision where revision > 1) as edited,"
                " (select count(*) from break_glass) as broken,"
                " (select count(*) from draft_hold) as held,"
                " (select count(*) from review_offer where state = 'done') as reviewed,"
                " (select count(*) from approval join revision using (draft_id, revision)"
                "   where kind = 'no_reply') as unanswered,"
                " (select count(*) from dispatch join draft using (draft_id)"
                "   where lead_in_draft_id is not null and dispatch.state = 'sent') as paired"
            )
        )
    finally:
        stage.close()
    # A few hundred random steps need not break glass; ten thousand must.
    usual = ("sent", "voided", "edited", "reviewed", "paired")
    wanted = list(counts) if FULL else [counts[name] for name in usual]
    assert min(wanted) > 0, f"the machine must get everywhere: {counts}"
