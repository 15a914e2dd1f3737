"""The password verifier, checked against the example of RFC 7677 section 3."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from common.db.roles import role_name, scram_verifier

NONCE = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
SALT = "W22ZaJ0SNY7soEsUEjb6gQ=="
AUTH_MESSAGE = f"n=user,r=rOprNGfwEbeRWgbNEkqO,r={NONCE},s={SALT},i=4096,c=biws,r={NONCE}".encode()
CLIENT_PROOF = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
SERVER_SIGNATURE = "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


def test_the_verifier_accepts_the_proof_of_the_rfc() -> None:
    verifier = scram_verifier("pencil", salt=base64.b64decode(SALT))
    head, keys = verifier.rsplit("$", 1)
    assert head == f"SCRAM-SHA-256$4096:{SALT}"
    stored, server = (base64.b64decode(key) for key in keys.split(":"))

    signature = hmac.digest(stored, AUTH_MESSAGE, "sha256")
    proof = base64.b64decode(CLIENT_PROOF)
    client_key = bytes(a ^ b for a, b in zip(proof, signature, strict=True))
    assert hashlib.sha256(client_key).digest() == stored
    assert hmac.digest(server, AUTH_MESSAGE, "sha256") == base64.b64decode(SERVER_SIGNATURE)


@pytest.mark.parametrize("password", ["", "pässwort", "two\nlines"])
def test_passwords_that_would_need_preparation_are_refused(password: str) -> None:
    with pytest.raises(ValueError, match="printable ASCII"):
        scram_verifier(password, salt=b"x" * 16)


@pytest.mark.parametrize("name", ["", "Router", "a b", "x;drop table y", 'x"', "1a", "ä"])
def test_names_that_are_no_plain_identifiers_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not a service name"):
        role_name(name)


def test_the_role_of_a_service() -> None:
    assert role_name("router") == "ombud_router"
