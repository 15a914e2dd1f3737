"""`ombud gate`: one answer per line, in order; what cannot be read is said and ends with 1."""

from __future__ import annotations

import orjson
import pytest
from typer.testing import CliRunner

from ombud.__main__ import app


@pytest.fixture
def gate():
    """Run `ombud gate` over these lines; exit code and answers."""

    def run(*lines: bytes) -> tuple[int, list[dict]]:
        result = CliRunner().invoke(app, ["gate"], input=b"\n".join(lines) + b"\n")
        return result.exit_code, [orjson.loads(line) for line in result.stdout.splitlines() if line]

    return run


def test_each_line_gets_its_findings_in_order(gate):
    code, answers = gate(
        b'{"text": "Bitte wenden Sie sich an unsere Hotline."}',
        b'{"text": "Wir tauschen die Kette heute aus."}',
        b'{"text": "Es ist 4711-0815.", "known_values": ["47110815"], "visibility": "public"}',
        b'{"text": "Es ist 4711-0815.", "known_values": ["47110815"], "visibility": "private"}',
    )
    assert code == 0
    rules = [[finding["rule"] for finding in answer["findings"]] for answer in answers]
    assert rules == [["bounce.hotline"], ["promise.dated"], ["personal_data.known_value"], []]
    (finding,) = answers[2]["findings"]
    assert (finding["start"], finding["end"], finding["level"]) == (7, 16, "block")
    assert set(finding) == {"rule", "level", "start", "end", "message", "way_out"}


@pytest.mark.parametrize(
    "bad",
    [b"no json", b"[]", b"{}", b'{"text": 1}', b'{"text": "a", "visibility": "secret"}'],
)
def test_a_bad_line_has_its_error_in_its_place_and_loses_no_other(gate, bad):
    code, answers = gate(b'{"text": "Hallo."}', bad, b'{"text": "Hallo."}')
    assert code == 1
    assert [sorted(answer) for answer in answers] == [["findings"], ["error"], ["findings"]]
    assert answers[1]["error"]["line"] == 2
    assert answers[1]["error"]["message"]
