"""Every gate against the sets of sentences, and the properties that no sentence shows."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import ConfigurationError
from responder.domain.gates.canned import individuality
from responder.domain.gates.check import check_reply
from responder.domain.gates.findings import Address, Finding, Level, Policy
from responder.domain.gates.judging import Verdict, loudest
from responder.domain.gates.measure import Figure, Sentences, figures
from responder.domain.gates.promise import promises
from responder.domain.gates.reply import Limit, Reply
from responder.domain.words import Audience
from responder.gateways.judgement import judge as judging
from responder.gateways.judgement.artefact import read_numbers
from responder.gateways.judgement.judge import judge
from responder.gateways.phones import find_phones
from responder.handlers.measure_gates import is_examiners, read_sets

SETS = Path(__file__).resolve().parents[1] / "gate_sets"
NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)  # a Friday, 10:30 in Berlin
ZONE = "Europe/Berlin"
LEAST_HITS, MOST_FALSE_ALARMS = 0.95, 0.06
LEAST_UNKNOWN_HITS, MOST_UNKNOWN_FALSE_ALARMS = 0.65, 0.1


def check(text: str, **known: object) -> list[Finding]:
    reply = Reply(text=text, **known)  # type: ignore[arg-type]
    return list(_check(reply))


def rules(text: str, **known: object) -> set[str]:
    return {finding.rule for finding in check(text, **known)}


def _check(reply: Reply) -> Sequence[Finding]:
    return check_reply(reply, judge=judge, phones=find_phones, now=NOW, zone=ZONE)


def _check_unjudged(reply: Reply) -> Sequence[Finding]:
    return check_reply(reply, judge=lambda _: (), phones=find_phones, now=NOW, zone=ZONE)


def _figures(sets: Sequence[Sentences]) -> Iterator[Figure]:
    for each in sets:
        is_judged = each.rule.partition(".")[0] in {"tone", "bounce", "promise"}
        yield from figures([each], check=_check if is_judged else _check_unjudged)


def _together(found: Sequence[Figure]) -> Figure:
    return Figure(
        rule=found[0].rule,
        must_hit=sum(figure.must_hit for figure in found),
        must_not=sum(figure.must_not for figure in found),
        missed=tuple(text for figure in found for text in figure.missed),
        false_alarms=tuple(text for figure in found for text in figure.false_alarms),
    )


ALL_SETS = read_sets(SETS)
EXAMINERS = sorted(name for name in ALL_SETS if is_examiners(name))
RULES = sorted({each.rule for name, sets in ALL_SETS.items() for each in sets} - {"tone"})


@cache
def _known(rule: str) -> Figure:
    """What the gates learned from, or were written beside."""
    sets = [s for name, sets in ALL_SETS.items() if name not in EXAMINERS for s in sets]
    return _together(list(_figures([each for each in sets if each.rule == rule])))


@cache
def _unknown(name: str) -> Sequence[Figure]:
    """What an examiner wrote: nothing was learned from it, nothing chosen by it."""
    return list(_figures(ALL_SETS[name]))


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_hits_what_it_knows_and_little_else(rule: str) -> None:
    figure = _known(rule)
    assert figure.hit_rate >= LEAST_HITS, figure.missed
    assert figure.false_alarm_rate <= MOST_FALSE_ALARMS, figure.false_alarms


@pytest.mark.parametrize("name", EXAMINERS)
def test_the_judge_finds_what_an_examiner_wrote_and_spares_the_rest(name: str) -> None:
    rules = [figure for figure in _unknown(name) if figure.must_hit]
    clean = [figure for figure in _unknown(name) if not figure.must_hit]
    together = _together(rules)
    assert together.hit_rate >= LEAST_UNKNOWN_HITS, together.missed
    assert together.false_alarm_rate <= MOST_UNKNOWN_FALSE_ALARMS, together.false_alarms
    for figure in clean:
        assert figure.false_alarm_rate <= MOST_UNKNOWN_FALSE_ALARMS, figure.false_alarms


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_at_least_sixty_texts_of_each_sort(rule: str) -> None:
    unknown = [figure for name in EXAMINERS for figure in _unknown(name) if figure.rule == rule]
    figure = _together([_known(rule), *unknown])
    assert min(figure.must_hit, figure.must_not) >= 60


def test_a_finding_names_its_place_in_code_points() -> None:
    text = "🏍️ Grüße! Deine IBAN DE89 3704 0044 0532 0130 00 passt."
    (finding,) = [f for f in check(text) if f.rule == "personal_data.iban"]
    assert text[finding.start : finding.end] == "DE89 3704 0044 0532 0130 00"
    assert finding.message
    assert finding.way_out


def test_private_words_may_hold_personal_data() -> None:
    text = "Deine IBAN DE89 3704 0044 0532 0130 00 stimmt."
    assert "personal_data.iban" not in rules(text, visibility=Audience.PRIVATE)


def test_the_policy_of_the_account_decides_how_much_a_rule_weighs() -> None:
    policy = Policy(levels={"tone.irony": Level.BLOCK, "tone": Level.NOTE})
    levels = {
        finding.rule: finding.level
        for finding in check("Na bravo. Das steht doch da.", policy=policy)
    }
    assert levels["tone.irony"] is Level.BLOCK
    assert levels["tone.condescending"] is Level.NOTE


@pytest.mark.parametrize("known", [{"kind": "correction"}, {"is_crisis": True}])
def test_corrections_and_crises_make_the_tone_stricter(known: dict[str, object]) -> None:
    text = "Das steht doch eindeutig in der Mail."
    usual = {finding.rule: finding.level for finding in check(text)}
    strict = {finding.rule: finding.level for finding in check(text, **known)}
    assert usual["tone.condescending"] is Level.CONFIRM
    assert strict["tone.condescending"] is Level.BLOCK


def test_own_contacts_and_number_masks_are_the_accounts() -> None:
    policy = Policy(own_contacts=("030 5550123",), order_formats=("MA-##@##",))
    assert "personal_data.phone" not in rules("Wir sind unter 030 5550123 da.", policy=policy)
    assert "personal_data.order_number" in rules("Es geht um ma-12x34.", policy=policy)
    assert "personal_data.order_number" not in rules("Es geht um ma-12x34.")


def test_an_account_may_always_say_du() -> None:
    policy = Policy(address=Address.DU)
    assert "register.du_sie" in rules("Wir helfen Ihnen.", policy=policy)
    assert "register.du_sie" not in rules("Wir helfen dir.", policy=policy)


def test_abuse_is_not_mirrored() -> None:
    text = "Wir helfen Ihnen gern."
    assert "register.du_sie" in rules(text, customer_text="Kannst du mir helfen?")
    abusive = "Du Idiot, kannst du mir helfen?"
    assert "register.du_sie" not in rules(text, customer_text=abusive)


def test_too_long_is_measured_as_the_channel_counts() -> None:
    limit = Limit("bytes", 10, lambda text: len(text.encode()))
    (finding,) = [f for f in check("ä" * 6, limits=(limit,)) if f.family == "length"]
    assert (finding.rule, finding.level, finding.start) == ("length.channel", Level.BLOCK, 5)
    assert "length.channel" not in rules("ä" * 5, limits=(limit,))


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("Wir melden uns bis morgen.", "2026-11-21T22:59:00+00:00"),
        ("Ich rufe dich heute um 15 Uhr an.", "2026-11-20T14:00:00+00:00"),
        ("Wir schicken es am Montag.", "2026-11-23T22:59:00+00:00"),
        ("Das Geld überweisen wir innerhalb von drei Werktagen.", "2026-11-25T22:59:00+00:00"),
        ("Wir liefern bis zum 24.12.", "2026-12-24T22:59:00+00:00"),
        ("We will call you within two hours.", "2026-11-20T11:30:00+00:00"),
        ("You'll get it by next week.", "2026-11-27T22:59:00+00:00"),
    ],
)
def test_a_promise_knows_when_it_is_due(text: str, due: str) -> None:
    assert promises(text, (), now=NOW, zone=ZONE) == [(text, datetime.fromisoformat(due))]


def test_each_promise_of_a_reply_counts() -> None:
    text = "Wir prüfen das bis morgen. Den Tank liefern wir am Mittwoch."
    assert [due.day for _, due in promises(text, (), now=NOW, zone=ZONE)] == [21, 25]


def test_individuality_tells_a_module_from_an_answer() -> None:
    customer = "Die Kupplung meiner Tourer rutscht seit dem Service."
    module = "Vielen Dank für Ihre Nachricht. Wir bitten um Ihr Verständnis."
    answer = "Dass die Kupplung rutscht, prüft Tom heute, er holt die Tourer um zwölf ab."
    low = individuality(Reply(text=module, customer_text=customer))
    high = individuality(Reply(text=answer, customer_text=customer))
    assert low < 0.3 < 0.8 < high
    again = Reply(text=answer, customer_text=customer, recent_replies=(answer,))
    assert individuality(again) == 0.0


@settings(max_examples=200, deadline=None)
@given(
    text=st.text(max_size=300),
    customer=st.text(max_size=100),
    known=st.lists(st.text(max_size=20), max_size=3),
    recent=st.lists(st.text(max_size=60), max_size=3),
)
def test_any_text_is_checked_and_places_lie_inside_it(
    text: str, customer: str, known: list[str], recent: list[str]
) -> None:
    found = check(
        text,
        customer_text=customer,
        known_values=tuple(known),
        recent_replies=tuple(recent),
    )
    assert all(0 <= finding.start <= finding.end <= len(text) for finding in found)
    assert found == sorted(found, key=lambda f: (f.start, f.end, f.rule))


@pytest.mark.parametrize(
    "piece", ["wir haben ", "a.b@c ", "DE89 ", "12 ", "0171-", "habt ihr, ", "A-B ", "Am Weg "]
)
def test_a_long_text_made_to_be_slow_is_not(piece: str) -> None:
    began = time.process_time()
    check(piece * (10_000 // len(piece)), customer_text=piece * 100)
    assert time.process_time() - began < 3.0


def test_a_finding_of_the_judge_names_the_sentence_and_what_weighed_most() -> None:
    text = "Hallo Herr Wenz, das hätte man auch selbst nachlesen können. Der Akku ist raus."
    (finding,) = [f for f in check(text) if f.rule == "tone.condescending"]
    assert text[finding.start : finding.end] == "das hätte man auch selbst nachlesen können."
    assert "What weighed most: “" in finding.message


def test_a_promise_without_a_date_is_told_and_becomes_none() -> None:
    text = "Sobald die Bremse geprüft ist, noch vor Ihrer Tour, haben Sie Bescheid."
    verdict = Verdict(rule="promise", start=0, end=len(text), margin=1.0)
    reply = Reply(text=text)
    found = check_reply(reply, judge=lambda _: (verdict,), phones=find_phones, now=NOW, zone=ZONE)
    assert [finding.rule for finding in found] == ["promise.undated"]
    assert promises(text, (verdict,), now=NOW, zone=ZONE) == []


def test_of_one_sentence_the_strongest_rule_speaks_and_others_only_where_they_are_clear() -> None:
    place = {"start": 0, "end": 9}
    irony, personal, offended = (
        Verdict(rule=f"tone.{name}", margin=margin, **place)
        for name, margin in (("irony", 2.0), ("personal", 1.5), ("offended", 0.4))
    )
    assert loudest([irony, personal, offended]) == [irony, personal]


def test_a_reply_of_two_hundred_characters_is_judged_in_milliseconds() -> None:
    text = "Hallo Karla, die Kette liegt seit heute in Kassel. Wir bauen sie am Freitag ein, "
    text += (
        "das dauert eine Stunde. Magst du warten oder einen Leihroller haben? Der kostet nichts."
    )
    judge(text)
    began = time.process_time()
    for _ in range(10):
        judge.__wrapped__(text)
    assert (time.process_time() - began) / 10 < 0.1


def test_damaged_numbers_are_refused(tmp_path: Path) -> None:
    shipped = Path(judging.__file__).with_name("artefact")
    for name in ("judge.npz", "judge.json"):
        (tmp_path / name).write_bytes((shipped / name).read_bytes())
    assert read_numbers(tmp_path).version == judging.numbers().version
    damaged = bytearray((shipped / "judge.npz").read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / "judge.npz").write_bytes(damaged)
    with pytest.raises(ConfigurationError):
        read_numbers(tmp_path)
