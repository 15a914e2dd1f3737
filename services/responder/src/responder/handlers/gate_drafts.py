"""Hold every revision of a draft against the gates, and stop what they stop.

The findings are stored with the revision. They are taken anew when it is handed in and when it is
approved, because the case goes on: what the customer says in private meanwhile must not get out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from common.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from common.events import responder as facts
from common.events.envelope import new_event
from common.ids import IdFactory
from common.observability import metrics
from responder.domain.crises import Crisis
from responder.domain.drafts import Draft
from responder.domain.gates.bounce import points_elsewhere
from responder.domain.gates.canned import individuality, takes_up
from responder.domain.gates.findings import Policy
from responder.domain.gates.reply import Limit, Reply
from responder.domain.persons import Person
from responder.domain.words import Kind
from responder.gateways.channel import Channels
from responder.handlers.actors import actor_of
from responder.handlers.check_gates import check_alone, show_findings
from responder.handlers.gate_policies import policy_from
from responder.storage import cases, drafts, gates, knowledge, people
from responder.storage.cases import CaseContext
from responder.storage.gates import Checked

RECENT = 50
KnownValues = Callable[[UnitOfWork, UUID], Awaitable[tuple[str, ...]]]
_COMPARED = ("rule", "level", "start", "end")


class GateDrafts:
    """The gates over stored drafts, under this deployment's channels and time zone.

    `known_values` tells what was learned in private in a case (S63).
    """

    def __init__(
        self, channels: Channels, *, ids: IdFactory, zone: str, known_values: KnownValues
    ) -> None:
        self._channels = channels
        self._ids = ids
        self._zone = zone
        self._known_values = known_values

    async def check(self, uow: UnitOfWork, draft: Draft) -> Checked:
        """Check the latest revision and store what was found, if it differs from the last check.

        A no-reply is a reason for colleagues and is not checked.
        """
        content = draft.latest.content
        reply = await self._reply(uow, draft)
        findings = (
            []
            if content.kind is Kind.NO_REPLY
            else show_findings(
                await asyncio.to_thread(check_alone, reply, now=uow.now, zone=self._zone)
            )
        )
        checked = Checked(
            findings=findings,
            individuality=individuality(reply),
            takes_up_case=takes_up(reply.text, reply.customer_text),
            redirects=len(points_elsewhere(reply.text)),
        )
        last = await gates.last_check(uow.connection, draft.draft_id, revision=draft.latest.number)
        if last is not None and _is_same(last.findings, findings):
            return last
        await gates.insert_check(
            uow.connection, draft.draft_id, revision=draft.latest.number, checked=checked
        )
        self._announce(uow, draft, checked)
        return checked

    async def require_sendable(self, uow: UnitOfWork, draft: Draft) -> None:
        """For words that no second person reads: raises ConflictError `gate_blocks` with the
        findings while a block stands."""
        refusal = await self._blocks(uow, draft)
        if refusal is not None:
            raise refusal

    async def require_own_words(self, uow: UnitOfWork, draft: Draft) -> None:
        """Raises ConflictError `suggestion_unedited` for what a model wrote, letter for letter."""
        said = draft.latest.content.text
        suggested = await knowledge.suggestions_of(uow.connection, draft.case_id)
        if any(_letters(said) == _letters(suggestion.text) for suggestion in suggested):
            raise ConflictError(
                "these are the words of a model: a person has to make them their own",
                code="suggestion_unedited",
            )

    async def refusal(
        self, uow: UnitOfWork, draft: Draft, *, reader: Person
    ) -> ConflictError | None:
        """What stops this reader's approval: `gate_blocks` or `gate_unconfirmed`, with findings."""
        blocks = await self._blocks(uow, draft)
        if blocks is not None:
            return blocks
        number = draft.latest.number
        checked = await gates.last_check(uow.connection, draft.draft_id, revision=number)
        confirmed = await gates.confirmed_rules(
            uow.connection, draft.draft_id, revision=number, actor_id=reader.id
        )
        return _refusal(
            "gate_unconfirmed",
            [
                finding
                for finding in (checked.findings if checked else ())
                if finding["level"] == "confirm" and finding["rule"] not in confirmed
            ],
        )

    async def lift(
        self, uow: UnitOfWork, draft_id: UUID, *, rule: str, reason: str, actor: Person
    ) -> None:
        """Let the latest revision pass a rule that blocks it, for a recorded reason.

        Raises NotFoundError, ForbiddenError `own_text` for authors, InvalidInputError `no_block`.
        """
        draft = await self._draft(uow, draft_id)
        if draft.is_written_by(actor):
            raise ForbiddenError("nobody lifts a gate for their own text", code="own_text")
        checked = await self.check(uow, draft)
        if not any(f["rule"] == rule and f["level"] == "block" for f in checked.findings):
            raise InvalidInputError(f"{rule} does not block this revision", code="no_block")
        number = draft.latest.number
        is_new = await gates.insert_lift(
            uow.connection, draft_id, revision=number, rule=rule, reason=reason, actor=actor
        )
        if is_new:
            fact = facts.GateLifted(
                draft_id=draft_id,
                case_id=draft.case_id,
                conversation_id=draft.conversation_id,
                revision=number,
                rule=rule,
                reason=reason,
                actor=actor_of(actor),
            )
            uow.publish(new_event(fact, id=self._ids(), subject=draft_id, time=uow.now))
            metrics.RESPONDER_GATES_LIFTED_TOTAL.labels(rule).inc()

    async def confirm(
        self,
        uow: UnitOfWork,
        draft_id: UUID,
        *,
        revision: int,
        rules: Sequence[str],
        actor: Person,
    ) -> None:
        """Say yes to findings that ask for it, for exactly the revision that was read (S89).

        Raises NotFoundError, ForbiddenError `own_text`, ConflictError `stale_revision`,
        InvalidInputError `not_asked`.
        """
        draft = await self._draft(uow, draft_id)
        if draft.is_written_by(actor):
            raise ForbiddenError("authors confirm nothing for themselves", code="own_text")
        if revision != draft.latest.number:
            raise ConflictError(
                f"revision {draft.latest.number} is the latest", code="stale_revision"
            )
        checked = await self.check(uow, draft)
        asked = {f["rule"] for f in checked.findings if f["level"] == "confirm"}
        if unknown := sorted(set(rules) - asked):
            raise InvalidInputError(
                f"nothing to confirm for {', '.join(unknown)}", code="not_asked"
            )
        await gates.insert_confirmations(
            uow.connection, draft_id, revision=revision, rules=rules, actor=actor
        )
        fact = facts.GateConfirmed(
            draft_id=draft_id,
            case_id=draft.case_id,
            conversation_id=draft.conversation_id,
            revision=revision,
            rules=tuple(rules),
            actor=actor_of(actor),
        )
        uow.publish(new_event(fact, id=self._ids(), subject=draft_id, time=uow.now))

    async def _reply(self, uow: UnitOfWork, draft: Draft) -> Reply:
        content, connection = draft.latest.content, uow.connection
        case = await cases.get_case(connection, draft.case_id)
        assert case is not None, "a draft has its case"
        stored = await gates.policy_of(connection, content.account)
        return Reply(
            text=content.text,
            visibility=content.visibility,
            kind=content.kind.value,
            customer_text="\n".join(case.mention_texts),
            known_values=await self._known_values(uow, draft.case_id),
            recent_replies=await gates.recent_replies(
                connection, content.account, but=draft.draft_id, limit=RECENT
            ),
            already_tried=case.already_tried,
            limits=self._limits(content.network),
            customer_is_abusive=case.is_abusive,
            is_crisis=_is_crisis(await people.crises_on(connection), case),
            policy=policy_from(stored.document) if stored else Policy(),
        )

    def _limits(self, network: str) -> tuple[Limit, ...]:
        channel = self._channels.find(network)
        if channel is None:
            return ()
        told = channel.capabilities
        limits = [Limit(told.counting.value, told.max_length, told.length_of)]
        if told.max_bytes is not None:
            limits.append(Limit("bytes", told.max_bytes, lambda text: len(text.encode())))
        return tuple(limits)

    async def _draft(self, uow: UnitOfWork, draft_id: UUID) -> Draft:
        draft = await drafts.lock_draft(uow.connection, draft_id)
        if draft is None:
            raise NotFoundError("no such draft")
        return draft

    async def _blocks(self, uow: UnitOfWork, draft: Draft) -> ConflictError | None:
        checked = await self.check(uow, draft)
        lifts = await gates.lifts_of(uow.connection, draft.draft_id, revision=draft.latest.number)
        lifted = {lift.rule for lift in lifts}
        standing = [
            f for f in checked.findings if f["level"] == "block" and f["rule"] not in lifted
        ]
        return _refusal("gate_blocks", standing)

    def _announce(self, uow: UnitOfWork, draft: Draft, checked: Checked) -> None:
        fact = facts.GatesChecked(
            draft_id=draft.draft_id,
            case_id=draft.case_id,
            conversation_id=draft.conversation_id,
            revision=draft.latest.number,
            findings=tuple(
                facts.GateFinding(**{name: finding[name] for name in _COMPARED})
                for finding in checked.findings
            ),
            individuality=checked.individuality,
            takes_up_case=checked.takes_up_case,
            redirects=checked.redirects,
            checked_at=uow.now,
        )
        uow.publish(new_event(fact, id=self._ids(), subject=draft.draft_id, time=uow.now))
        for finding in checked.findings:
            metrics.RESPONDER_GATE_FINDINGS_TOTAL.labels(finding["rule"], finding["level"]).inc()


def _refusal(code: str, findings: Sequence[Mapping[str, Any]]) -> ConflictError | None:
    if not findings:
        return None
    rules = ", ".join(sorted({finding["rule"] for finding in findings}))
    return ConflictError(
        f"gates stop this wording: {rules}", code=code, details={"findings": list(findings)}
    )


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def _is_same(one: Sequence[Mapping[str, Any]], other: Sequence[Mapping[str, Any]]) -> bool:
    def key(findings: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
        return [tuple(finding[name] for name in _COMPARED) for finding in findings]

    return key(one) == key(other)


def _is_crisis(crises: Sequence[Crisis], case: CaseContext) -> bool:
    return any(
        crisis.is_on and (crisis.topic is None or crisis.topic in case.topics) for crisis in crises
    )
