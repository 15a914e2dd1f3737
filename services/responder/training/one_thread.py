"""Holds numerical libraries to one thread and one set of instructions, so that sums are added in
the same order every time, on this machine and on others.

Import it before numpy.
"""

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
os.environ.setdefault("OPENBLAS_CORETYPE", "Haswell")
