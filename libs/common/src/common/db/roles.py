"""A service's corner of the database: its schema, and the one role that may work in it.

The role owns nothing. It gets the four row rights on tables that the migrating role makes in the
schema, and no right anywhere else, so no service can create a table or read another one's.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import os
import re

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_TRIES = 20
_PAUSE_S = 0.05
_SCRAM_ROUNDS = 4096
# Roles belong to the whole server while advisory locks belong to one database: two databases of
# one server that are prepared at once collide in these ways, and trying again is the answer.
_COLLISIONS = frozenset({"42710", "23505", "XX000"})


def role_name(service: str) -> str:
    """The service's role. Raises ValueError for a name that is no plain identifier."""
    return f"ombud_{checked_name(service)}"


def checked_name(service: str) -> str:
    """The name itself, safe inside SQL text."""
    if not _NAME.fullmatch(service):
        raise ValueError(f"not a service name: {service!r}")
    return service


async def prepare(connection: AsyncConnection, service: str, *, role_password: str) -> None:
    """Make role and schema and grant what the role may do; all of it may exist already.

    `connection` is in autocommit. The password is sent as a SCRAM verifier, so that it never
    reaches the server's log. Raises ValueError for a password outside printable ASCII.
    """
    role = role_name(service)
    await _with_retries(connection, _create_role(role))
    verifier = scram_verifier(role_password, salt=os.urandom(16))
    await _with_retries(connection, f"alter role {role} password '{verifier}'")
    for statement in _grants(service, role):
        await _with_retries(connection, statement)


def _create_role(role: str) -> str:
    return (
        "do $$ begin "
        f"if not exists (select from pg_roles where rolname = '{role}') then "
        f"create role {role} login; end if; end $$"
    )


def _grants(service: str, role: str) -> tuple[str, ...]:
    defaults = f"alter default privileges in schema {service}"
    return (
        f"create schema if not exists {service}",
        f"grant usage on schema {service} to {role}",
        f"{defaults} grant select, insert, update, delete on tables to {role}",
        f"{defaults} grant usage, select on sequences to {role}",
        f"alter role {role} set search_path = {service}",
    )


async def _with_retries(connection: AsyncConnection, statement: str) -> None:
    for attempt in range(1, _TRIES + 1):
        try:
            await connection.exec_driver_sql(statement)
        except DBAPIError as error:
            if attempt == _TRIES or getattr(error.orig, "sqlstate", None) not in _COLLISIONS:
                raise
            await asyncio.sleep(_PAUSE_S)
        else:
            return


def scram_verifier(password: str, *, salt: bytes) -> str:
    """What PostgreSQL stores for a password (RFC 5802, RFC 7677).

    Raises ValueError where the password would have to be prepared first (RFC 4013).
    """
    if not password or not password.isascii() or not password.isprintable():
        raise ValueError("a role's password is printable ASCII and not empty")
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _SCRAM_ROUNDS)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    stored_key = hashlib.sha256(client_key).digest()
    keys = f"{_base64(stored_key)}:{_base64(server_key)}"
    return f"SCRAM-SHA-256${_SCRAM_ROUNDS}:{_base64(salt)}${keys}"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
