"""What a developer would write instead: FastStream, one ORM transaction per message.

    python faststream_pipeline.py SERVICE DSN BOOTSTRAP

The same four hops with the same model, rows and topics in the usual way: pydantic in, ORM session,
commit, publish. It has no inbox batches and no outbox, so it also promises less. Its own
environment: requirements.lock beside it.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from faststream import FastStream
from faststream.kafka import KafkaBroker
from pydantic import BaseModel
from sqlalchemy import ForeignKey, LargeBinary, String, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

RAW, CLASSIFIED, CASES = "peer.raw", "peer.classified", "peer.cases"


class Author(BaseModel):
    id: str
    handle: str
    followers: int | None = None


class Mention(BaseModel):
    mention_id: UUID
    conversation_id: UUID
    network: str
    native_id: str
    author: Author
    text: str
    detected_at: datetime
    account: str | None = None


class Received(BaseModel):
    event_id: UUID
    mention: Mention


class Classified(BaseModel):
    event_id: UUID
    mention: Mention
    decision: str
    kind: str
    confidence: float


class Placed(BaseModel):
    event_id: UUID
    mention: Mention
    place: str
    case_id: UUID | None = None
    team: str | None = None


class Base(DeclarativeBase):
    pass


class Processed(Base):
    __tablename__ = "processed"
    consumer: Mapped[str] = mapped_column(String, primary_key=True)
    event_id: Mapped[UUID] = mapped_column(primary_key=True)


class Case(Base):
    __tablename__ = "case_"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    conversation_id: Mapped[UUID] = mapped_column(unique=True)
    team: Mapped[str]
    opened_at: Mapped[datetime]


class Disposition(Base):
    __tablename__ = "disposition"
    mention_id: Mapped[UUID] = mapped_column(primary_key=True)
    place: Mapped[str]
    case_id: Mapped[UUID | None] = mapped_column(ForeignKey("case_.id"))


class Clock(Base):
    __tablename__ = "clock"
    case_id: Mapped[UUID] = mapped_column(ForeignKey("case_.id"), primary_key=True)
    due_at: Mapped[datetime]
    warn_at: Mapped[datetime]


class Context(Base):
    __tablename__ = "context"
    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    account: Mapped[str | None]
    text: Mapped[str]


class Head(Base):
    __tablename__ = "head"
    conversation_id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class Entry(Base):
    __tablename__ = "entry"
    conversation_id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(unique=True)
    topic: Mapped[str] = mapped_column(index=True)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


for table in Base.metadata.tables.values():
    for column in table.columns:
        if isinstance(column.type.python_type, type) and column.type.python_type is datetime:
            column.type.timezone = True

service, dsn, bootstrap = sys.argv[1:4]
engine = create_async_engine(dsn.replace("postgresql://", "postgresql+asyncpg://"))
sessions = async_sessionmaker(engine, expire_on_commit=False)
broker = KafkaBroker(bootstrap, acks="all", enable_idempotence=True)
app = FastStream(broker)
OPTIONS = {"group_id": f"peer.{service}", "auto_offset_reset": "earliest"}


async def is_new(session: AsyncSession, event_id: UUID) -> bool:
    if await session.get(Processed, (service, event_id)):
        return False
    session.add(Processed(consumer=service, event_id=event_id))
    return True


def key(mention: Mention) -> bytes:
    return str(mention.conversation_id).encode()


if service == "classifier":
    from classifier.domain.labels import PostText
    from classifier.gateways.model import ShippedModel

    model = ShippedModel.load()

    @broker.subscriber(RAW, **OPTIONS)
    async def classify(event: Received) -> None:
        async with sessions.begin() as session:
            if not await is_new(session, event.event_id):
                return
            (result,) = model.classify([PostText(text=event.mention.text)])
        await broker.publish(
            Classified(
                event_id=uuid4(),
                mention=event.mention,
                decision=result.decision,
                kind=result.kind,
                confidence=result.confidence,
            ),
            CLASSIFIED,
            key=key(event.mention),
        )


if service == "router":

    @broker.subscriber(CLASSIFIED, **OPTIONS)
    async def place(event: Classified) -> None:
        mention = event.mention
        async with sessions.begin() as session:
            if not await is_new(session, event.event_id):
                return
            opens = event.decision != "non_service" or mention.account is not None
            case = None
            if opens:
                found = select(Case).where(Case.conversation_id == mention.conversation_id)
                case = (await session.scalars(found.with_for_update())).one_or_none()
                if case is None:
                    case = Case(
                        id=uuid4(),
                        conversation_id=mention.conversation_id,
                        team="social_support",
                        opened_at=datetime.now(UTC),
                    )
                    session.add(case)
                    await session.flush()
                    due = mention.detected_at + timedelta(minutes=10)
                    warn = mention.detected_at + timedelta(minutes=7)
                    session.add(Clock(case_id=case.id, due_at=due, warn_at=warn))
            session.add(
                Disposition(
                    mention_id=mention.mention_id,
                    place="case" if case else "parked",
                    case_id=case.id if case else None,
                )
            )
        await broker.publish(
            Placed(
                event_id=uuid4(),
                mention=mention,
                place="case" if case else "parked",
                case_id=case.id if case else None,
                team=case.team if case else None,
            ),
            CASES,
            key=key(mention),
        )


if service == "responder":

    @broker.subscriber(CASES, **OPTIONS)
    async def remember(event: Placed) -> None:
        if event.case_id is None:
            return
        async with sessions.begin() as session:
            if await is_new(session, event.event_id):
                await session.merge(
                    Context(
                        case_id=event.case_id,
                        account=event.mention.account,
                        text=event.mention.text,
                    )
                )


async def append(topic: str, event: Received | Classified | Placed) -> None:
    # Three subscribers may begin the same chain at once; without this the peer would lose entries.
    for _ in range(5):
        try:
            return await append_once(topic, event)
        except IntegrityError:
            continue
    raise RuntimeError("five others began the same chain")


async def append_once(topic: str, event: Received | Classified | Placed) -> None:
    async with sessions.begin() as session:
        if not await is_new(session, event.event_id):
            return
        conversation = event.mention.conversation_id
        head = await session.get(Head, conversation, with_for_update=True)
        if head is None:
            head = Head(conversation_id=conversation, seq=0, hash=bytes(32))
            session.add(head)
        body = event.model_dump_json().encode()
        head.seq += 1
        head.hash = hashlib.sha256(head.hash + body).digest()
        session.add(
            Entry(
                conversation_id=conversation,
                seq=head.seq,
                event_id=event.event_id,
                topic=topic,
                body=body,
                hash=head.hash,
            )
        )


if service == "audit":

    @broker.subscriber(RAW, **OPTIONS)
    async def keep_raw(event: Received) -> None:
        await append(RAW, event)

    @broker.subscriber(CLASSIFIED, **OPTIONS)
    async def keep_classified(event: Classified) -> None:
        await append(CLASSIFIED, event)

    @broker.subscriber(CASES, **OPTIONS)
    async def keep_cases(event: Placed) -> None:
        await append(CASES, event)


async def make_tables() -> None:
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)


if __name__ == "__main__":
    asyncio.run(make_tables() if service == "tables" else app.run())
