"""What the process that runs generated code has loaded: nothing of the model, nothing remote."""

import subprocess
import sys

FORBIDDEN = {"torch", "transformers", "openai", "anthropic", "datasets"}
_SERVE = """
import sys
from attribution.grading.runner import __main__ as runner
try:
    runner.main()  # its input is empty: it introduces itself and ends
finally:
    print("loaded", *sys.modules, file=sys.stderr)
"""


def test_the_rooms_load_no_model_and_no_client() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SERVE],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=True,
    )
    last = done.stderr.decode().splitlines()[-1].split()
    assert last[0] == "loaded"
    loaded = set(last)
    assert {
        "attribution.grading.runner.judge",
        "attribution.grading.runner.evalplus_parts",
        "evalplus",
    } <= loaded
    assert not FORBIDDEN & loaded
