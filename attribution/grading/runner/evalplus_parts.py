"""What grading uses of EvalPlus, imported in a fifth of a second. Import it from here only.

`evalplus.data` imports Hugging Face's `datasets` (over a second) for EvalPerf, which is not used
here: an empty module stands in while EvalPlus is imported and is gone afterwards.
"""

import sys
import types

_unused = types.ModuleType("datasets")
_unused.load_dataset = None  # type: ignore[attr-defined]
_stands_in = sys.modules.setdefault("datasets", _unused) is _unused

from evalplus.config import DEFAULT_GT_TIME_LIMIT_FACTOR, DEFAULT_MIN_TIME_LIMIT  # noqa: E402
from evalplus.data import humaneval, mbpp  # noqa: E402
from evalplus.eval import is_floats, query_maximum_memory_bytes, unsafe_execute  # noqa: E402
from evalplus.eval._special_oracle import (  # noqa: E402
    MBPP_OUTPUT_NOT_NONE_TASKS,
    MBPP_OUTPUT_SET_EQ_TASKS,
)
from evalplus.eval._special_oracle import _poly as poly  # noqa: E402
from evalplus.eval.utils import (  # noqa: E402
    TimeoutException,
    create_tempdir,
    reliability_guard,
    swallow_io,
    time_limit,
)
from evalplus.gen.util import trusted_exec  # noqa: E402
from evalplus.sanitize import sanitize  # noqa: E402

if _stands_in:
    del sys.modules["datasets"]

__all__ = [
    "DEFAULT_GT_TIME_LIMIT_FACTOR",
    "DEFAULT_MIN_TIME_LIMIT",
    "MBPP_OUTPUT_NOT_NONE_TASKS",
    "MBPP_OUTPUT_SET_EQ_TASKS",
    "TimeoutException",
    "create_tempdir",
    "humaneval",
    "is_floats",
    "mbpp",
    "poly",
    "query_maximum_memory_bytes",
    "reliability_guard",
    "sanitize",
    "swallow_io",
    "time_limit",
    "trusted_exec",
    "unsafe_execute",
]
