"""Idempotency-Key: a POST that is sent again does nothing again and gets the same answer.

The answer is stored in the transaction of the effect, so that there is never one without the
other (draft-ietf-httpapi-idempotency-key-header-07). While the first request works, a second one
gets 409 with Retry-After; the same key with another request gets 422. Refusals roll everything
back and are not kept: the request may be sent again under the same key.

    @router.post("/sources", status_code=201, response_model=Source)
    async def add_source(
        body: NewSource, request: Request, once: Annotated[Once, Depends()], _=Depends(...)
    ) -> Response:
        async def effect(uow: UnitOfWork) -> Answer:
            return Answer(201, show(await create_source(uow, body)))

        return await once.run(request.app.state.units, effect)
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any

import orjson
from fastapi import Header, Request, Response
from fastapi.encoders import jsonable_encoder

from common.db import idempotency as kept
from common.db.idempotency import KeptAnswer
from common.db.unit_of_work import UnitOfWork, UnitOfWorkFactory
from common.errors import DomainError
from common.observability import metrics
from common.web import problems
from common.web.middleware import route_template
from common.web.problems import ProblemError

RETENTION = timedelta(hours=24)
_PUBLIC = "nobody"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a route answers: status, a body (pydantic model, JSON types or None), headers."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @staticmethod
    def refused(error: DomainError) -> Answer:
        """A refusal whose record is to be committed, as a refused approval is (S58)."""
        return Answer(
            problems.status_of(error),
            problems.of_domain(error),
            {"content-type": problems.MEDIA_TYPE},
        )


Effect = Callable[[UnitOfWork], Awaitable[Answer]]


class Once:
    """Dependency: `once: Annotated[Once, Depends()]`. Not for routes that stream their body."""

    def __init__(
        self,
        request: Request,
        idempotency_key: Annotated[
            str | None,
            Header(
                min_length=1,
                max_length=200,
                pattern=r"^[\x21-\x7e]+$",
                description="Send the same key to be sure that a repetition does nothing again",
            ),
        ] = None,
    ) -> None:
        self._request = request
        self._key = idempotency_key

    async def run(self, units: UnitOfWorkFactory, effect: Effect) -> Response:
        """Do `effect` in one unit of work and answer; a repetition gets the kept answer.

        Without the header it is simply the effect. Raises what the effect raises, and ProblemError
        409 `in_progress` or 422 `key_reused`.
        """
        if self._key is None:
            async with units.begin() as uow:
                return _response(_keepable(await effect(uow), request_hash=b""))
        answer_id = self._id()
        request_hash = await self._request_hash()
        async with units.begin() as uow:
            if not await kept.try_lock(uow.connection, answer_id):
                raise ProblemError(
                    409,
                    "in_progress",
                    "The first request with this Idempotency-Key is still at work.",
                    headers={"Retry-After": "1"},
                )
            known = await kept.find(uow.connection, answer_id, retention=RETENTION)
            if known is not None:
                return _replay(known, request_hash)
            answer = _keepable(await effect(uow), request_hash=request_hash)
            await kept.keep(
                uow.connection,
                answer_id,
                answer,
                headers_json=orjson.dumps(answer.headers).decode(),
            )
            await kept.prune(uow.connection, retention=RETENTION)
        return _response(answer)

    def _id(self) -> bytes:
        """Principal, route and key as one hash: nobody can hit upon another one's answers."""
        principal = getattr(self._request.state, "principal", None)
        who = principal.id if principal is not None else _PUBLIC
        route = f"{self._request.method} {route_template(self._request.scope)}"
        return _digest(who.encode(), route.encode(), str(self._key).encode())

    async def _request_hash(self) -> bytes:
        url = self._request.url
        return _digest(url.path.encode(), url.query.encode(), await self._request.body())


def _replay(known: KeptAnswer, request_hash: bytes) -> Response:
    if known.request_hash != request_hash:
        raise ProblemError(422, "key_reused", "This Idempotency-Key was used for another request.")
    metrics.HTTP_IDEMPOTENT_REPLAYS_TOTAL.inc()
    response = _response(known)
    response.headers["Idempotency-Replayed"] = "true"
    return response


def _keepable(answer: Answer, *, request_hash: bytes) -> KeptAnswer:
    body = b"" if answer.body is None else orjson.dumps(jsonable_encoder(answer.body))
    return KeptAnswer(
        request_hash=request_hash, status=answer.status, headers=dict(answer.headers), body=body
    )


def _response(answer: KeptAnswer) -> Response:
    media_type = "application/json" if answer.body else None
    headers = dict(answer.headers)
    return Response(
        answer.body,
        status_code=answer.status,
        headers=headers,
        media_type=None if "content-type" in headers else media_type,
    )


def _digest(*parts: bytes) -> bytes:
    """SHA-256 over the parts with their lengths, so that no two sequences look alike."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()
