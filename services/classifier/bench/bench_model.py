"""Measures the shipped model on one core: seconds to load, posts per second in batches.

    python services/classifier/bench/bench_model.py [POSTS.jsonl]

Without a file it makes posts up from invented words. Prints one JSON line; asserts nothing.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import json
import random
import sys
import time
from pathlib import Path

from classifier.domain.labels import PostText
from classifier.gateways.model import ShippedModel

_WORDS = [
    "wann",
    "kommt",
    "mein",
    "Helm",
    "an",
    "?",
    "die",
    "Lieferung",
    "ist",
    "seit",
    "drei",
    "Wochen",
    "überfällig",
    "und",
    "niemand",
    "antwortet",
    "auf",
    "meine",
    "Mails",
    "@motorrad_hilft",
    "danke",
    "für",
    "nichts",
    "!",
    "der",
    "Auspuff",
    "klappert",
    "schon",
    "wieder",
    "https://example.org/a",
    "why",
    "is",
    "my",
    "order",
    "late",
    "again",
    "please",
    "call",
    "me",
    "back",
    "my",
    "bike",
    "broke",
    "down",
    "today",
]


def invented(count: int) -> list[str]:
    """Posts of five to thirty words drawn from a few sentences."""
    draw = random.Random(4)  # noqa: S311  (no secret depends on it)
    return [" ".join(draw.choices(_WORDS, k=draw.randint(5, 30))) for _ in range(count)]


def main() -> None:
    """Load, warm up on the first 500 posts, time the rest."""
    started = time.perf_counter()
    model = ShippedModel.load()
    loaded = time.perf_counter() - started
    if len(sys.argv) > 1:
        lines = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
        texts = [json.loads(line)["text"] for line in lines]
    else:
        texts = invented(10_000)
    posts = [PostText(text) for text in texts]
    model.classify(posts[:500])
    wall, cpu = time.perf_counter(), time.process_time()
    model.classify(posts[500:])
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    count = len(posts) - 500
    figures = {
        "model": model.version,
        "load_s": round(loaded, 2),
        "posts": count,
        "posts_per_s": round(count / wall),
        "posts_per_cpu_s": round(count / cpu),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
