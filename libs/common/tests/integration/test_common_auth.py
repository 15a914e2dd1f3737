"""The attack table SEC3 against real keys behind a real HTTP server: all 401, never 5xx."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from fastapi import APIRouter, Depends, FastAPI

from common.clock import SystemClock
from common.errors import ConfigurationError
from common.settings import AuthSettings
from common.testing.clock import ManualClock
from common.testing.eventually import eventually
from common.web.app import create_app
from common.web.auth import (
    Authenticator,
    DevIssuer,
    OidcAuthenticator,
    TokenRefusedError,
    authenticator_for,
    require,
)
from common.web.tokens import MAX_TOKEN_BYTES

AUDIENCE = "ombud"
DEV = DevIssuer("a secret for tests that has enough bytes")
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
NEXT_RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
WEAK_RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=1024)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
ED_KEY = ed25519.Ed25519PrivateKey.generate()


def jwk(key: Any, algorithm: str, kid: str, **members: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(
        jwt.get_algorithm_by_name(algorithm).to_jwk(key.public_key())
    )
    return {**document, "kid": kid, "alg": algorithm, "use": "sig", **members}


KEYS = [
    jwk(RSA_KEY, "RS256", "rsa"),
    jwk(EC_KEY, "ES256", "ec"),
    jwk(ED_KEY, "EdDSA", "ed"),
    jwk(WEAK_RSA_KEY, "RS256", "weak"),
    jwk(NEXT_RSA_KEY, "RS256", "encryption", use="enc"),
    {"kty": "oct", "kid": "shared", "k": "c2VjcmV0" * 8, "alg": "HS256"},
    {"kty": "unheard-of", "kid": "future"},
]


@dataclass
class Issuer:
    """An issuer's HTTP side; says how often it was asked, and fails on demand."""

    url: str
    keys: Any = field(default_factory=lambda: list(KEYS))
    fetches: int = 0
    is_down: bool = False
    redirect_to: str | None = None
    names_issuer: str | None = None
    names_keys_at: Any = None

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        if self.is_down:
            return 503, {}, b"down"
        if path == "/.well-known/openid-configuration":
            body = {
                "issuer": self.names_issuer or self.url,
                "jwks_uri": self.names_keys_at or f"{self.url}/keys",
            }
            return 200, {}, json.dumps(body).encode()
        self.fetches += 1
        if self.redirect_to:
            return 302, {"Location": self.redirect_to}, b""
        return 200, {}, json.dumps({"keys": self.keys}).encode()


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = state.answer(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state = Issuer(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join()


def app_for(authenticator: Authenticator) -> FastAPI:
    router = APIRouter()
    router.add_api_route("/mine", lambda: "mine", dependencies=[Depends(require("agent"))])
    return create_app(
        service="test",
        version="1",
        routers=[router],
        state={},
        auth=authenticator,
        readiness={},
        liveness={},
        max_body_bytes=10_000,
    )


Ask = Callable[[str], Any]


@pytest.fixture
async def ask(issuer: Issuer) -> AsyncIterator[Ask]:
    authenticator = OidcAuthenticator(issuer.url, AUDIENCE, clock=SystemClock())
    transport = httpx.ASGITransport(app_for(authenticator))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:

        async def ask(token: str) -> httpx.Response:
            return await client.get("/mine", headers={"Authorization": f"Bearer {token}"})

        yield ask


def claims(issuer: Issuer, **changes: Any) -> dict[str, Any]:
    now = int(SystemClock().now().timestamp())
    good = {
        "iss": issuer.url,
        "aud": AUDIENCE,
        "sub": "ann",
        "name": "Ann",
        "roles": ["agent", "superuser"],
        "teams": ["nord"],
        "iat": now,
        "exp": now + 300,
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def signed(body: dict[str, Any], key: Any = RSA_KEY, **headers: Any) -> str:
    algorithm = headers.pop("alg", "RS256")
    return jwt.encode(body, key, algorithm=algorithm, headers={"kid": "rsa", **headers})


def part(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def signed_by_hand(header: bytes, body: bytes) -> str:
    """RS256 over bytes that no library would write."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    content = f"{part(header)}.{part(body)}"
    signature = RSA_KEY.sign(content.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{content}.{part(signature)}"


def public_pem(key: Any) -> bytes:
    pem: bytes = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return pem


def hmac_with_public_key(issuer: Issuer) -> str:
    content = f"{part({'alg': 'HS256', 'kid': 'rsa'})}.{part(claims(issuer))}"
    mac = hmac.new(public_pem(RSA_KEY), content.encode(), hashlib.sha256).digest()
    return f"{content}.{part(mac)}"


def unsigned(issuer: Issuer, algorithm: str) -> str:
    return f"{part({'alg': algorithm, 'kid': 'rsa'})}.{part(claims(issuer))}."


def in_s(seconds: int) -> int:
    return int(SystemClock().now().timestamp()) + seconds


ATTACKS: dict[str, Callable[[Issuer], str]] = {
    "alg none": lambda i: unsigned(i, "none"),
    "alg None": lambda i: unsigned(i, "None"),
    "alg empty": lambda i: unsigned(i, ""),
    "alg is a list": lambda i: f"{part({'alg': ['RS256'], 'kid': 'rsa'})}.{part(claims(i))}.AA",
    "no alg": lambda i: f"{part({'kid': 'rsa'})}.{part(claims(i))}.AA",
    "HS256 with the public key as secret": hmac_with_public_key,
    "RS512, which is not ours": lambda i: signed(claims(i), alg="RS512"),
    "PS256, which is not ours": lambda i: signed(claims(i), alg="PS256"),
    "ES256 header on an RSA key": lambda i: signed(claims(i), EC_KEY, alg="ES256"),
    "key of another kid": lambda i: signed(claims(i), RSA_KEY, kid="ec"),
    "foreign key under our kid": lambda i: signed(claims(i), NEXT_RSA_KEY),
    "RSA below 2048 bits": lambda i: signed(claims(i), WEAK_RSA_KEY, kid="weak"),
    "a key for encryption": lambda i: signed(claims(i), NEXT_RSA_KEY, kid="encryption"),
    "symmetric key in the set": lambda i: signed(
        claims(i), base64.urlsafe_b64decode("c2VjcmV0" * 8), alg="HS256", kid="shared"
    ),
    "wrong iss": lambda i: signed(claims(i, iss=i.url + "/")),
    "iss is a list": lambda i: signed_by_hand(
        b'{"alg":"RS256","kid":"rsa"}', json.dumps(claims(i, iss=[i.url])).encode()
    ),
    "dev issuer": lambda i: signed(claims(i, iss="dev")),
    "wrong aud": lambda i: signed(claims(i, aud="other")),
    "aud only begins like ours": lambda i: signed(claims(i, aud="ombud-admin")),
    "aud is null": lambda i: signed_by_hand(
        b'{"alg":"RS256","kid":"rsa"}', json.dumps({**claims(i), "aud": None}).encode()
    ),
    "typ of another use": lambda i: signed(claims(i), typ="logout+jwt"),
    "typ is a number": lambda i: signed_by_hand(
        b'{"alg":"RS256","kid":"rsa","typ":7}', json.dumps(claims(i)).encode()
    ),
    "expired": lambda i: signed(claims(i, exp=in_s(-31))),
    "not yet valid": lambda i: signed(claims(i, nbf=in_s(60))),
    "issued in the future": lambda i: signed(claims(i, iat=in_s(60))),
    "exp is a text": lambda i: signed(claims(i, exp="tomorrow")),
    "exp is infinite": lambda i: signed_by_hand(
        b'{"alg":"RS256","kid":"rsa"}',
        json.dumps({**claims(i), "exp": float("inf")}).encode(),
    ),
    **{
        f"no {name}": lambda i, name=name: signed(claims(i, **{name: None}))  # type: ignore[misc]
        for name in ("exp", "iat", "iss", "sub", "aud")
    },
    "sub is a number": lambda i: signed_by_hand(
        b'{"alg":"RS256","kid":"rsa"}', json.dumps({**claims(i), "sub": 7}).encode()
    ),
    "sub is empty": lambda i: signed(claims(i, sub="")),
    "unknown crit": lambda i: signed(claims(i), crit=["exp-policy"], **{"exp-policy": 1}),
    "crit b64": lambda i: signed_by_hand(
        b'{"alg":"RS256","kid":"rsa","b64":false,"crit":["b64"]}', json.dumps(claims(i)).encode()
    ),
    "jku": lambda i: signed(claims(i), NEXT_RSA_KEY, kid="own", jku=f"{i.url}/evil"),
    "x5u": lambda i: signed(claims(i), NEXT_RSA_KEY, kid="own", x5u=f"{i.url}/evil"),
    "embedded jwk": lambda i: signed(
        claims(i), NEXT_RSA_KEY, kid="own", jwk=jwk(NEXT_RSA_KEY, "RS256", "own")
    ),
    "kid goes up the tree": lambda i: signed(claims(i), kid="../../../../etc/passwd"),
    "kid speaks SQL": lambda i: signed(claims(i), kid="rsa' or '1'='1"),
    "kid is an object": lambda i: signed_by_hand(
        b'{"alg":"RS256","kid":{"a":1}}', json.dumps(claims(i)).encode()
    ),
    "no kid": lambda i: signed_by_hand(b'{"alg":"RS256"}', json.dumps(claims(i)).encode()),
    "duplicate claims": lambda i: signed_by_hand(
        b'{"alg":"RS256","kid":"rsa"}',
        json.dumps(claims(i)).encode()[:-1] + b',"sub":"lea"}',
    ),
    "duplicate alg": lambda i: signed_by_hand(
        b'{"alg":"none","alg":"RS256","kid":"rsa"}', json.dumps(claims(i)).encode()
    ),
    "claims are a list": lambda i: signed_by_hand(b'{"alg":"RS256","kid":"rsa"}', b"[1]"),
    "claims are no JSON": lambda i: signed_by_hand(b'{"alg":"RS256","kid":"rsa"}', b"{"),
    "claims are no UTF-8": lambda i: signed_by_hand(
        b'{"alg":"RS256","kid":"rsa"}', b'{"a":"\xff"}'
    ),
    "claims nested a thousand times": lambda i: signed_by_hand(
        b'{"alg":"RS256","kid":"rsa"}', b"[" * 2500 + b"]" * 2500
    ),
    "64 kB": lambda i: signed(claims(i, junk="x" * 65_536)),
    "just above the limit": lambda i: signed(claims(i, junk="x" * MAX_TOKEN_BYTES)),
    "changed signature": lambda i: signed(claims(i))[:-6] + "AAAAAA",
    "signature cut off": lambda i: signed(claims(i)).rpartition(".")[0] + ".",
    "two parts": lambda i: signed(claims(i)).rpartition(".")[0],
    "five parts": lambda i: f"{signed(claims(i))}.AA.BB",
    "not base64": lambda i: "%%%.%%%.%%%",
    "empty parts": lambda i: "..",
    "development token": lambda i: DEV.token("ann", "Ann", roles=["agent"]),
}


@pytest.mark.filterwarnings("ignore:The RSA key is 1024 bits")
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
async def test_an_attack_is_answered_401(
    ask: Ask, issuer: Issuer, attack: Callable[[Issuer], str]
) -> None:
    assert (await ask(signed(claims(issuer)))).status_code == 200, "the good token is taken"
    answer = await ask(attack(issuer))
    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthorized"
    assert issuer.url not in answer.text


@pytest.mark.parametrize(
    ("key", "headers"),
    [
        (RSA_KEY, {}),
        (RSA_KEY, {"typ": "at+jwt"}),
        (EC_KEY, {"alg": "ES256", "kid": "ec"}),
        (ED_KEY, {"alg": "EdDSA", "kid": "ed"}),
    ],
    ids=["RS256", "at+jwt", "ES256", "EdDSA"],
)
async def test_good_tokens_are_taken(
    ask: Ask, issuer: Issuer, key: Any, headers: dict[str, str]
) -> None:
    assert (await ask(signed(claims(issuer), key, **headers))).status_code == 200
    assert (await ask(signed(claims(issuer, aud=["x", AUDIENCE]), key, **headers))).is_success
    within_leeway = claims(issuer, exp=in_s(-20), iat=in_s(20))
    assert (await ask(signed(within_leeway, key, **headers))).is_success


async def test_what_a_token_says_about_its_bearer(issuer: Issuer) -> None:
    authenticator = OidcAuthenticator(issuer.url, AUDIENCE, clock=SystemClock())
    person = await authenticator.authenticate(signed(claims(issuer)))
    assert person.id == f"{issuer.url}|ann"
    assert person.name == "Ann"
    assert person.roles == {"agent"}, "a role the house does not know is no role"
    assert person.teams == {"nord"}
    assert not person.is_service
    for machine in ({"kind": "service"}, {"client_id": "ann"}, {"azp": "ann"}):
        assert (await authenticator.authenticate(signed(claims(issuer, **machine)))).is_service
    odd = await authenticator.authenticate(
        signed(claims(issuer, roles="agent", teams={"a": 1}, name=["x"]))
    )
    assert (odd.roles, odd.teams, odd.name) == (frozenset(), frozenset(), "ann")


# --- the issuer's keys over time -----------------------------------------------------------------


async def refusal(authenticator: OidcAuthenticator, token: str) -> str:
    with pytest.raises(TokenRefusedError) as refused:
        await authenticator.authenticate(token)
    return refused.value.reason


async def test_unknown_keys_cause_one_fetch_in_thirty_seconds(issuer: Issuer) -> None:
    clock = ManualClock()
    authenticator = OidcAuthenticator(issuer.url, AUDIENCE, clock=clock)
    await authenticator.authenticate(signed(claims(issuer)))
    assert issuer.fetches == 1
    tokens = [signed(claims(issuer), kid=f"made-up-{number}") for number in range(20)]
    reasons = await asyncio.gather(*(refusal(authenticator, token) for token in tokens))
    assert set(reasons) == {"unknown_key"}
    assert issuer.fetches == 1
    clock.advance(timedelta(seconds=31))
    await asyncio.gather(*(refusal(authenticator, token) for token in tokens))
    assert issuer.fetches == 2


async def test_a_rotated_key_is_found_and_the_old_one_dropped(issuer: Issuer) -> None:
    clock = ManualClock()
    authenticator = OidcAuthenticator(issuer.url, AUDIENCE, clock=clock)
    old = signed(claims(issuer))
    await authenticator.authenticate(old)
    issuer.keys = [jwk(NEXT_RSA_KEY, "RS256", "next")]
    clock.advance(timedelta(seconds=31))
    new = signed(claims(issuer), NEXT_RSA_KEY, kid="next")
    assert (await authenticator.authenticate(new)).name == "Ann"
    # The old token is still remembered for the rest of its minute, no longer.
    assert (await authenticator.authenticate(old)).name == "Ann"
    clock.advance(timedelta(seconds=30))
    assert await refusal(authenticator, old) == "unknown_key"


async def test_old_keys_count_for_a_day_while_the_issuer_is_down(issuer: Issuer) -> None:
    clock = ManualClock()
    authenticator = OidcAuthenticator(issuer.url, AUDIENCE, clock=clock)
    await authenticator.authenticate(signed(claims(issuer)))
    issuer.is_down = True
    clock.advance(timedelta(hours=23, minutes=59))
    assert (await authenticator.authenticate(signed(claims(issuer)))).name == "Ann"
    clock.advance(timedelta(minutes=2))
    assert await refusal(authenticator, signed(claims(issuer))) == "no_keys"
    issuer.is_down = False
    clock.advance(timedelta(seconds=31))
    assert (await authenticator.authenticate(signed(claims(issuer)))).name == "Ann"


async def test_an_issuer_that_is_down_from_the_start_means_401(issuer: Issuer, ask: Ask) -> None:
    issuer.is_down = True
    assert (await ask(signed(claims(issuer)))).status_code == 401


ODD_ISSUERS: dict[str, dict[str, Any]] = {
    "redirects": {"redirect_to": "/elsewhere"},
    "names another issuer": {"names_issuer": "https://elsewhere.example"},
    "keys over http elsewhere": {"names_keys_at": "http://elsewhere.example/keys"},
    "keys in a file": {"names_keys_at": "file:///etc/passwd"},
    "address of keys is a number": {"names_keys_at": 7},
    "address of keys is broken": {"names_keys_at": "http://[::1"},
    "only weak keys": {"keys": [jwk(WEAK_RSA_KEY, "RS256", "rsa")]},
    "no keys": {"keys": []},
    "keys are no list": {"keys": 7},
    "keys are texts": {"keys": ["rsa"]},
    "keys without members": {"keys": [{}, {"kid": "rsa"}]},
    "endless": {"keys": ["x" * 300_000]},
}


@pytest.mark.parametrize("oddity", ODD_ISSUERS.values(), ids=ODD_ISSUERS.keys())
async def test_an_issuer_that_answers_oddly_gives_no_keys(
    issuer: Issuer, ask: Ask, oddity: dict[str, Any]
) -> None:
    for name, value in oddity.items():
        setattr(issuer, name, value)
    assert (await ask(signed(claims(issuer)))).status_code == 401
    authenticator = OidcAuthenticator(issuer.url, AUDIENCE, clock=SystemClock())
    assert await refusal(authenticator, signed(claims(issuer))) == "no_keys"


async def test_keys_are_fetched_in_the_background_before_anybody_asks(issuer: Issuer) -> None:
    authenticator = OidcAuthenticator(issuer.url, AUDIENCE, clock=SystemClock())
    stop = asyncio.Event()
    running = asyncio.create_task(authenticator.run(stop))
    await eventually(lambda: issuer.fetches == 1)
    stop.set()
    await asyncio.wait_for(running, 2)


async def test_a_verified_token_is_not_verified_again_within_a_minute(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ManualClock()
    authenticator = OidcAuthenticator(issuer.url, AUDIENCE, clock=clock)
    token = signed(claims(issuer))
    first = await authenticator.authenticate(token)
    verified: list[str] = []
    decode = jwt.decode
    monkeypatch.setattr(
        "common.web.tokens.jwt.decode", lambda *a, **k: verified.append("again") or decode(*a, **k)
    )
    assert await authenticator.authenticate(token) is first
    assert verified == []
    clock.advance(timedelta(seconds=61))
    await authenticator.authenticate(token)
    assert verified == ["again"]


# --- which issuer, by settings -----------------------------------------------------------------


async def test_an_app_for_development_refuses_the_issuers_tokens(issuer: Issuer) -> None:
    with pytest.raises(TokenRefusedError):
        await DEV.authenticate(signed(claims(issuer)))


@pytest.mark.parametrize(
    ("environment", "names"),
    [
        ({"auth": "oidc"}, "OMBUD_OIDC_ISSUER"),
        ({"auth": "dev"}, "OMBUD_DEV_TOKEN_SECRET"),
        ({"auth": "oidc", "oidc_issuer": "http://issuer.example"}, "https"),
        (
            {
                "auth": "oidc",
                "oidc_issuer": "https://issuer.example",
                "oidc_jwks_url": "http://issuer.example/keys",
            },
            "https",
        ),
    ],
)
def test_settings_that_do_not_suffice_are_refused(environment: dict[str, str], names: str) -> None:
    with pytest.raises(ConfigurationError, match=names):
        authenticator_for(AuthSettings(**environment), clock=SystemClock())  # type: ignore[arg-type]


def test_development_tokens_count_only_where_the_settings_say_so() -> None:
    secret = {"dev_token_secret": "a secret for tests that has enough bytes"}
    dev = authenticator_for(AuthSettings(auth="dev", **secret), clock=SystemClock())  # type: ignore[arg-type]
    assert isinstance(dev, DevIssuer)
    oidc = authenticator_for(
        AuthSettings(auth="oidc", oidc_issuer="https://issuer.example", **secret),  # type: ignore[arg-type]
        clock=SystemClock(),
    )
    assert isinstance(oidc, OidcAuthenticator)
