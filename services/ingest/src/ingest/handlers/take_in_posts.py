"""Take in the posts of one delivery: mentions, events, dead letters and the ledger, or none of it.

The one place where a post becomes a mention; webhook and upload both end here. It checks no
signature and no role.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from common.db.unit_of_work import UnitOfWork
from common.events.envelope import Event, new_event
from common.events.ingest import MentionReceived
from common.events.parts import Author, Media, Mention
from common.events.vocabulary import Visibility
from common.ids import derived_id
from common.observability import metrics, tracing
from ingest.domain.posts import (
    FoundPost,
    PlacedPost,
    UnreadablePost,
    merge_copies,
    parents_asked_for,
    place,
)
from ingest.storage import intake, mentions
from ingest.storage.intake import IntakeCount


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a delivery comes from. `reference` is the sender's id of it, or the upload's name."""

    source_id: UUID
    network: str
    account: str | None
    reference: str


async def take_in_posts(
    uow: UnitOfWork, origin: Origin, items: Sequence[FoundPost | UnreadablePost]
) -> IntakeCount:
    """Keep what is new, note what is known, put away what is unreadable (S1, S2, S6).

    Idempotent: the same items again change nothing but the ledger. Nothing counts before the
    caller's transaction has been committed.
    """
    posts = [_addressed(item, origin) for item in items if isinstance(item, FoundPost)]
    unreadable = [item for item in items if isinstance(item, UnreadablePost)]
    accepted = await _keep_mentions(uow, origin, posts)
    await intake.keep_dead_letters(
        uow.connection,
        origin.source_id,
        unreadable,
        reference=origin.reference,
        kept_at=uow.now,
    )
    count = IntakeCount(
        received=len(items),
        accepted=accepted,
        duplicates=len(posts) - accepted,
        unreadable=len(unreadable),
    )
    await intake.record(
        uow.connection, origin.source_id, count, reference=origin.reference, taken_in_at=uow.now
    )
    return count


def count_in_metrics(network: str, count: IntakeCount) -> None:
    """Show a committed delivery in the metrics."""
    total = metrics.INGEST_MENTIONS_TOTAL
    total.labels(network, "accepted").inc(count.accepted)
    total.labels(network, "duplicate").inc(count.duplicates)
    total.labels(network, "malformed").inc(count.unreadable)


async def _keep_mentions(uow: UnitOfWork, origin: Origin, posts: Sequence[FoundPost]) -> int:
    merged = merge_copies(posts)
    parents = await mentions.conversations_of(
        uow.connection, origin.network, parents_asked_for(merged)
    )
    placed = place(origin.network, merged, parents)
    new = await mentions.keep_new(
        uow.connection,
        placed,
        network=origin.network,
        source_id=origin.source_id,
        detected_at=uow.now,
    )
    await mentions.add_ways_found(
        uow.connection, [item for item in placed if item.mention_id not in new]
    )
    accepted = [item for item in placed if item.mention_id in new]
    uow.publish(*(_received(item, origin, detected_at=uow.now) for item in accepted))
    for item in accepted:
        span = (uow.now - item.post.posted_at).total_seconds()
        metrics.INGEST_DETECTION_SECONDS.labels(origin.network).observe(max(span, 0.0))
    return len(accepted)


def _addressed(post: FoundPost, origin: Origin) -> FoundPost:
    """A post that names no account of ours was found on the source's."""
    return post if post.account or not origin.account else replace(post, account=origin.account)


def _received(
    placed: PlacedPost, origin: Origin, *, detected_at: datetime
) -> Event[MentionReceived]:
    post = placed.post
    mention = Mention(
        mention_id=placed.mention_id,
        conversation_id=placed.conversation_id,
        network=origin.network,
        native_id=post.native_id,
        author=Author(
            id=post.author_id,
            handle=post.author_handle,
            name=post.author_name,
            followers=post.author_followers,
        ),
        text=post.text,
        posted_at=post.posted_at,
        detected_at=detected_at,
        detected_via=post.detected_via,
        source_id=origin.source_id,
        account=post.account,
        in_reply_to=post.in_reply_to,
        language=post.language,
        url=post.url,
        visibility=Visibility.PRIVATE if post.is_private else Visibility.PUBLIC,
        media=tuple(Media(kind=m.kind, url=m.url, alt_text=m.alt_text) for m in post.media),
        title=post.title,
        thread=post.thread,
    )
    event = new_event(
        MentionReceived(mention=mention),
        # The same post gives the same event even after a restore of the database (R10).
        id=derived_id("ingest.mention.received", placed.mention_id),
        subject=placed.mention_id,
        time=detected_at,
    )
    return replace(event, traceparent=tracing.current())
