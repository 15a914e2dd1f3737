"""Events as the router hears them, made in one line each; invented people only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from common.events.classifier import MentionClassified
from common.events.envelope import Event, new_event
from common.events.parts import Actor, Author, Classification, Mention
from common.events.responder import ReplySent
from common.events.vocabulary import Decision, Label, MentionKind, ReplyKind, Visibility
from common.ids import conversation_id, mention_id, new_id

MIA = Actor(id="dev|mia", name="Mia Muster")
SOURCE = UUID("019cac00-0000-7000-8000-0000000000ff")


@dataclass(slots=True)
class Mentions:
    """Makes classified mentions; each with a thread of its own unless `thread` is given."""

    detected_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    _numbers: Any = field(default_factory=lambda: count(1))

    def __call__(
        self, decision: str = "service", *, thread: str | None = None, **more: Any
    ) -> Event[MentionClassified]:
        number = next(self._numbers)
        native_id = more.pop("native_id", f"post-{number}")
        network = more.pop("network", "bluesky")
        detected_at = more.pop("detected_at", self.detected_at)
        said = {
            "kind": more.pop("kind", "problem"),
            "abusive": more.pop("abusive", False),
            "urgent": more.pop("urgent", False),
            "own_post": more.pop("own_post", False),
            "language": more.pop("language", "de"),
            "concerns": more.pop("concerns", ()),
            "signals": more.pop("signals", ()),
        }
        mention = Mention(
            mention_id=mention_id(network, native_id),
            conversation_id=conversation_id(network, thread or native_id),
            network=network,
            native_id=native_id,
            author=Author(
                id=f"a-{number}",
                handle=more.pop("handle", "kurt.example"),
                followers=more.pop("followers", None),
            ),
            text=more.pop("text", "Meine Kette rasselt seit der Inspektion."),
            posted_at=more.pop("posted_at", detected_at - timedelta(seconds=30)),
            detected_at=detected_at,
            detected_via=more.pop("via", ("search",)),
            source_id=SOURCE,
            **more,
        )
        return new_event(
            MentionClassified(mention=mention, classification=_said(decision, said)),
            id=new_id(),
            subject=mention.mention_id,
            time=detected_at,
        )


def _said(decision: str, said: dict[str, Any]) -> Classification:
    label = Label.NON_SERVICE if decision == "non_service" else Label.SERVICE
    kind = MentionKind(said.pop("kind"))
    return Classification(
        label=label,
        decision=Decision(decision),
        confidence=0.9,
        kind=kind,
        model="test-1",
        **said,
    )


def reply(case_id: UUID, conversation: UUID, *, sent_at: datetime, **more: Any) -> Event[ReplySent]:
    """A sent reply; public and by a person unless told otherwise."""
    data = ReplySent(
        dispatch_id=new_id(),
        draft_id=new_id(),
        case_id=case_id,
        conversation_id=conversation,
        kind=ReplyKind(more.pop("kind", "answer")),
        visibility=Visibility(more.pop("visibility", "public")),
        network="bluesky",
        account="motorrad.example",
        in_reply_to="post-1",
        text="Das klären wir sofort.",
        content_hash="0" * 64,
        authors=more.pop("authors", (MIA,)),
        approver=None,
        platform_id=str(new_id()),
        sent_at=sent_at,
        **more,
    )
    return new_event(data, id=new_id(), subject=data.draft_id, time=sent_at)
