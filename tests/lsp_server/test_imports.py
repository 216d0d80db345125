"""The server must start fast and stay small: what it may not import, a clean process proves."""

import subprocess
import sys

HEAVY = ("torch", "transformers", "evalplus", "numpy", "gguf", "huggingface_hub", "tree_sitter")
OURS = {
    "attribution",
    "attribution.ipc",
    "attribution.ipc.client",
    "attribution.errors",
    "attribution.fetch",
    "attribution.fetch.cache",  # where the engine listens, without a folder for the session
    "attribution.isolation",  # how an engine is started
    "attribution.graphs",
    "attribution.graphs.export",  # a graph as JSON and as a page: no arrays, no model
    "attribution.graphs.page",
    "attribution.schema",
    "attribution.schema.comparisons",
    "attribution.schema.margins",
    "attribution.schema.curves",
    "attribution.schema.curve_text",
    "attribution.schema.explanations",
    "attribution.schema.generation",
    "attribution.schema.graphs",
    "attribution.schema.requests",
    "attribution.schema.sample_lines",
    "attribution.schema.tasks",
    "attribution.schema.faithfulness",
    "attribution.ipc.handover",  # by attribution.ipc.client
    "attribution.ipc.runtime_folder",
    "attribution.ipc.start",  # by attribution.ipc.client
    "attribution.ipc.wire",  # by attribution.ipc.client
}


def test_the_server_imports_nothing_heavy() -> None:
    script = (
        "import sys; from lsp_server.server import create_server; create_server(); "
        "print('\\n'.join(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(done.stdout.split())
    assert "lsp_server.server" in loaded
    assert not loaded.intersection(HEAVY)
    assert {name for name in loaded if name.split(".")[0] == "attribution"} == OURS


def test_the_command_that_editors_start_imports_nothing_heavy() -> None:
    script = (
        "import os, sys; from attribution.cli.main import main; "
        "os.execv = lambda *_: print('\\n'.join(sys.modules)); main(['lsp'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(done.stdout.split())
    assert "attribution.cli.commands.lsp" in loaded
    assert not loaded.intersection((*HEAVY, "rich", "networkx", "attribution.ipc.client"))
