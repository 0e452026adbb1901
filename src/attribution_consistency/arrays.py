"""Types of arrays, for signatures: what a number is; shapes are in the docstrings."""

from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

File = str | PathLike[str]
Array = NDArray[Any]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

UNKNOWN = 4  # code of a base that is not A, C, G or T
IGNORED = 5  # of one that counts in no k-mer
