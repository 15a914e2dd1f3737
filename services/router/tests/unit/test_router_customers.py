"""How much of a customer a role sees, and how a circuit opens and closes (S111, S112)."""

from __future__ import annotations

from datetime import date

import pytest

from common.errors import ForbiddenError, InvalidInputError
from router.domain.customers import (
    FIELDS,
    Customer,
    known_fields,
    plain_look,
    shown,
    unmasking,
)
from router.gateways.circuit import Circuit

KURT = Customer(
    customer_id="K-4711",
    name="Kurt Kolben",
    email="kurt.kolben@post.example",
    phone="+49 170 1234567",
    address="Ritzelweg 3, 12345 Nabenstadt",
    customer_since=date(2019, 5, 1),
    products=("Tourer 800",),
)


def test_each_role_sees_its_part() -> None:
    seen = {role: shown(KURT, plain_look([role])) for role in ("triage", "agent", "lead")}
    assert {role: (each.name, each.email) for role, each in seen.items()} == {
        "triage": ("K. K.", "k***@***.example"),
        "agent": ("Kurt Kolben", "k***@***.example"),
        "lead": ("Kurt Kolben", "kurt.kolben@post.example"),
    }
    assert {(each.phone, each.address) for each in seen.values()} == {("*** 67", "***")}
    assert all(each.customer_id == "K-4711" for each in seen.values())
    assert plain_look(["triage", "lead"]).role == "lead"


@pytest.mark.parametrize("value", ["", "@", "kurt@", "kurt@host", "12345", "x"])
def test_what_is_hardly_anything_is_hidden_whole(value: str) -> None:
    odd = Customer(customer_id="K-1", name=None, email=value, phone=value)
    seen = shown(odd, plain_look(["triage"]))
    assert (seen.name, seen.email, seen.phone) == (None, "***", "***")


def test_unmasking_shows_what_was_asked_for_and_keeps_the_purpose() -> None:
    look = unmasking(["agent"], ["phone"], purpose=" Die Werkstatt ruft an. ")
    assert shown(KURT, look).phone == KURT.phone
    assert shown(KURT, look).email == "k***@***.example"
    assert (look.asked_for, look.purpose) == (("phone",), "Die Werkstatt ruft an.")


def test_unmasking_needs_a_role_a_purpose_and_fields_that_are_masked() -> None:
    with pytest.raises(ForbiddenError):
        unmasking(["triage"], ["phone"], purpose="x")
    for wanted, purpose in ((["phone"], " "), ([], "x"), (["customer_id"], "x"), (["shoe"], "x")):
        with pytest.raises(InvalidInputError):
            unmasking(["lead"], wanted, purpose=purpose)


def test_an_entry_names_the_fields_that_held_something() -> None:
    assert known_fields([]) == ()
    assert known_fields([Customer(customer_id="K-1"), Customer(customer_id="K-2", phone="1")]) == (
        "customer_id",
        "phone",
    )
    assert known_fields([KURT]) == FIELDS[:-1]


def test_a_circuit_opens_after_failures_in_a_row_and_lets_one_trial_through() -> None:
    now = [0.0]
    circuit = Circuit(failures=3, open_s=30, monotonic=lambda: now[0])
    for _ in range(2):
        circuit.failed()
    circuit.succeeded()
    for _ in range(3):
        assert circuit.lets_through()
        circuit.failed()
    assert not circuit.lets_through()
    now[0] = 30.0
    assert [circuit.lets_through() for _ in range(3)] == [True, False, False]
    circuit.failed()
    now[0] = 59.0
    assert not circuit.lets_through()
    now[0] = 60.0
    assert circuit.lets_through()
    circuit.abandoned()
    assert circuit.lets_through()
    circuit.succeeded()
    assert all(circuit.lets_through() for _ in range(3))
