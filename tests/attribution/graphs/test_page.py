"""The page as text: one file, its policy, and data that cannot leave its element."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from importlib import resources

import pytest
from attrs import evolve

from attribution.graphs.build import assemble
from attribution.graphs.export import to_json
from attribution.graphs.page import embedded_json, to_html
from attribution.graphs.pruning import PruningPolicy
from attribution.schema import AttributionGraph, Generation
from tests.attribution.graphs.random_graphs import generation_of, pair_at, random_raw

WEB = resources.files("attribution.graphs") / "web"
TEXTS = ["<s>", "</script><script>injected=1</script>", "<!--", "{{script}}", "\u2028é😀", "\ud83d"]


class _Reader(HTMLParser):
    """Elements with their attributes and the text that each begins with."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None], str]] = []
        self.inside = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs), ""))
        self.inside = True

    def handle_endtag(self, _tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            tag, attributes, text = self.elements[-1]
            self.elements[-1] = (tag, attributes, text + data)

    def only(self, tag: str, **wanted: str) -> tuple[dict[str, str | None], str]:
        [(attributes, text)] = [
            (attributes, text)
            for name, attributes, text in self.elements
            if name == tag and wanted.items() <= attributes.items()
        ]
        return attributes, text


@pytest.fixture
def generation() -> Generation:
    return generation_of(TEXTS)


@pytest.fixture
def graph() -> AttributionGraph:
    raw = random_raw(3)
    return assemble(raw, PruningPolicy(0.03), pair_at(6, raw.logit_diff), "attnlrp", "contrast")


def test_the_data_comes_through_whatever_the_tokens_are(
    graph: AttributionGraph, generation: Generation
) -> None:
    _, data = _Reader(to_html(graph, generation)).only("script", type="application/json")
    assert json.loads(data) == json.loads(json.dumps(to_json(graph, generation)))
    assert data.isascii()
    assert "<" not in data


def test_no_token_opens_an_element(graph: AttributionGraph, generation: Generation) -> None:
    page = to_html(graph, generation)
    harmless = to_html(graph, generation_of(["x"] * len(TEXTS)))
    assert [tag for tag, *_ in _Reader(page).elements] == [
        tag for tag, *_ in _Reader(harmless).elements
    ]
    page.encode()  # no lone surrogate is left


def test_only_its_own_script_and_style_may_run(
    graph: AttributionGraph, generation: Generation
) -> None:
    reader = _Reader(to_html(graph, generation))
    meta, _ = reader.only("meta", **{"http-equiv": "Content-Security-Policy"})
    policy = dict(part.split(" ", 1) for part in str(meta["content"]).split("; "))
    assert policy["default-src"] == "'none'"
    for directive, element in (
        ("script-src", reader.only("script", type="module")),
        ("style-src", reader.only("style")),
    ):
        digest = base64.b64encode(hashlib.sha256(element[1].encode()).digest()).decode()
        assert policy[directive] == f"'sha256-{digest}'"


def test_nothing_is_fetched(graph: AttributionGraph, generation: Generation) -> None:
    reader = _Reader(to_html(graph, generation))
    for _, attributes, _ in reader.elements:
        assert not {"src", "href", "style", "onclick"} & attributes.keys()
    _, style = reader.only("style")
    assert not re.search(r"url\(|@import", style)


def test_a_figure_that_is_not_finite_is_refused(
    graph: AttributionGraph, generation: Generation
) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_html(evolve(graph, logit_diff=float("nan")), generation)


def test_embedded_json_is_still_that_json() -> None:
    value = {"<a>": ["</script>", "\u2028\u2029", "&lt;", "\\u003c"]}
    assert json.loads(embedded_json(value)) == value
