"""Trains the judge of the gates and writes its artefact, bit for bit the same from the same rows.

    python services/responder/training/train.py --out FOLDER
    ... --check      train again and compare with FOLDER instead of writing it
    ... --evaluate   leave one author out, choose spreads and cuts, keep them, print the figures;
                     with --into docs/gates.md write them there

Not part of the run-time package: it needs scikit-learn, the service does not.
"""

import one_thread  # noqa: F401, I001  (before numpy, which counts its threads when loaded)
import argparse
import filecmp
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from export import arrays_of, write
from learn import learn, texts_of
from measure import Figure, figures, held_out, settle
from rows import SETS, Row, read_rows
from settled import keep, kept

_ROWS = Path(__file__).with_name("sentences")
_SETS = Path(__file__).parents[1] / "tests" / "gate_sets"
_BEGIN, _END = "<!-- left out -->", "<!-- /left out -->"


def train(rows: Sequence[Row], out: Path) -> str:
    """Learn from all rows and write the artefact; return its content hash."""
    return write(out, arrays_of(learn(rows, texts_of(rows)), kept()))


def evaluate(rows: Sequence[Row], into: Path | None) -> None:
    """Measure on authors left out, keep what was chosen, print or write the table."""
    texts = texts_of(rows)
    scores = held_out(rows, texts)
    settled = settle(rows, scores)
    keep(settled)
    table = _table(rows, figures(rows, scores, settled))
    print(table)
    if into is not None:
        before, begin, rest = into.read_text("utf-8").partition(_BEGIN)
        _, end, after = rest.partition(_END)
        into.write_text(f"{before}{begin}\n{table}\n{end}{after}", "utf-8")


def is_same(rows: Sequence[Row], shipped: Path) -> bool:
    """Whether training again gives the shipped files, byte for byte."""
    with tempfile.TemporaryDirectory() as folder:
        train(rows, Path(folder))
        names = sorted(path.name for path in Path(folder).iterdir())
        same, _, _ = filecmp.cmpfiles(folder, shipped, names, shallow=False)
        return same == names


def _table(rows: Sequence[Row], found: Sequence[Figure]) -> str:
    left_out = [row for row in rows if row.author != SETS]
    authors = len({row.author for row in left_out})
    lines = [
        f"{len(left_out)} rows of {authors} authors, each judged by what the others taught.",
        "",
        "| rule | hits | found | its near ones | clean replies | everything right |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| `{f.rule}` | {f.hits} | {f.found:.1%} | {f.near:.1%} | {f.clean:.1%}"
        f" | {f.everything:.1%} |"
        for f in found
    ]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--into", type=Path)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--check", action="store_true")
    what.add_argument("--evaluate", action="store_true")
    given = parser.parse_args()
    rows = read_rows(_ROWS, _SETS)
    if given.evaluate:
        evaluate(rows, given.into)
        return 0
    if given.check:
        if is_same(rows, given.out):
            print("the shipped judge is what these rows give")
            return 0
        print("training gives another judge than the shipped one", file=sys.stderr)
        return 1
    print(train(rows, given.out))
    return 0


if __name__ == "__main__":
    sys.exit(main())
