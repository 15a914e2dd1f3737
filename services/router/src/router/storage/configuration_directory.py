"""The configuration's directory: topics, and the departments that know about them (S27, S38)."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from router.storage.configuration_part import ConfigurationPart, Name, Text

Address = Annotated[str, Field(min_length=3, max_length=500)]
_MAIL = re.compile(r"[^@\s]+@[^@\s]+")


class TopicDocument(ConfigurationPart):
    """What a concern may be about; `department` knows about it."""

    id: Name
    title: Text
    department: Name | None = None


class ContactDocument(ConfigurationPart):
    """A person at a department; `address` is their mail address."""

    name: Text
    address: Annotated[Address, Field(pattern=_MAIL.pattern)] | None = None


class DepartmentDocument(ConfigurationPart):
    """Who is asked, and how they are reached. With `api` they look for their queries themselves."""

    id: Name
    name: Text
    channel: Literal["mail", "webhook", "api"] = "api"
    address: Address | None = None
    contact: ContactDocument
    deputy: ContactDocument | None = None
    calendar: Name | None = None

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        if self.channel == "mail" and not _MAIL.fullmatch(self.address or ""):
            raise ValueError("a department that is reached by mail needs a mail address")
        if self.channel == "webhook" and not (self.address or "").startswith(
            ("https://", "http://")
        ):
            raise ValueError("a department that is reached by webhook needs an http address")
        return self
