"""Gates: check words, see what was found, lift with a reason, confirm; how each account sounds."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from common.db.unit_of_work import UnitOfWork
from common.errors import NotFoundError
from common.web.concurrency import etag, if_match
from common.web.idempotency import Answer
from responder.api.access import Lead, OnceOnly, Overseer, Reader, Writer, visible_teams
from responder.api.shapes import Name, PersonView, Reason, ReplyText, Shape, person_of
from responder.domain.gates.findings import Address, Level, Policy
from responder.domain.words import Audience
from responder.handlers.check_gates import check_alone, read_reply, show_findings
from responder.handlers.gate_drafts import GateDrafts
from responder.handlers.gate_policies import PolicyChange, change_policy, policy_from
from responder.storage import drafts, gates
from responder.storage.gates import StoredPolicy
from responder.storage.teams import require_draft_visible

router = APIRouter(tags=["gates"])

RuleName = Annotated[str, Field(pattern=r"^[a-z_]+(\.[a-z_]+)?$", max_length=80)]
Value = Annotated[str, Field(min_length=1, max_length=2_000, pattern=r"^[^\x00]*$")]
Mask = Annotated[str, Field(min_length=3, max_length=60, pattern=r"^[^\x00]*#[^\x00]*$")]
Share = Annotated[float, Field(gt=0, le=1)]


class Wording(Shape):
    """Words to be checked; all but `text` may be left out."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "text": "Bitte wenden Sie sich an unsere Hotline.",
                    "customer_text": "Seit drei Wochen fehlt die Kette meiner Bestellung.",
                }
            ]
        },
    )

    text: ReplyText
    visibility: Audience = Audience.PUBLIC
    kind: Literal[
        "answer", "holding", "question", "progress", "correction", "lead_in", "outcome"
    ] = "answer"
    account: Name | None = None
    customer_text: Annotated[str, Field(max_length=20_000, pattern=r"^[^\x00]*$")] = ""
    known_values: Annotated[tuple[Value, ...], Field(max_length=500)] = ()
    recent_replies: Annotated[tuple[Value, ...], Field(max_length=500)] = ()
    max_length: Annotated[int | None, Field(ge=1, le=100_000)] = None


class FindingView(BaseModel):
    """A place in the text, the rule, its weight, and a way out; places count code points."""

    rule: str
    level: Level
    start: int
    end: int
    message: str
    way_out: str


class Findings(BaseModel):
    findings: list[FindingView]


class LiftView(BaseModel):
    rule: str
    reason: str
    actor: PersonView
    lifted_at: datetime


class DraftGates(BaseModel):
    """What was found in the latest revision, and what of it was lifted or confirmed."""

    revision: int
    findings: list[FindingView]
    individuality: float
    takes_up_case: bool
    redirects: int
    checked_at: datetime | None
    lifts: list[LiftView]
    confirmed: list[str]


class NewLift(Shape):
    """The rule that blocks, and why these words may pass it nevertheless."""

    rule: RuleName
    reason: Reason


class NewConfirmation(Shape):
    """The rules whose findings the reader has seen and agrees to, in the revision they read."""

    revision: Annotated[int, Field(ge=1, le=1_000_000)]
    rules: Annotated[list[RuleName], Field(min_length=1, max_length=50)]


class NewPolicy(Shape):
    """The whole policy; what is left out has its default. `levels` names a rule or a family.

    Number formats are masks: `#` a digit, `@` a letter, anything else itself.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "levels": {"tone.irony": "block", "register": "note"},
                    "address": "du",
                    "order_formats": ["MA-######"],
                    "own_contacts": ["+49 30 5550123"],
                    "reason": "Die Marke spricht alle mit Du an.",
                }
            ]
        },
    )

    levels: dict[RuleName, Level] = Field(
        default_factory=dict, max_length=100, json_schema_extra={"additionalProperties": False}
    )
    similar_confirm: Share = 0.6
    similar_block: Share = 0.85
    address: Address = Address.MIRROR
    order_formats: Annotated[tuple[Mask, ...], Field(max_length=20)] = ()
    customer_formats: Annotated[tuple[Mask, ...], Field(max_length=20)] = ()
    own_contacts: Annotated[tuple[Name, ...], Field(max_length=100)] = ()
    boilerplate: Annotated[tuple[Name, ...], Field(max_length=200)] = ()
    reason: Reason


class PolicyView(BaseModel):
    """A policy in force; version 0 is the default that nobody changed."""

    account: str
    version: int
    levels: dict[str, Level]
    similar_confirm: float
    similar_block: float
    address: Address
    order_formats: list[str]
    customer_formats: list[str]
    own_contacts: list[str]
    boilerplate: list[str]
    reason: str | None
    actor: PersonView | None
    changed_at: datetime | None


class RepeatedView(BaseModel):
    """A wording that left more than once (S78)."""

    text: str
    times: int
    last_at: datetime


@router.post("/gates/check", response_model=Findings)
async def check(body: Wording, request: Request, _: Reader) -> Findings:
    """Hold words against the gates; nothing is stored. The account's policy applies if named."""
    state = request.app.state
    async with state.units.begin() as uow:
        stored = await gates.policy_of(uow.connection, body.account) if body.account else None
        now = uow.now
    reply = read_reply(
        body.model_dump(mode="json"), policy=policy_from(stored.document) if stored else None
    )
    found = await asyncio.to_thread(check_alone, reply, now=now, zone=state.zone)
    shown = show_findings(found)
    return Findings(findings=[FindingView.model_validate(finding) for finding in shown])


@router.get("/drafts/{draft_id}/gates", response_model=DraftGates)
async def of_draft(draft_id: UUID, request: Request, who: Reader) -> DraftGates:
    """What the gates say of the draft's latest revision."""
    async with request.app.state.units.begin() as uow:
        return await _shown(uow, draft_id, who_sees=visible_teams(who), gate=_gate(request))


@router.post("/drafts/{draft_id}/gates/lift", response_model=DraftGates)
async def lift(
    draft_id: UUID, body: NewLift, request: Request, who: Writer, once: OnceOnly
) -> Response:
    """Let the latest revision pass a rule that blocks it. 403 `own_text` for its authors."""

    async def effect(uow: UnitOfWork) -> Answer:
        await require_draft_visible(uow.connection, draft_id, visible_teams(who))
        await _gate(request).lift(
            uow, draft_id, rule=body.rule, reason=body.reason, actor=person_of(who)
        )
        return Answer(200, await _shown(uow, draft_id, who_sees=None, gate=_gate(request)))

    return await once.run(request.app.state.units, effect)


@router.post("/drafts/{draft_id}/gates/confirm", response_model=DraftGates)
async def confirm(
    draft_id: UUID, body: NewConfirmation, request: Request, who: Writer, once: OnceOnly
) -> Response:
    """Say yes to findings that ask for it, before approving. 403 `own_text` for authors."""

    async def effect(uow: UnitOfWork) -> Answer:
        await require_draft_visible(uow.connection, draft_id, visible_teams(who))
        await _gate(request).confirm(
            uow, draft_id, revision=body.revision, rules=body.rules, actor=person_of(who)
        )
        return Answer(200, await _shown(uow, draft_id, who_sees=None, gate=_gate(request)))

    return await once.run(request.app.state.units, effect)


@router.get("/gates/policies", response_model=list[PolicyView])
async def policies(request: Request, _: Reader) -> list[PolicyView]:
    """The policies that were changed; every other account has the defaults."""
    async with request.app.state.units.read() as connection:
        return [_show_policy(policy) for policy in await gates.all_policies(connection)]


@router.get("/gates/policies/{account}", response_model=PolicyView)
async def policy(account: Name, request: Request, response: Response, _: Reader) -> PolicyView:
    """The account's policy in force, with its version as ETag."""
    async with request.app.state.units.read() as connection:
        stored = await gates.policy_of(connection, account)
    view = _show_policy(stored) if stored else _usual(account)
    response.headers["ETag"] = etag(view.version)
    return view


@router.put("/gates/policies/{account}", response_model=PolicyView)
async def put_policy(
    account: Name,
    body: NewPolicy,
    request: Request,
    response: Response,
    who: Lead,
    version: Annotated[int, Depends(if_match)],
) -> PolicyView:
    """Put a policy in force for what is checked from now on. 412 for a version not in force."""
    document = body.model_dump(mode="json", exclude={"reason"})
    async with request.app.state.units.begin() as uow:
        stored = await change_policy(
            uow,
            PolicyChange(account=account, version=version, document=document, reason=body.reason),
            actor=person_of(who),
            ids=request.app.state.ids,
        )
    response.headers["ETag"] = etag(stored.version)
    return _show_policy(stored)


@router.get("/gates/repeated", response_model=list[RepeatedView])
async def repeated(
    request: Request,
    _: Overseer,
    account: Annotated[Name | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> list[RepeatedView]:
    """The wordings that left most often in public (S78)."""
    async with request.app.state.units.read() as connection:
        rows = await gates.most_repeated(connection, account=account, limit=limit)
    return [RepeatedView(text=row.text, times=row.times, last_at=row.last_at) for row in rows]


def _gate(request: Request) -> GateDrafts:
    gate: GateDrafts = request.app.state.gate_drafts
    return gate


async def _shown(
    uow: UnitOfWork, draft_id: UUID, *, who_sees: Collection[str] | None, gate: GateDrafts
) -> DraftGates:
    await require_draft_visible(uow.connection, draft_id, who_sees)
    draft = await drafts.get_draft(uow.connection, draft_id)
    if draft is None:
        raise NotFoundError("no such draft")
    number = draft.latest.number
    checked = await gates.last_check(uow.connection, draft_id, revision=number)
    if checked is None:
        checked = await gate.check(uow, draft)
    lifts = await gates.lifts_of(uow.connection, draft_id, revision=number)
    confirmed = await gates.confirmed_rules(uow.connection, draft_id, revision=number)
    return DraftGates(
        revision=number,
        findings=[FindingView.model_validate(finding) for finding in checked.findings],
        individuality=checked.individuality,
        takes_up_case=checked.takes_up_case,
        redirects=checked.redirects,
        checked_at=checked.checked_at,
        lifts=[
            LiftView(
                rule=each.rule,
                reason=each.reason,
                actor=PersonView(id=each.actor.id, name=each.actor.name),
                lifted_at=each.lifted_at,
            )
            for each in lifts
        ],
        confirmed=sorted(confirmed),
    )


def _show_policy(stored: StoredPolicy) -> PolicyView:
    return _view(
        stored.account,
        policy_from(stored.document),
        version=stored.version,
        reason=stored.reason,
        actor=PersonView(id=stored.actor.id, name=stored.actor.name),
        changed_at=stored.changed_at,
    )


def _usual(account: str) -> PolicyView:
    return _view(account, Policy(), version=0, reason=None, actor=None, changed_at=None)


def _view(account: str, policy: Policy, **origin: object) -> PolicyView:
    return PolicyView.model_validate(
        {
            "account": account,
            "levels": dict(policy.levels),
            "similar_confirm": policy.similar_confirm,
            "similar_block": policy.similar_block,
            "address": policy.address,
            "order_formats": list(policy.order_formats),
            "customer_formats": list(policy.customer_formats),
            "own_contacts": list(policy.own_contacts),
            "boilerplate": list(policy.boilerplate),
            **origin,
        }
    )
