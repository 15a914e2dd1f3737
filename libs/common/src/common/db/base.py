"""What a service's `storage/tables.py` begins with, where it describes tables in Python.

Only for places where one aggregate is read and written through an API call; hot paths write SQL
(see the package docstring). Constraint names are fixed so that a migration can drop what another
one made.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, MetaData, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import DeclarativeBase

NAMING = {
    "pk": "%(table_name)s_pkey",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    "ck": "%(table_name)s_%(constraint_name)s_check",
}
"""PostgreSQL's own names, so that tables made by plain SQL and by SQLAlchemy agree."""


class Base(DeclarativeBase):
    """Declarative base: aware times, native UUIDs, jsonb. A service derives its own from it."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012  (SQLAlchemy reads it as a plain attribute)
        datetime: DateTime(timezone=True),
        UUID: PG_UUID(as_uuid=True),
        str: Text(),
        dict[str, Any]: JSONB(),
    }
