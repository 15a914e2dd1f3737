"""The configuration: read it, try a document, put a new version in force (S119)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Body, Response
from pydantic import BaseModel, ValidationError

from common.errors import NotFoundError
from common.web.concurrency import etag
from router.api.access import Operator, Overseer, RequiredVersion, Units, person
from router.handlers.apply_configuration import apply_configuration
from router.storage import configurations
from router.storage.configuration_document import ConfigurationDocument, problems_of

router = APIRouter(tags=["configuration"])


class ConfigurationShown(BaseModel):
    """A version, who set it and when; its number is the ETag."""

    version: int
    document: ConfigurationDocument
    actor_name: str
    at: datetime


class AppliedConfiguration(BaseModel):
    """The version that is in force now."""

    version: int


class Verdict(BaseModel):
    """Whether a document could be put in force, and all that is wrong with it."""

    is_valid: bool
    problems: list[str]


@router.get(
    "/configuration",
    summary="The version in force, or an earlier one",
    responses={404: {"description": "No such version"}},
)
async def get_configuration(
    _: Overseer, units: Units, response: Response, version: int | None = None
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


@router.put("/configuration", summary="Put a new version in force")
async def put_configuration(
    document: ConfigurationDocument,
    principal: Operator,
    units: Units,
    seen: RequiredVersion,
    response: Response,
) -> AppliedConfiguration:
    async with units.begin() as uow:
        version = await apply_configuration(
            uow, document, by=person(principal), expected_version=seen
        )
    response.headers["ETag"] = etag(version)
    return AppliedConfiguration(version=version)


@router.post("/configuration/validate", summary="What is wrong with a document, if anything")
async def validate_configuration(
    _: Overseer, document: Annotated[dict[str, Any], Body()]
) -> Verdict:
    try:
        ConfigurationDocument.model_validate(document)
    except ValidationError as error:
        return Verdict(is_valid=False, problems=problems_of(error))
    return Verdict(is_valid=True, problems=[])
