"""The configuration: its versions, what a document would change, a new version in force (S119)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from common.errors import InvalidInputError, NotFoundError
from common.web.concurrency import etag
from common.web.pagination import Page, PageRequest
from router.api.access import Operator, Overseer, RequiredVersion, Units, person
from router.domain.configuration_diff import changes
from router.handlers.apply_configuration import apply_configuration
from router.storage import configurations
from router.storage.configuration_document import ConfigurationDocument, problems_in

router = APIRouter(tags=["configuration"])

Version = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="Without it: in force")]
Document = Annotated[
    dict[str, Any],
    Body(
        description="A configuration document; what it may hold stands in docs/configuration.md",
        examples=[
            {
                "company": "Motorrad AG",
                "teams": [{"name": "social_support", "title": "Social Support"}],
                "rules": [
                    {"name": "all", "team": "social_support", "reason": "One team does it all."}
                ],
            }
        ],
    ),
]


class ConfigurationShown(BaseModel):
    """A version, who set it and when; its number is the ETag."""

    version: int
    document: ConfigurationDocument
    actor_name: str
    at: datetime


class VersionShown(BaseModel):
    """A version without its document."""

    model_config = ConfigDict(from_attributes=True)

    version: int
    actor_name: str
    at: datetime


class AppliedConfiguration(BaseModel):
    """The version that is in force now."""

    version: int


class ProblemShown(BaseModel):
    """A place in the document (`rules.3.when.kind`) and what is wrong with it."""

    model_config = ConfigDict(from_attributes=True)

    path: str
    reason: str


class Verdict(BaseModel):
    """Whether a document could be put in force, and all that is wrong with it."""

    is_valid: bool
    problems: list[ProblemShown]


class ChangeShown(BaseModel):
    """One difference; `before` is null where something was added, `after` where removed."""

    model_config = ConfigDict(from_attributes=True)

    path: str
    kind: str = Field(description="added, removed, changed, moved")
    before: Any
    after: Any


class Difference(BaseModel):
    """What would change against the version in force."""

    version: int
    changes: list[ChangeShown]


@router.get(
    "/configuration",
    summary="The version in force, or an earlier one",
    responses={404: {"description": "No such version"}},
)
async def get_configuration(
    _: Overseer, units: Units, response: Response, version: Version = None
) -> ConfigurationShown:
    async with units.read() as connection:
        found = await configurations.stored(connection, version)
    if found is None:
        raise NotFoundError("no such version of the configuration")
    response.headers["ETag"] = etag(found.version)
    return ConfigurationShown(
        version=found.version,
        document=ConfigurationDocument.model_validate(found.document),
        actor_name=found.actor.name,
        at=found.at,
    )


@router.get("/configuration/versions", summary="All versions, the latest first")
async def list_versions(
    _: Overseer, units: Units, page: Annotated[PageRequest, Depends()]
) -> Page[VersionShown]:
    async with units.read() as connection:
        rows = await configurations.history(connection, after=page.after(int), limit=page.fetch)
    return page.page(rows, VersionShown.model_validate, key=lambda row: (row.version,))


@router.put("/configuration", summary="Put a new version in force")
async def put_configuration(
    document: Document,
    principal: Operator,
    units: Units,
    seen: RequiredVersion,
    response: Response,
) -> AppliedConfiguration:
    valid = valid_document(document)
    async with units.begin() as uow:
        version = await apply_configuration(uow, valid, by=person(principal), expected_version=seen)
    response.headers["ETag"] = etag(version)
    return AppliedConfiguration(version=version)


@router.post("/configuration/validate", summary="What is wrong with a document, if anything")
async def validate_configuration(_: Overseer, document: Document) -> Verdict:
    problems = [ProblemShown.model_validate(each) for each in problems_in(document)]
    return Verdict(is_valid=not problems, problems=problems)


@router.post("/configuration/diff", summary="What a document would change")
async def compare_configuration(
    _: Overseer, units: Units, document: Document, version: Version = None
) -> Difference:
    valid = valid_document(document)
    async with units.read() as connection:
        current = await configurations.stored(connection, version)
    if current is None:
        raise NotFoundError("no such version of the configuration")
    before = ConfigurationDocument.model_validate(current.document).dumped()
    return Difference(
        version=current.version,
        changes=[ChangeShown.model_validate(each) for each in changes(before, valid.dumped())],
    )


def valid_document(document: dict[str, Any]) -> ConfigurationDocument:
    """The document; InvalidInputError names everything that is wrong, by path and reason."""
    problems = problems_in(document)
    if problems:
        raise InvalidInputError(
            f"the configuration has {len(problems)} problems",
            code="invalid_configuration",
            details={"problems": [{"path": each.path, "reason": each.reason} for each in problems]},
        )
    return ConfigurationDocument.model_validate(document)
