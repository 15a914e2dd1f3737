"""Verify the history: recompute every hash, compare heads and counts, say what is broken.

It reads in portions of many chains, each in its own snapshot, so that it neither stops appending
nor holds one long transaction; a run can be taken up again behind the last conversation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from audit.domain.chain import Break, Finding, StoredEntry, check_chain, check_counts
from audit.storage import counts, verification
from audit.storage.verification import Portion
from common.db.unit_of_work import UnitOfWorkFactory
from common.observability import metrics

CHAINS_PER_PORTION = 2000
MAX_FINDINGS = 1000


@dataclass(slots=True)
class Report:
    """What was checked and what is broken; at most 1,000 findings are named.

    `next_after` is where to take up again; None once the end was reached.
    """

    chains: int = 0
    entries: int = 0
    broken_chains: int = 0
    findings: list[Finding] = field(default_factory=list)
    next_after: UUID | None = None

    @property
    def is_intact(self) -> bool:
        return not self.findings

    def add(self, findings: list[Finding]) -> None:
        self.findings += findings[: MAX_FINDINGS - len(self.findings)]


Progress = Callable[[Report], None]


async def verify_conversation(units: UnitOfWorkFactory, conversation_id: UUID) -> Report:
    """Check one chain; a conversation without entries and head is an intact empty one."""
    report = Report()
    async with units.read() as connection:
        await _check(await verification.single(connection, conversation_id), report)
    return report


async def verify_some(units: UnitOfWorkFactory, *, after: UUID | None, limit: int) -> Report:
    """Check the next `limit` chains behind `after`."""
    report = Report()
    await _check_next(units, report, after=after, limit=limit)
    return report


async def verify_all(units: UnitOfWorkFactory, *, on_progress: Progress = lambda _: None) -> Report:
    """Check every chain, and then that nothing was removed whole or hidden: counts and filings."""
    report = Report()
    after: UUID | None = None
    while True:
        await _check_next(units, report, after=after, limit=CHAINS_PER_PORTION)
        on_progress(report)
        after = report.next_after
        if after is None:
            break
    async with units.read() as connection:
        counted = await counts.by_type(connection)
        stored = await counts.by_type_as_stored(connection)
        filings = {
            Break.UNPLACED: await counts.filed_without_chain(connection),
            Break.MISFILED: await counts.misfiled(connection),
        }
    report.add(check_counts(counted, stored))
    for kind, found in filings.items():
        report.add(
            [Finding(kind=kind, conversation_id=where, about=about) for about, where in found]
        )
    return report


async def _check_next(
    units: UnitOfWorkFactory, report: Report, *, after: UUID | None, limit: int
) -> None:
    async with units.read() as connection:
        portion = await verification.portion(connection, after=after, limit=limit)
        await _check(portion, report)
    report.next_after = portion.upto


async def _check(portion: Portion, report: Report) -> None:
    heads = dict(portion.heads)
    chain: list[StoredEntry] = []
    current: UUID | None = None

    def finish() -> None:
        if current is not None:
            _count(report, check_chain(current, chain, heads.pop(current, None)))

    async for batch in portion.batches():
        for conversation_id, entry in batch:
            if conversation_id != current:
                finish()
                current, chain = conversation_id, []
            chain.append(entry)
        report.entries += len(batch)
    finish()
    for conversation_id, head in heads.items():  # heads without a single entry
        _count(report, check_chain(conversation_id, [], head))


def _count(report: Report, findings: list[Finding]) -> None:
    report.chains += 1
    report.broken_chains += bool(findings)
    report.add(findings)
    outcome = "broken" if findings else "intact"
    metrics.AUDIT_VERIFICATIONS_TOTAL.labels(outcome).inc()
