"""Reviews with a clock: turns, claims, what runs out, who may, and broken glass (S57)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import orjson
import pytest

from common.db.engine import create_engine
from common.db.unit_of_work import UnitOfWorkFactory
from common.events.classifier import CrisisSwitched
from common.events.envelope import new_event
from common.events.parts import Actor, Concern, Person
from common.events.router import ConfigurationApplied
from common.ids import new_id
from common.testing.eventually import eventually
from common.timers.loop import TimerLoop
from responder.handlers.offer_review import REVIEW_TIMER, expire_reviews
from responder.handlers.record_people import record_configuration, record_crises
from responder.storage.deployment_policy import DeploymentPolicy, write_policy

pytestmark = pytest.mark.postgres
HELLO = "Hallo Karla, dein Motorrad holt unser Techniker ab und prüft die Zündung."
LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)
LEA = Actor(id="dev|lea", name="Lea")
NAMES = ("anna", "ben", "cleo", "dirk")


def colleague(name: str, **changes: Any) -> Person:
    details = {"teams": ("social_support",), "certified_from": LONG_AGO} | changes
    return Person(id=f"dev|{name}", name=name.title(), **details)


class Office:
    """A case worker's day: drafts of a case, and who is in the configuration."""

    def __init__(
        self, client: httpx.AsyncClient, token: Any, open_case: Any, units: UnitOfWorkFactory
    ) -> None:
        self.client, self.token, self.open_case, self.units = client, token, open_case, units

    async def employs(self, *people: Person) -> None:
        async with self.units.begin() as uow:
            version = int(uow.now.timestamp() * 1_000_000)
            fact = ConfigurationApplied(
                stream_id=new_id(), version=version % 2**31, actor=LEA, applied_at=uow.now,
                people=people,
            )  # fmt: skip
            await uow.connection.exec_driver_sql("delete from configuration")
            await record_configuration(
                uow, [new_event(fact, id=new_id(), subject=fact.stream_id, time=uow.now)]
            )

    async def post(self, who: str, path: str, body: Any = None, *roles: str) -> httpx.Response:
        return await self.client.post(path, json=body, headers=self.token(who, *roles))

    async def submitted(self, who: str = "anna", **case: Any) -> dict[str, Any]:
        case_id = await self.open_case(f"p-{uuid4().hex}", **case)
        body = {"kind": "answer", "visibility": "public", "text": HELLO}
        draft = (await self.post(who, f"/cases/{case_id}/drafts", body)).json()
        answer = await self.post(who, f"/drafts/{draft['draft_id']}/submit")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def decide(self, who: str, draft: dict[str, Any], *roles: str) -> httpx.Response:
        read = {name: draft["latest"][name] for name in ("revision", "content_hash")}
        return await self.post(who, f"/drafts/{draft['draft_id']}/approve", read, *roles)

    async def offer(self, draft: dict[str, Any]) -> dict[str, Any]:
        shown = await self.client.get(
            f"/drafts/{draft['draft_id']}", headers=self.token("olga", "observer")
        )
        return dict(shown.json()["offer"] or {})


@pytest.fixture
async def office(
    client: httpx.AsyncClient, token: Any, open_case: Any, units: UnitOfWorkFactory
) -> AsyncIterator[Office]:
    office = Office(client, token, open_case, units)
    yield office
    await office.employs()


async def told(admin_dsn: str, draft_id: str, type_: str) -> list[dict[str, Any]]:
    """The bodies of the events of this type that wait in the outbox for this draft."""
    connection = await asyncpg.connect(admin_dsn)
    try:
        rows = await connection.fetch(
            "select payload from responder.outbox where type = $1 order by id", type_
        )
    finally:
        await connection.close()
    bodies = [orjson.loads(row["payload"]) for row in rows]
    return [body for body in bodies if body.get("draft_id") == draft_id]


def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


async def test_without_known_people_everybody_is_asked(office: Office) -> None:
    draft = await office.submitted()
    offer = await office.offer(draft)
    assert (offer["reviewer"], offer["state"], offer["round"]) == (None, "offered", 1)
    expires = datetime.fromisoformat(offer["expires_at"])
    assert expires - datetime.fromisoformat(offer["offered_at"]) == timedelta(minutes=3)
    assert (await office.decide("ben", draft)).status_code == 200
    assert await office.offer(draft) == {}


async def test_the_rota_asks_by_weight_and_never_an_author(office: Office) -> None:
    half = {"weight": 0.5}
    await office.employs(*(colleague(n, **(half if n == "dirk" else {})) for n in NAMES))
    asked = [(await office.offer(await office.submitted("anna")))["reviewer"] for _ in range(10)]
    counts = {name: sum(each["id"] == f"dev|{name}" for each in asked) for name in NAMES}
    assert counts == {"anna": 0, "ben": 4, "cleo": 4, "dirk": 2}


async def test_who_is_away_or_uncertified_is_not_asked(office: Office) -> None:
    now = datetime.now(UTC)
    away = ((now - timedelta(hours=1), now + timedelta(hours=1)),)
    await office.employs(
        colleague("ben", absences=away),
        colleague("cleo", certified_from=None),
        colleague("dirk", teams=("community_management",)),
    )
    # Nobody of the team is left: the other team's certified colleague is asked.
    assert (await office.offer(await office.submitted()))["reviewer"]["id"] == "dev|dirk"


async def test_a_claim_holds_and_the_second_hears_who_has_it(office: Office) -> None:
    draft = await office.submitted()
    path = f"/reviews/{draft['draft_id']}/claim"
    refused(await office.post("anna", path), 403, "own_text")
    claimed = await office.post("ben", path)
    assert claimed.json()["is_mine"] is True
    again = await office.post("ben", path)
    assert again.json()["expires_at"] == claimed.json()["expires_at"]
    other = await office.post("cleo", path)
    refused(other, 409, "review_claimed")
    assert other.json()["holder"] == "Ben"
    refused(await office.decide("cleo", draft), 409, "review_claimed")
    reject = await office.post(
        "cleo", f"/drafts/{draft['draft_id']}/reject", {"reasons": ["Zu kurz.", "Bitte duzen."]}
    )
    refused(reject, 409, "review_claimed")
    assert (await office.decide("ben", draft)).status_code == 200
    refused(await office.post("cleo", path), 409, "not_submitted")


async def test_when_the_time_runs_out_the_next_is_asked_and_the_author_told(
    office: Office, units: UnitOfWorkFactory, admin_dsn: str
) -> None:
    await office.employs(*(colleague(name) for name in ("anna", "ben", "cleo")))
    draft = await office.submitted("anna")
    first = (await office.offer(draft))["reviewer"]["id"]
    late = UnitOfWorkFactory(units._engine, units._write_outbox, offset=timedelta(minutes=4))
    ring = expire_reviews(ids=new_id, budget=timedelta(minutes=3))
    loop = TimerLoop(late, {REVIEW_TIMER: ring})

    async def is_offered_on() -> bool:
        await loop.fire_due()
        return (await office.offer(draft))["round"] == 2

    await eventually(is_offered_on, within=timedelta(seconds=10))
    second = (await office.offer(draft))["reviewer"]["id"]
    assert {first, second} == {"dev|ben", "dev|cleo"}
    (expired,) = await told(admin_dsn, draft["draft_id"], "responder.review.expired.v1")
    assert expired["reviewer"]["id"] == first
    assert [author["id"] for author in expired["authors"]] == ["dev|anna"]
    offered = await told(admin_dsn, draft["draft_id"], "responder.review.offered.v1")
    assert [each["reviewer"]["id"] for each in offered] == [first, second]


async def test_an_edit_ends_the_offer_and_a_new_round_begins(office: Office) -> None:
    await office.employs(colleague("anna"), colleague("ben"))
    draft = await office.submitted()
    assert (await office.offer(draft))["reviewer"]["id"] == "dev|ben"
    path = f"/drafts/{draft['draft_id']}"
    edited = await office.client.post(
        f"{path}/revisions",
        json={"text": HELLO + " Ben"},
        headers={**office.token("ben"), "If-Match": f'"v{draft["version"]}"'},
    )
    assert edited.status_code == 201
    assert await office.offer(draft) == {}
    await office.post("ben", f"{path}/submit")
    offer = await office.offer(draft)
    assert (offer["round"], offer["reviewer"]) == (1, None)  # nobody is left who wrote none of it


async def test_public_words_pass_only_certified_readers(office: Office, service_dsn: str) -> None:
    await office.employs(colleague("ben", certified_from=None), colleague("cleo"))
    draft = await office.submitted("ben")  # in training: may draft
    other = await office.submitted("anna")
    refused(await office.decide("ben", other), 403, "not_certified")
    # The guard in the database says the same to whoever comes past the code.
    with pytest.raises(asyncpg.CheckViolationError, match="certificate"):
        await _approved_past_the_code(service_dsn, other, "ben")
    assert (await office.decide("cleo", other)).status_code == 200
    assert (await office.decide("cleo", draft)).status_code == 200


async def _approved_past_the_code(service_dsn: str, draft: dict[str, Any], reader: str) -> None:
    """An approval in SQL with the service's own role; the guards of the database may refuse it."""
    connection = await asyncpg.connect(service_dsn)
    try:
        await connection.execute(
            "insert into approval(draft_id, revision, content_hash, actor_id, actor_name)"
            " values ($1, 1, $2, $3, 'X')",
            draft["draft_id"],
            bytes.fromhex(draft["latest"]["content_hash"]),
            f"dev|{reader}",
        )
    finally:
        await connection.close()


async def test_words_approved_past_the_code_can_be_rewritten_and_read_anew(
    office: Office, service_dsn: str
) -> None:
    await office.employs(colleague("ben"), colleague("cleo"))
    draft = await office.submitted()
    path = f"/drafts/{draft['draft_id']}"
    await _approved_past_the_code(service_dsn, draft, "ben")
    shown = await office.client.get(path, headers=office.token("anna"))
    edited = await office.client.post(
        f"{path}/revisions",
        json={"text": HELLO + " Heute noch."},
        headers={**office.token("anna"), "If-Match": shown.headers["ETag"]},
    )
    assert edited.status_code == 201, edited.text
    submitted = await office.post("anna", f"{path}/submit")
    assert submitted.status_code == 200, submitted.text
    assert (await office.offer(draft))["round"] == 1


async def test_in_a_crisis_only_named_people_approve(
    office: Office, units: UnitOfWorkFactory, service_dsn: str
) -> None:
    brakes = await office.submitted(concerns=(Concern(topic="brakes", text="Bremse"),))
    other = await office.submitted()
    switch = {"stream_id": new_id(), "crisis_id": new_id(), "topic": "brakes", "actor": LEA}

    async def switched(*, is_on: bool) -> None:
        async with units.begin() as uow:
            fact = CrisisSwitched(
                **switch, is_on=is_on, reason="Rueckruf", switched_at=uow.now,
                approvers=("dev|cleo",),
            )  # fmt: skip
            event = new_event(fact, id=new_id(), subject=fact.crisis_id, time=uow.now)
            await record_crises(uow, [event])

    await switched(is_on=True)
    refused(await office.decide("ben", brakes), 403, "not_named")
    with pytest.raises(asyncpg.CheckViolationError, match="crisis"):
        await _approved_past_the_code(service_dsn, brakes, "ben")
    assert (await office.decide("ben", other)).status_code == 200
    assert (await office.decide("cleo", brakes)).status_code == 200
    await switched(is_on=False)


async def test_another_team_s_drafts_are_not_there(
    office: Office, token: Callable[..., dict[str, str]]
) -> None:
    draft = await office.submitted()
    stranger = token("ida", teams=("community_management",))
    path = f"/drafts/{draft['draft_id']}"
    for answer in (
        await office.client.get(path, headers=stranger),
        await office.client.post(f"{path}/submit", headers=stranger),
        await office.client.post(f"{path}/withdraw", json={"reason": "x"}, headers=stranger),
        await office.client.post(f"/reviews/{draft['draft_id']}/claim", headers=stranger),
        await office.client.post(
            f"/cases/{draft['case_id']}/drafts",
            json={"kind": "answer", "visibility": "public", "text": HELLO},
            headers=stranger,
        ),
    ):
        refused(answer, 404, "not_found")
    seen = await office.client.get("/reviews?limit=200", headers=stranger)
    assert seen.json()["items"] == []
    listed = await office.client.get(f"/drafts?case_id={draft['case_id']}", headers=stranger)
    assert listed.json()["items"] == []
    lead = token("lea", "lead", teams=())
    assert (await office.client.get(path, headers=lead)).status_code == 200


async def test_each_time_glass_was_broken_is_looked_at(office: Office, admin_dsn: str) -> None:
    draft = await office.submitted()
    path = f"/drafts/{draft['draft_id']}"
    lead = office.token("lea", "lead")
    owner = create_engine(admin_dsn, pool_size=1, application_name="deployment")
    await write_policy(owner, DeploymentPolicy(break_glass="leads"))
    try:
        for text in (draft["latest"]["text"] + " Lea", ""):
            read = {name: draft["latest"][name] for name in ("revision", "content_hash")}
            body = {**read, "reason": "Rueckruf, und niemand sonst ist da."}
            sent = await office.post("lea", f"{path}/break-glass", body, "lead")
            assert sent.status_code == 200, sent.text
            if text:
                seen = {**lead, "If-Match": sent.headers["etag"]}
                await office.client.post(f"{path}/revisions", json={"text": text}, headers=seen)
                draft = (await office.post("anna", f"{path}/submit")).json()
    finally:
        await write_policy(owner, DeploymentPolicy())
        await owner.dispose()
    review = f"/break-glass/{draft['draft_id']}/review"
    looks = [await office.post("lutz", review, {"finding": "Gut."}, "lead") for _ in range(3)]
    assert [look.json().get("revision") for look in looks] == [1, 2, None]
    refused(looks[-1], 409, "already_reviewed")
    assert (await office.client.get("/break-glass", headers=lead)).json()["items"] == []


async def test_glass_is_broken_only_where_the_deployment_says_so(
    office: Office, admin_dsn: str, service_dsn: str
) -> None:
    draft = await office.submitted()
    path = f"/drafts/{draft['draft_id']}/break-glass"
    read = {name: draft["latest"][name] for name in ("revision", "content_hash")}
    body = {**read, "reason": "Rueckruf, und niemand sonst ist da."}
    assert (await office.post("anna", path, body)).status_code == 403
    refused(await office.post("lea", path, body, "lead"), 403, "break_glass_off")
    service = await asyncpg.connect(service_dsn)
    break_it = (
        "insert into break_glass(draft_id, revision, content_hash, reason, actor_id, actor_name)"
        " select draft_id, revision, content_hash, 'x', 'dev|lea', 'Lea' from revision"
    )
    for statement in (break_it, "update deployment_policy set break_glass = 'leads'"):
        with pytest.raises((asyncpg.CheckViolationError, asyncpg.InsufficientPrivilegeError)):
            await service.execute(statement)
    await service.close()

    owner = create_engine(admin_dsn, pool_size=1, application_name="deployment")
    await write_policy(owner, DeploymentPolicy(break_glass="leads"))
    try:
        sent = await office.post("lea", path, body, "lead")
    finally:
        await write_policy(owner, DeploymentPolicy())
        await owner.dispose()
    assert (sent.status_code, sent.json()["state"]) == (200, "approved"), sent.text
    assert len(await told(admin_dsn, draft["draft_id"], "responder.break_glass.used.v1")) == 1

    lead = office.token("lea", "lead")
    open_ = (await office.client.get("/break-glass", headers=lead)).json()["items"]
    assert [use["draft_id"] for use in open_] == [draft["draft_id"]]
    review = f"/break-glass/{draft['draft_id']}/review"
    finding = {"finding": "Richtig so."}
    refused(await office.post("lea", review, finding, "lead"), 403, "own_decision")
    assert (await office.post("lutz", review, finding, "lead")).json()["finding"] == "Richtig so."
    refused(await office.post("lutz", review, finding, "lead"), 409, "already_reviewed")
    assert (await office.client.get("/break-glass", headers=lead)).json()["items"] == []
    check = await office.client.get("/four-eyes/check", headers=lead)
    assert check.json()["holds"] is True
