"""Who may call a route: `require("agent", "lead")` or `public()`; nothing is open by omission.

A route declares one of the two as a dependency; `create_app` refuses to build an app that has a
route with neither. Which rows a principal may see is decided in SQL by their teams, not here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import FastAPI, Request, Security
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from common.clock import Clock
from common.errors import ConfigurationError
from common.observability import metrics
from common.observability.logging import get_logger
from common.settings import AuthSettings
from common.web.dev_issuer import DevIssuer
from common.web.oidc import OidcAuthenticator
from common.web.parameters import refuse_unknown_parameters
from common.web.principal import ROLES, Authenticator, Principal
from common.web.problems import ProblemError
from common.web.rate_limit import RateLimit
from common.web.tokens import TokenRefusedError

__all__ = [
    "ROLES",
    "Authenticator",
    "DevIssuer",
    "OidcAuthenticator",
    "Principal",
    "TokenRefusedError",
    "authenticator_for",
    "check_every_route_is_guarded",
    "public",
    "require",
    "roles_of",
]

Guard = Callable[..., Awaitable[Principal]]
_MARK = "__ombud_roles__"
_BEARER = HTTPBearer(auto_error=False, description="An access token of the issuer")
_log = get_logger("common.web")


def authenticator_for(settings: AuthSettings, *, clock: Clock) -> Authenticator:
    """The authenticator the settings ask for; raises ConfigurationError where they do not suffice.

    With `auth=dev` only development tokens count, with `auth=oidc` only the issuer's.
    """
    if settings.auth == "dev":
        if settings.dev_token_secret is None:
            raise ConfigurationError("OMBUD_AUTH=dev needs OMBUD_DEV_TOKEN_SECRET")
        return DevIssuer(settings.dev_token_secret.get_secret_value(), clock=clock)
    if settings.oidc_issuer is None:
        raise ConfigurationError("OMBUD_AUTH=oidc needs OMBUD_OIDC_ISSUER")
    return OidcAuthenticator(
        settings.oidc_issuer,
        settings.oidc_audience,
        jwks_url=settings.oidc_jwks_url,
        clock=clock,
    )


def require(*roles: str) -> Guard:
    """A dependency that gives the Principal, if they have one of `roles` (any, if none is named).

    Answers 401 without a valid token, 403 without the role, 429 above the rate, and 422 for a query
    parameter that the route does not know.
    Raises ValueError for a role the house does not know.
    """
    if unknown := set(roles) - ROLES:
        raise ValueError(f"unknown roles: {sorted(unknown)}")

    async def guard(
        request: Request,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)],
    ) -> Principal:
        principal = await _authenticate(request.app.state.authenticator, credentials)
        request.state.principal = principal
        limit: RateLimit = request.app.state.rate_limit
        limit.take(principal.id)
        if roles and not principal.has_any(*roles):
            raise ProblemError(403, "forbidden", f"This needs one of the roles {sorted(roles)}.")
        refuse_unknown_parameters(request)
        return principal

    setattr(guard, _MARK, frozenset(roles))
    return guard


def public() -> Callable[[], Awaitable[None]]:
    """A dependency that says: anybody may call this route (it may check signatures itself)."""

    async def guard() -> None:
        return None

    setattr(guard, _MARK, None)
    return guard


def check_every_route_is_guarded(app: FastAPI) -> None:
    """Raise ConfigurationError naming the routes that declare neither `require` nor `public`."""
    open_routes = [
        f"{sorted(context.methods or [])} {context.path}"
        for context in iter_route_contexts(app.routes)
        if isinstance(context.original_route, APIRoute) and not _marks(context.dependant)
    ]
    if open_routes:
        raise ConfigurationError(f"routes without require(...) or public(): {open_routes}")


def roles_of(dependant: Dependant) -> frozenset[str] | None:
    """The roles a route asks for (empty: any principal); None for a public one."""
    marks = [mark for mark in _marks(dependant) if mark is not None]
    return marks[0] if marks else None


def _marks(dependant: Dependant) -> list[frozenset[str] | None]:
    found = [getattr(dependant.call, _MARK)] if hasattr(dependant.call, _MARK) else []
    for inner in dependant.dependencies:
        found += _marks(inner)
    return found


async def _authenticate(authenticator: Authenticator, credentials: Any) -> Principal:
    if credentials is None:
        raise _unauthorized('Bearer realm="ombud"')
    try:
        return await authenticator.authenticate(credentials.credentials)
    except TokenRefusedError as error:
        metrics.HTTP_TOKENS_REFUSED_TOTAL.labels(error.reason).inc()
        _log.info("bearer_refused", reason=error.reason)
        raise _unauthorized('Bearer realm="ombud", error="invalid_token"') from error


def _unauthorized(challenge: str) -> ProblemError:
    return ProblemError(
        401, "unauthorized", "A valid token is needed.", headers={"WWW-Authenticate": challenge}
    )
