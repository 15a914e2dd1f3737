"""Repeat contact (S12): the same person's earlier service mentions, across networks if linked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from classifier_builders import NEWS, NOW, QUESTION, classify, received

pytestmark = pytest.mark.postgres
DAY = timedelta(days=1)


def counts(events):
    return [event.data.classification.repeat_contacts for event in events]


async def test_earlier_service_mentions_of_the_author_count(units, classify_mentions):
    old = [
        received("r1", author="r", posted_at=NOW - 15 * DAY),
        received("r2", author="r", posted_at=NOW - 13 * DAY),
        received("r3", NEWS, author="r", posted_at=NOW - 2 * DAY),
        received("r4", author="r", posted_at=NOW - DAY),
        received("r5", author="somebody else", posted_at=NOW - DAY),
        received("r6", author="r", network="othernet", posted_at=NOW - DAY),
    ]
    for event in old:
        await classify(units, classify_mentions, [event])
    found = await classify(units, classify_mentions, [received("r7", author="r")])
    assert counts(found) == [2], "not the 15 days old one, no news, nobody else's"


async def test_those_of_the_same_batch_count_in_the_order_of_posting(units, classify_mentions):
    batch = [
        received("b3", author="b", posted_at=NOW + 2 * DAY),
        received("b1", author="b", posted_at=NOW),
        received("b2", author="b", posted_at=NOW + DAY),
        received("b4", author="c", posted_at=NOW + 2 * DAY),
    ]
    assert counts(await classify(units, classify_mentions, batch)) == [2, 0, 1, 0]


async def test_linked_authors_are_one_person(units, classify_mentions, client, as_role):
    await classify(units, classify_mentions, [received("i1", author="m-1", network="mail")])
    await classify(units, classify_mentions, [received("i2", author="x-1", network="xnet")])
    members = [
        {"network": "mail", "author_id": "m-1"},
        {"network": "xnet", "author_id": "x-1"},
    ]
    linked = await client.post(
        "/identities",
        json={"members": members, "reason": "Steht in ihrer Mail."},
        headers=as_role("agent"),
    )
    assert linked.status_code == 201
    person = linked.json()["person_id"]
    later = [
        received("i3", author="m-1", network="mail", posted_at=NOW + DAY),
        received("i4", author="x-1", network="xnet", posted_at=NOW + 2 * DAY),
    ]
    assert counts(await classify(units, classify_mentions, later)) == [2, 3]

    third = {"network": "bsky", "author_id": "did:1"}
    again = await client.post(
        "/identities",
        json={"members": [members[0], third], "reason": "Auch dort."},
        headers=as_role("lead"),
    )
    assert again.json()["person_id"] == person
    assert len(again.json()["members"]) == 3

    gone = await client.post(
        f"/identities/{person}/unlink", json={"reason": "Irrtum."}, headers=as_role("lead")
    )
    assert gone.status_code == 204
    alone = received("i5", QUESTION, author="did:1", network="bsky", posted_at=NOW + 3 * DAY)
    assert counts(await classify(units, classify_mentions, [alone])) == [0]
    seen = await client.get(f"/identities/{person}", headers=as_role("agent"))
    assert seen.status_code == 404
