"""A network's adapter (libs/platforms) as a channel of ours: two vocabularies, one meaning.

The adapter says what the network did; what follows for the dispatch and for the account is said
here, in the ledger's words. An answer that leaves a doubt is UNCLEAR, whatever else it says (R2).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from platforms import adapter as far
from responder.domain.channels import Capabilities, Counting, Idempotency, ReadBack
from responder.domain.content import Content
from responder.domain.dispatches import Answered, Dispatch, Ending, Frozen, Outcome, Strain
from responder.domain.read_back import Post
from responder.domain.words import Audience
from responder.gateways.channel import Finding, Found, Seen, ThreadUnreadableError

_ENDINGS: Mapping[far.Ending, tuple[Ending, Strain]] = {
    far.Ending.SENT: (Ending.SENT, Strain.NONE),
    far.Ending.REFUSED: (Ending.REFUSED, Strain.NONE),
    far.Ending.TARGET_GONE: (Ending.REFUSED, Strain.NONE),
    far.Ending.NOT_PERMITTED: (Ending.REFUSED, Strain.NONE),
    far.Ending.ACCOUNT_DEAD: (Ending.HELD_OFF, Strain.DEAD),
    far.Ending.RATE_LIMITED: (Ending.HELD_OFF, Strain.LIMITED),
    far.Ending.NOT_NOW: (Ending.HELD_OFF, Strain.TROUBLE),
    far.Ending.UNKNOWN: (Ending.UNCLEAR, Strain.TROUBLE),
}


class AdaptedChannel:
    """The accounts of one network, each with its adapter; they share one set of capabilities."""

    def __init__(self, network: str, accounts: Mapping[str, far.Adapter]) -> None:
        self._accounts = dict(accounts)
        self._first = next(iter(self._accounts.values()))
        self._capabilities = _capabilities(network, tuple(accounts), self._first.capabilities)

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    async def prepare(self, dispatch: Dispatch) -> Frozen | Outcome:
        """See Channel."""
        adapter = self._accounts.get(dispatch.content.account)
        if adapter is None:
            return Outcome(ending=Ending.REFUSED, error="unknown_account")
        prepared = await adapter.prepare(_letter(dispatch))
        if isinstance(prepared, far.Result):
            return _outcome(prepared)
        return Frozen(body=prepared.body, native_id=prepared.native_id)

    async def send(self, frozen: Frozen, *, account: str) -> Outcome:
        """See Channel."""
        return _outcome(await self._of(account).send(_prepared(frozen)))

    async def find(self, frozen: Frozen, *, account: str) -> Found:
        """See Channel."""
        found = await self._of(account).find(_prepared(frozen))
        return Found(Finding(found.finding.value), found.native_id)

    async def observe(self, frozen: Frozen, platform_id: str, *, account: str) -> Seen:
        """See Channel."""
        seen = await self._of(account).observe(_prepared(frozen), platform_id)
        return Seen(seen.reach.value, Audience(seen.audience.value) if seen.audience else None)

    async def read_thread(self, content: Content) -> Sequence[Post]:
        """See Channel."""
        try:
            posts = await self._of(content.account).read_thread(content.in_reply_to)
        except far.UnreadableError as error:
            raise ThreadUnreadableError(str(error)) from error
        return [
            Post(
                platform_id=post.native_id,
                account=post.account,
                in_reply_to=post.in_reply_to,
                text=post.text,
                created_at=post.created_at,
            )
            for post in posts
        ]

    async def aclose(self) -> None:
        """Close every adapter once, also where accounts share one."""
        for adapter in {id(one): one for one in self._accounts.values()}.values():
            await adapter.aclose()

    def _of(self, account: str) -> far.Adapter:
        return self._accounts.get(account, self._first)


def _letter(dispatch: Dispatch) -> far.Letter:
    content = dispatch.content
    answered = dispatch.answered or Answered(native_id=content.in_reply_to)
    return far.Letter(
        reply_id=dispatch.dispatch_id,
        written_at=dispatch.created_at,
        network=content.network,
        account=content.account,
        answered=far.Answered(
            native_id=content.in_reply_to,
            author_id=answered.author_id,
            title=answered.title,
            thread=answered.thread,
        ),
        audience=far.Audience(content.visibility.value),
        text=content.text,
    )


def _prepared(frozen: Frozen) -> far.Prepared:
    return far.Prepared(body=frozen.body, native_id=frozen.native_id)


def _outcome(result: far.Result) -> Outcome:
    ending, strain = _ENDINGS[result.ending]
    return Outcome(
        ending=ending,
        platform_id=result.native_id if ending is Ending.SENT else None,
        error=result.error,
        retry_after=result.retry_after,
        strain=strain,
    )


def _capabilities(network: str, accounts: tuple[str, ...], can: far.Capabilities) -> Capabilities:
    main = can.limits[0]
    in_bytes = [limit.most for limit in can.limits[1:] if limit.unit is far.Unit.UTF8_BYTES]
    return Capabilities(
        network=network,
        accounts=accounts,
        max_length=main.most,
        counting=Counting(main.unit.value),
        measure=main.count,
        max_bytes=min(in_bytes, default=None),
        audiences=frozenset(Audience(audience.value) for audience in can.audiences),
        read_back=ReadBack(can.read_back.value),
        idempotency=Idempotency(can.idempotency.value),
        can_delete=can.can_delete,
        can_hide=can.can_hide,
        window=can.window,
        settles_within=can.settles_within,
    )
