"""Holds numerical libraries to one thread, so that sums are added in the same order every time.

Import it before numpy.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
