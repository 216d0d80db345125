import json
import re
from pathlib import Path

import pytest
from attrs import evolve

from attribution.schema import Form, ModelSettings
from lsp_server.state.settings import Run, Settings, Thresholds
from lsp_server.state.settings_parser import KNOWN, parse

OTHERS: dict[str, object] = {  # none as it is by default
    "model": " small ",
    "sibling": "tiny",
    "device": "cuda:1",
    "dtype": "float32",
    "form": "chat",
    "method": "cplrp",
    "objective": "target",
    "search": {"rollouts": 3, "seconds": 4, "topK": 20},
    "run": "save",
    "debounce": 5,
    "trusted": True,
    "sandbox": "limits",
    "thresholds": {"weak": 0.5, "share": 0.1, "strongest": 3},
    "semanticTokens": True,
    "inlayHints": True,
    "engine": {"idleSeconds": 60},
}


def test_nothing_set_changes_nothing() -> None:
    base = Settings(model="other")
    assert parse(None, base) == (base, ())
    assert parse({}, base) == (base, ())
    assert parse({"model": None}, base) == (base, ())


@pytest.mark.parametrize("raw", [{"engine.idleSeconds": None}, {"engine": {"idleSeconds": None}}])
def test_a_null_unsets_what_has_no_default(raw: dict[str, object]) -> None:
    assert parse(raw, Settings(idle=60.0)) == (Settings(), ())


@pytest.mark.parametrize("raw", [{"search": {"rollouts": 8}}, {"search.rollouts": 8}])
def test_nested_and_dotted_mean_the_same(raw: dict[str, object]) -> None:
    assert parse(raw, Settings()) == (Settings(rollouts=8), ())


def test_every_setting_is_understood() -> None:
    expected = Settings(
        model="small",
        sibling="tiny",
        device="cuda:1",
        dtype="float32",
        form=Form.CHAT,
        method="cplrp",
        objective="target",
        rollouts=3,
        seconds=4.0,
        top_k=20,
        run=Run.SAVE,
        debounce=5,
        trusted=True,
        sandbox="limits",
        thresholds=Thresholds(weak=0.5, share=0.1, strongest=3),
        semantic_tokens=True,
        hints=True,
        idle=60.0,
    )
    assert parse(OTHERS, Settings()) == (expected, ())
    assert expected.for_model == ModelSettings("small", "cuda:1", "float32")
    assert expected.for_sibling == ModelSettings("tiny", "cuda:1", "float32")
    again, _ = parse({"form": "auto", "sibling": " "}, expected)
    assert (again.form, again.for_sibling) == (None, None)


def test_every_setting_is_documented_with_its_default() -> None:
    readme = Path(__file__).parents[3] / "lsp_server" / "README.md"
    rows = re.findall(r"^\| `([\w.]+)` \| `(\S+)` \| ", readme.read_text(), re.MULTILINE)
    assert sorted(name for name, _ in rows) == sorted(KNOWN)
    other, _ = parse(OTHERS, Settings())
    assert parse({name: json.loads(value) for name, value in rows}, other) == (Settings(), ())


@pytest.mark.parametrize("run", ["type", "open", "save", "manual"])
def test_every_time_to_run_has_a_name(run: str) -> None:
    assert parse({"run": run}, Settings())[0].run is Run[run.upper()]


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ({"model": " "}, "`tokenblame.model` must be a name that is not empty"),
        ({"model": 7}, "`tokenblame.model` must be a name"),
        (
            {"device": "gpu"},
            "`tokenblame.device` must be auto, cpu, mps, cuda, cuda:N or balanced, not 'gpu'",
        ),
        ({"form": "both"}, "`tokenblame.form` must be one of auto, direct, chat, not 'both'; auto"),
        ({"run": ["open"]}, "`tokenblame.run` must be one of type, open, save, manual"),
        (
            {"search": {"rollouts": 0}},
            "must be a whole number from 1 to 4096, not 0; 1024 is used.",
        ),
        ({"search": {"rollouts": 2.5}}, "must be a whole number"),
        ({"search": {"rollouts": True}}, "must be a whole number"),
        ({"search": {"seconds": float("nan")}}, "must be a number from 1 to 3600"),
        ({"sandbox": "docker"}, "must be one of auto, bubblewrap, limits, not 'docker'; auto is"),
        ({"trusted": "yes"}, "`tokenblame.trusted` must be true or false, not 'yes'; False"),
        ({"sibling": 3}, "`tokenblame.sibling` must be a name, or empty, not 3; none is used."),
        ({"method": "lime"}, "must be one of attnlrp, cplrp, gradient, integrated, not 'lime'"),
        ({"dtype": "int3"}, "must be one of auto, float32, bfloat16, float16, 4bit"),
        ({"thresholds": {"share": 2}}, "`tokenblame.thresholds.share` must be a number from 0 to"),
        ({"thresholds": {"weak": "no"}}, "not 'no'; 1.0 is used."),
        ({"thresholds": {"strong": 1}}, "Did you mean `tokenblame.thresholds.strongest`?"),
        ({"inlayHints": 1}, "`tokenblame.inlayHints` must be true or false, not 1; False is used."),
        ({"engine.idleSeconds": 0}, "must be a number from 1 to 604800, not 0; the default is"),
        ({"modle": "x"}, "`tokenblame.modle` is no setting of Token Blame. Did you mean"),
        ("model", "`tokenblame` must be an object"),
    ],
)
def test_a_bad_value_is_named_and_changes_nothing(raw: object, says: str) -> None:
    settings, problems = parse(raw, Settings())
    assert settings == Settings()
    assert len(problems) == 1
    assert says in problems[0]


def test_a_bad_value_leaves_the_good_ones() -> None:
    settings, problems = parse({"model": "m", "debounce": "soon"}, Settings())
    assert settings == Settings(model="m")
    assert len(problems) == 1


def test_the_clients_own_settings_are_its_own() -> None:
    raw = {"colors": {"enabled": True}, "python": "/p", "trace": {"server": "off"}}
    assert parse(raw, Settings()) == (Settings(), ())


def test_only_what_changes_results_asks_for_new_ones() -> None:
    settings = Settings()
    assert settings.same_results(
        evolve(
            settings,
            run=Run.MANUAL,
            debounce=1,
            trusted=True,
            thresholds=Thresholds(weak=9),
            semantic_tokens=True,
            hints=True,
            idle=9,
        )
    )
    assert not settings.same_results(evolve(settings, model="other"))
    assert not settings.same_results(evolve(settings, rollouts=1))
    assert not settings.same_results(evolve(settings, sibling="other"))
