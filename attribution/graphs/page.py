"""A graph as one HTML file: nothing is fetched, and only the scripts it came with may run.

The page is written in web/: a template, the elements of the graph (graph.html), a style sheet and
the script (page.js), which esbuild bundles from the TypeScript of editor-client/graph. The panel of
the VS Code extension shows the same elements with the same code.

A content security policy names style and script by their hashes and forbids all else, so that no
token's text can do more than be shown.
"""

import base64
import hashlib
import json
import re
from functools import cache
from importlib import resources
from typing import Any

from attribution.graphs.export import to_json
from attribution.schema import AttributionGraph, Generation


def to_html(graph: AttributionGraph, generation: Generation) -> str:
    """The whole file, to be written as UTF-8 (it holds ASCII where the texts come from outside).

    Raises ValueError where a figure is not finite: JSON has no way to write it.
    """
    style, script = _read("page.css"), _read("page.js")
    parts = {
        "policy": _policy(style, script),
        "graph": _read("graph.html"),
        "style": style,
        "script": script,
        "data": embedded_json(to_json(graph, generation)),
    }
    # One pass, so that braces in a token's text stay text.
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], _read("page.html"))


def embedded_json(value: Any) -> str:
    """JSON for a script element: ASCII, and no "<" that could end it or begin a comment."""
    written = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return written.replace("<", "\\u003c")


def _policy(style: str, script: str) -> str:
    allowed = {
        "default-src": "'none'",
        "script-src": _hash(script),
        "style-src": _hash(style),
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{directive} {source}" for directive, source in allowed.items())


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


@cache
def _read(name: str) -> str:
    return (resources.files(__package__) / "web" / name).read_text(encoding="utf-8")
