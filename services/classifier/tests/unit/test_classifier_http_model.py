"""The HTTP model against a real server: answers, silence, errors, nonsense, budgets, pauses."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from classifier.domain.labels import Decision, EvidenceSource, Kind, Label, PostText
from classifier.gateways.http_model import Endpoint, HttpModel

POST = PostText(
    "@motorrad_ag @lena die Bremse rubbelt, Tel. 0170 1234567", frozenset({"motorrad_ag"})
)
GOOD = {
    "service": True,
    "confidence": 0.95,
    "kind": "problem",
    "abusive": False,
    "urgent": True,
    "evidence": ["Bremse rubbelt", "steht nicht da"],
}


class Server:
    """An endpoint that does what it is told; remembers what it was asked."""

    def __init__(self) -> None:
        self.says = json.dumps(GOOD)
        self.status = 200
        self.sleeps_s = 0.0
        self.dribbles_s = 0.0
        self.asked: list[dict] = []
        self.keys: list[str | None] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                server.asked.append(json.loads(body))
                server.keys.append(self.headers.get("authorization"))
                server.release.wait(server.sleeps_s)
                answer = json.dumps({"choices": [{"message": {"content": server.says}}]}).encode()
                self.send_response(server.status)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                step = 20 if server.dribbles_s else len(answer)
                try:
                    for begin in range(0, len(answer), step):
                        self.wfile.write(answer[begin : begin + step])
                        self.wfile.flush()
                        server.release.wait(server.dribbles_s)
                except OSError:
                    return  # the client had enough

            def log_message(self, *_):
                return

        self.release = threading.Event()
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_address[1]}/v1"

    def close(self) -> None:
        self.release.set()
        self.http.shutdown()
        self.http.server_close()
        self.thread.join(5)


@pytest.fixture
def server():
    server = Server()
    yield server
    server.close()


@pytest.fixture
def made(server, shipped):
    models = []

    def make(clock=time.monotonic, **changes) -> HttpModel:
        given = {"url": server.url, "model": "llm-1", "ask": "all", "timeout_s": 0.3} | changes
        models.append(HttpModel(Endpoint(**given), shipped, clock=clock))
        return models[-1]

    yield make
    for model in models:
        model.close()


def test_it_decides_and_says_so(server, made):
    (answer,) = made(key="k-1").classify([POST])
    assert (answer.label, answer.decision, answer.kind) == ("service", "service", "problem")
    assert (answer.confidence, answer.urgent, answer.abusive) == (0.95, True, False)
    assert answer.model == "http:llm-1"
    quotes = [e for e in answer.evidence if e.source == EvidenceSource.MODEL]
    assert [POST.text[e.start : e.end] for e in quotes] == ["Bremse rubbelt"]
    (asked,) = server.asked
    sent = asked["messages"][1]["content"]
    assert "Bremse rubbelt" in sent
    assert "@company" in sent
    assert not {"lena", "1234567"} & set(sent.replace("@", " ").split()), "persons stay here"
    assert "1234567" not in sent
    assert server.keys == ["Bearer k-1"]


def test_a_doubtful_answer_goes_to_a_person(server, made):
    server.says = json.dumps(GOOD | {"confidence": 0.6})
    (answer,) = made(sure_from=0.9).classify([POST])
    assert (answer.label, answer.decision) == (Label.SERVICE, Decision.TRIAGE)


def test_the_same_text_is_asked_once(server, made):
    model = made()
    assert model.classify([POST]) == model.classify([POST])
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "says",
    [
        "I think this is service.",
        "{",
        json.dumps(GOOD | {"kind": "praise"}),
        json.dumps(GOOD | {"kind": "poem"}),
        json.dumps(GOOD | {"confidence": 1.5}),
        json.dumps(GOOD | {"service": "yes"}),
        json.dumps(GOOD | {"mood": "bad"}),
        json.dumps({k: v for k, v in GOOD.items() if k != "abusive"}),
        f"```json\n{json.dumps(GOOD)}\n```",
    ],
)
def test_what_is_no_answer_is_not_taken_for_one(server, made, shipped, says):
    server.says = says
    assert made().classify([POST]) == shipped.classify([POST])
    assert server.asked


@pytest.mark.parametrize("status", [500, 429, 401, 302])
def test_an_error_leaves_it_to_the_shipped_model(server, made, shipped, status):
    server.status = status
    (answer,) = made().classify([POST])
    assert answer == shipped.classify([POST])[0]
    assert answer.model == shipped.version


@pytest.mark.parametrize("way", ["sleeps_s", "dribbles_s"])
def test_silence_costs_its_time_and_no_more(server, made, shipped, way):
    setattr(server, way, 0.2 if way == "dribbles_s" else 30.0)
    began = time.monotonic()
    (answer,) = made(timeout_s=0.3).classify([POST])
    assert time.monotonic() - began < 3
    assert answer.model == shipped.version


def test_a_batch_has_a_time_of_its_own(server, made, shipped):
    server.sleeps_s = 30.0
    posts = [PostText(f"Wo bleibt mein Helm {number}?") for number in range(40)]
    began = time.monotonic()
    answers = made(timeout_s=0.4, batch_s=0.6, parallel=2).classify(posts)
    assert time.monotonic() - began < 4
    assert answers == shipped.classify(posts)


def test_nobody_listens_at_all(made, shipped):
    (answer,) = made(url="http://127.0.0.1:9/v1").classify([POST])
    assert answer.model == shipped.version


def test_after_failures_in_a_row_it_is_left_alone_for_a_while(server, made):
    now = [0.0]
    model = made(clock=lambda: now[0], parallel=1)
    server.status = 500
    for number in range(8):
        model.classify([PostText(f"Wo bleibt mein Helm {number}?")])
    assert len(server.asked) == 5
    server.status, now[0] = 200, 31.0
    assert model.classify([POST])[0].model == model.version


def test_the_budget_of_minute_and_day_holds(server, made):
    now = [0.0]
    model = made(clock=lambda: now[0], per_minute=3, per_day=5, parallel=1)

    def decided(number: int) -> bool:
        (answer,) = model.classify([PostText(f"Wo bleibt mein Helm {number}?")])
        return answer.model == model.version

    assert [decided(number) for number in range(5)] == [True] * 3 + [False] * 2
    now[0] = 61.0
    assert [decided(number) for number in range(10, 15)] == [True] * 2 + [False] * 3
    now[0] = 86_500.0
    assert decided(20)
    assert len(server.asked) == 6


def test_another_model_behind_it_fills_no_budget_up_again(server, made, shipped):
    first = made(per_minute=1)
    assert first.classify([POST])[0].model == "http:llm-1"
    second = first.before(shipped)
    (known, other) = second.classify([POST, PostText("Wo bleibt mein Helm?")])
    assert known.model == "http:llm-1", "from the cache"
    assert other.model == shipped.version
    assert len(server.asked) == 1


def test_only_what_a_person_would_get_is_asked_about(server, made, shipped):
    sure = next(
        post
        for post in (PostText("@motorrad_ag wo bleibt meine Rechnung? Ich warte!"), POST)
        if shipped.classify([post])[0].decision is not Decision.TRIAGE
    )
    unsure = PostText("Bonjour, est-ce que vous pouvez me dire où est ma commande ?")
    assert shipped.classify([unsure])[0].decision is Decision.TRIAGE
    first, second = made(ask="triage").classify([sure, unsure])
    assert first.model == shipped.version
    assert second.model == "http:llm-1"
    assert second.kind is Kind.PROBLEM
    assert len(server.asked) == 1
