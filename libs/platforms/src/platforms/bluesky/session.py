"""One login at one server, kept and refreshed: a new session per call would spend the allowance.

createSession is limited to 30 in five minutes and 300 a day per account, so a session lives as
long as the process and is refreshed when its access token ends. Secrets never leave this module.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from platforms.adapter import Ending, Result
from platforms.http import Answer, BoundedClient, NoAnswerError
from platforms.rate_limits import wait_told

_STALE = frozenset({"ExpiredToken", "InvalidToken", "AuthMissing"})


class XrpcError(Exception):
    """A call that brought nothing; `name` is the protocol's error name or a code of ours."""

    def __init__(self, result: Result, *, name: str, status: int = 0) -> None:
        super().__init__(result.error)
        self.result = result
        self.name = name
        self.status = status


class Session:
    """Calls on behalf of one account; any number at once."""

    def __init__(
        self,
        service: str,
        identifier: str,
        *,
        password: str,
        timeout: timedelta,
        proxy: str | None = None,
    ) -> None:
        self._client = BoundedClient(service, timeout=timeout, proxy=proxy)
        self._identifier = identifier
        self._password = password
        self._tokens: tuple[str, str] | None = None  # access, refresh
        self._did: str | None = None
        self._lock = asyncio.Lock()
        self.logins = 0
        """How many sessions were created so far."""

    def __repr__(self) -> str:
        return f"Session({self._identifier})"

    async def did(self) -> str:
        """The account's own DID. Raises XrpcError."""
        if self._did is None:
            await self._access(None)
        assert self._did is not None, "set by the login"
        return self._did

    async def get(self, method: str, params: Mapping[str, Any]) -> Any:
        """The answer to a query. Raises XrpcError."""
        return await self._call("GET", method, params=params)

    async def post(self, method: str, body: Any) -> Any:
        """The answer to a procedure. Raises XrpcError; UNKNOWN means that it may have worked."""
        return await self._call("POST", method, json=body)

    async def aclose(self) -> None:
        await self._client.aclose()

    async def _call(self, verb: Literal["GET", "POST"], method: str, **content: Any) -> Any:
        refused: str | None = None
        for _ in range(2):
            access = await self._access(refused)
            answer = await self._ask(verb, method, access, content)
            name = _name(answer)
            if answer.status in (400, 401) and name in _STALE:
                refused = access  # looked at and not acted upon: the same call again
                continue
            return _body(answer)
        raise XrpcError(
            Result(ending=Ending.ACCOUNT_DEAD, error="login_refused"), name="InvalidToken"
        )

    async def _access(self, refused: str | None) -> str:
        """An access token other than `refused`."""
        async with self._lock:
            if self._tokens is None or self._tokens[0] == refused:
                try:
                    await self._renew()
                except XrpcError as error:
                    raise _before_the_call(error) from error
            assert self._tokens is not None, "set above"
            return self._tokens[0]

    async def _renew(self) -> None:
        if self._tokens is None or not await self._refreshed(self._tokens[1]):
            await self._login()

    async def _refreshed(self, refresh: str) -> bool:
        answer = await self._ask("POST", "com.atproto.server.refreshSession", refresh, {})
        if answer.status in (400, 401):
            self._tokens = None
            return False
        self._keep(_body(answer))
        return True

    async def _login(self) -> None:
        self.logins += 1
        login = {"identifier": self._identifier, "password": self._password}
        answer = await self._ask("POST", "com.atproto.server.createSession", None, {"json": login})
        if answer.status in (400, 401, 403):
            code = {"AccountTakedown": "account_taken_down", "AccountDeactivated": "deactivated"}
            name = _name(answer)
            result = Result(ending=Ending.ACCOUNT_DEAD, error=code.get(name, "login_refused"))
            raise XrpcError(result, name=name, status=answer.status)
        self._keep(_body(answer))

    def _keep(self, body: Any) -> None:
        try:
            self._tokens = (str(body["accessJwt"]), str(body["refreshJwt"]))
            self._did = str(body["did"])
        except (KeyError, TypeError) as error:
            result = Result(ending=Ending.NOT_NOW, error="answer_unreadable")
            raise XrpcError(result, name="Unreadable") from error

    async def _ask(
        self, verb: str, method: str, token: str | None, content: Mapping[str, Any]
    ) -> Answer:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        try:
            return await self._client.call(verb, f"/xrpc/{method}", headers=headers, **content)
        except NoAnswerError as error:
            raise XrpcError(error.result, name="NoAnswer") from error


def _before_the_call(error: XrpcError) -> XrpcError:
    """A login that came to nothing: the call itself was never made, so it had no effect."""
    if error.result.ending is Ending.UNKNOWN:
        result = Result(ending=Ending.NOT_NOW, error=f"login_{error.result.error}")
        return XrpcError(result, name=error.name, status=error.status)
    return error


def _body(answer: Answer) -> Any:
    """The body of a good answer. Raises XrpcError for every other."""
    name = _name(answer)
    if answer.status == 200:
        if (body := answer.json) is not None:
            return body
        raise XrpcError(
            Result(ending=Ending.UNKNOWN, error="answer_unreadable"), name="Unreadable", status=200
        )
    if answer.status == 429:
        wait = wait_told(answer.headers, now=datetime.now(UTC))
        result = Result(ending=Ending.RATE_LIMITED, error="rate_limited", retry_after=wait)
    elif name in ("AccountTakedown", "AccountDeactivated"):
        result = Result(ending=Ending.ACCOUNT_DEAD, error="deactivated")
    elif 400 <= answer.status < 500 and answer.status not in (408, 409, 425):
        result = Result(ending=Ending.REFUSED, error=f"bluesky_{name or answer.status}")
    else:
        result = Result(ending=Ending.UNKNOWN, error=f"http_{answer.status}")
    raise XrpcError(result, name=name, status=answer.status)


def _name(answer: Answer) -> str:
    """The protocol's name for the error: letters only, or nothing."""
    body = answer.json if answer.status != 200 else None
    name = body.get("error") if isinstance(body, dict) else None
    return name if isinstance(name, str) and name.isascii() and name.isalnum() else ""
