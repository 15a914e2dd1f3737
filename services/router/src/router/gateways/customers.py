"""The customer data port: a CRM over HTTP, by a small contract of our own (S111, S112).

    GET {url}/customers?network=bluesky&author_id=a-17&handle=kurt.example
    200 {"customers": [{"customer_id": "K-4711", "name": ..., "email": ..., "phone": ...,
         "address": ..., "customer_since": "2019-05-01", "products": [...],
         "contacts": [{"at": "2026-01-07T09:00:00Z", "channel": "phone", "subject": ...,
                       "reference": ...}]}]}
    404: nobody by that name. Anything else, no answer in time, or no sense in it: we do without.

A CRM that is not ours is adapted behind this contract, not here. Nothing is kept, and no value is
logged. It never raises for what the other side does: an answer without data says why.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Protocol

import httpx
import msgspec
from msgspec import Meta, Struct

from common.observability import metrics
from common.observability.logging import get_logger
from router.domain.customers import Contact, Customer
from router.gateways.circuit import Circuit

MOST_BYTES = 262_144
MOST_CUSTOMERS = 10
_log = get_logger("router.customers")

_Text = Annotated[str, Meta(max_length=1000)]


class _ContactOnTheWire(Struct, frozen=True):
    at: Annotated[datetime, Meta(tz=True)]
    channel: _Text
    subject: _Text
    reference: _Text | None = None


class _CustomerOnTheWire(Struct, frozen=True):
    customer_id: Annotated[str, Meta(min_length=1, max_length=200)]
    name: _Text | None = None
    email: _Text | None = None
    phone: _Text | None = None
    address: _Text | None = None
    customer_since: date | None = None
    products: Annotated[tuple[_Text, ...], Meta(max_length=100)] = ()
    contacts: Annotated[tuple[_ContactOnTheWire, ...], Meta(max_length=200)] = ()


class _Answer(Struct, frozen=True):
    customers: Annotated[tuple[_CustomerOnTheWire, ...], Meta(max_length=MOST_CUSTOMERS)]


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote the case's first post."""

    network: str
    author_id: str
    handle: str


@dataclass(frozen=True, slots=True)
class Lookup:
    """What the CRM said. `degraded_because` is None where it answered, also that it knows nobody.

    Otherwise: not_configured, timeout, unreachable, circuit_open, refused, bad_answer.
    """

    customers: tuple[Customer, ...] = ()
    degraded_because: str | None = None


class CustomerData(Protocol):
    """The border to whoever keeps the customers."""

    async def find(self, author: Author) -> Lookup:
        """Who this author is; never raises, and takes no longer than its time-out."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class NoCustomerData:
    """No CRM is connected."""

    async def find(self, author: Author) -> Lookup:
        return Lookup(degraded_because="not_configured")

    async def close(self) -> None:
        return None


class HttpCustomerData:
    """A CRM over HTTP. One per process: the circuit and the connections are shared."""

    def __init__(
        self,
        url: str,
        *,
        token: str | None,
        timeout_s: float = 2.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        headers = {"Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._url = f"{url.rstrip('/')}/customers"
        self._timeout_s = timeout_s
        self._client = httpx.AsyncClient(
            headers=headers,
            timeout=timeout_s,
            follow_redirects=False,  # the token goes nowhere else
            limits=httpx.Limits(max_connections=20),
        )
        self._circuit = Circuit(failures=5, open_s=30.0, monotonic=monotonic)

    async def find(self, author: Author) -> Lookup:
        if not self._circuit.lets_through():
            return _counted(Lookup(degraded_because="circuit_open"))
        try:
            # httpx counts each read by itself; a CRM that drips must not hold anybody longer.
            async with asyncio.timeout(self._timeout_s):
                found = await self._ask(author)
        except (TimeoutError, httpx.TimeoutException):
            found = Lookup(degraded_because="timeout")
        except httpx.HTTPError:
            found = Lookup(degraded_because="unreachable")
        except msgspec.MsgspecError:
            found = Lookup(degraded_because="bad_answer")
        except BaseException:
            self._circuit.abandoned()
            raise
        if found.degraded_because is None:
            self._circuit.succeeded()
        else:
            self._circuit.failed()
            _log.warning("customer_data_degraded", reason=found.degraded_because)
        return _counted(found)

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()

    async def _ask(self, author: Author) -> Lookup:
        query = {
            "network": author.network,
            "author_id": author.author_id,
            "handle": author.handle,
        }
        async with self._client.stream("GET", self._url, params=query) as response:
            if response.status_code == httpx.codes.NOT_FOUND:
                return Lookup()
            if response.status_code != httpx.codes.OK:
                return Lookup(degraded_because="refused")
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MOST_BYTES:
                    return Lookup(degraded_because="bad_answer")
        answer = msgspec.json.decode(bytes(body), type=_Answer)
        return Lookup(tuple(_customer(each) for each in answer.customers))


def _customer(said: _CustomerOnTheWire) -> Customer:
    contacts = tuple(
        Contact(at=each.at, channel=each.channel, subject=each.subject, reference=each.reference)
        for each in said.contacts
    )
    return Customer(
        customer_id=said.customer_id,
        name=said.name,
        email=said.email,
        phone=said.phone,
        address=said.address,
        customer_since=said.customer_since,
        products=said.products,
        contacts=contacts,
    )


def _counted(found: Lookup) -> Lookup:
    outcome = found.degraded_because or ("answered" if found.customers else "unknown")
    metrics.ROUTER_CUSTOMER_LOOKUPS_TOTAL.labels(outcome).inc()
    return found
