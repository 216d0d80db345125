"""The program in a text against EvalPlus' own sanitiser, which tries all pairs of lines."""

import ast
import gzip
import json
import os
import warnings
from collections import defaultdict
from pathlib import Path

import pytest
from evalplus.sanitize import code_extract, sanitize
from hypothesis import event, given, settings
from hypothesis import strategies as st

from attribution.samples.program import Program, find_program

PROSE = [
    "Here is the code:\n",
    "Sure\n",
    "Here's it, isn't it?\n",
    "# Solution\n",
    "This works because `f` (see above) is right.\n",
    "1. First\n",
    "Note: this\n",
    ">>> f(1)\n2\n",
    "\n",
    "**Bold**\n",
]
FENCES = [
    "```python\n",
    "```\n",
    "~~~\n",
    '```py title="x"\n',
    "   ```\n",
    "```bash\npip install x\n```\n",
]
CODE = [
    "def f(x):\n    total = helper(x)\n    return total\n",
    "def f(x):\n    return x + 1\n",
    "def helper(x):\n    return x\n",
    "import math\n",
    'def f(x):\n    """Doc.\n\n    >>> f(1)\n    2\n    """\n',
    "def f(x):\n    for k in range(x)\n        y = k\n    return y\n",
    "def f(x):\n    y = x\n    return (y +\n",
    "def f(x):\n    if x:\n        return 1\n    return x +\n",
    "f = lambda x: x\n",
    "class A:\n    def f(self):\n        return 1\n",
    "print(f(3))\n",
    "assert f(1) == 2\n",
    "if __name__ == '__main__':\n    print(f(1))\n",
    'def f(x):\n    """Doc with\n    ```python\n    f(1)\n    ```\n    """\n    return x\n',
    "@cache\ndef f(x):\n    return x\n",
    "x = '''\n```\nfoo\n```\n'''\n",
    "def other(y):\n    yield y\n",
    "def f(x):\n    x.sort()\n",
]
BLOCKS = st.tuples(
    st.sampled_from(FENCES[:2]),
    st.lists(st.sampled_from(CODE), min_size=1, max_size=3).map("".join),
    st.sampled_from(["```\n", ""]),
).map("".join)
ANSWERS = st.lists(
    st.sampled_from(PROSE) | BLOCKS | st.sampled_from(CODE) | st.sampled_from(FENCES), max_size=5
).map("".join)


def parsed(code: str) -> ast.Module | None:
    try:
        return ast.parse(code)
    except SyntaxError:
        return None


def named(tree: ast.Module) -> dict[str, list[str]]:
    """The definitions of a module by their names; imports are of the name ""."""
    found = defaultdict(list)
    for statement in tree.body:
        match statement:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                found[name].append(ast.dump(statement))
            case ast.Assign(targets=[ast.Name(id=name)]):
                found[name].append(ast.dump(statement))
            case ast.Import() | ast.ImportFrom():
                found[""].append(ast.dump(statement))
    return found


def unfinished(tree: ast.Module, name: str) -> bool:
    """Whether the last function of the name is a stub or a stump: no `return` is its end."""
    own = [s for s in tree.body if isinstance(s, ast.FunctionDef) and s.name == name]
    return bool(own) and not isinstance(own[-1].body[-1], ast.Return)


def check(text: str, name: str) -> str:
    """Assert that EvalPlus' definitions are found; returns how the text was compared."""
    with warnings.catch_warnings(action="ignore"):
        tree, stretch = parsed(sanitize(text, name)), parsed(code_extract(text))
    if tree is None or stretch is None or name not in named(tree):
        return "EvalPlus finds none"
    program = find_program(text, name)
    assert isinstance(program, Program)
    ours = parsed(program.code)
    if unfinished(stretch, name) and (ours is None or named(ours)[name] != named(tree)[name]):
        return "EvalPlus finds a stub or a stump"
    assert ours is not None
    for definition, sources in named(tree).items():
        assert set(sources) <= set(named(ours)[definition])
    return "the same"


@settings(max_examples=400)
@given(ANSWERS)
def test_generated_answers_have_the_definitions_that_evalplus_finds(text: str) -> None:
    event(check(text, "f"))


@settings(max_examples=150)
@given(ANSWERS, st.integers(0, 400))
def test_answers_that_were_cut_off_do_too(text: str, end: int) -> None:
    event(check(text[:end], "f"))


def humaneval() -> list[dict[str, str]]:
    """HumanEval+ where it is at hand."""
    path = Path(os.environ.get("HUMANEVAL_OVERRIDE_PATH", ""))
    if not path.is_file():
        pytest.skip("EvalPlus' data is not at hand")
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


WRAPPED = [
    "{code}",
    "Here's the function:\n\n```python\n{code}```\n\nIt isn't hard.\n",
    "```\n{code}\n```",
    "1. First:\n```bash\npip install numpy\n```\n2. Then:\n```python\n{code}",
    "```python\n{code}```\nUsage:\n```python\nprint({name}(1))\n```\n",
    "~~~python\n{code}~~~\n",
    "{prompt}\n```python\n{code}```\n",
    "{code}\n\nThis function (see above) doesn't use anything.\n",
    "````markdown\n```python\n{code}```\n````\n",
    "{code}<|im_end|>",
]


@pytest.mark.parametrize("wrapped", WRAPPED, ids=range(len(WRAPPED)))
def test_canonical_solutions_are_found_in_any_wrapping(wrapped: str) -> None:
    """Each in full, with what EvalPlus finds (it is slow on long ones)."""
    for number, problem in enumerate(humaneval()):
        name = problem["entry_point"]
        code = problem["prompt"] + problem["canonical_solution"].rstrip("\n") + "\n"
        text = wrapped.format(code=code, name=name, prompt=problem["prompt"].rstrip())
        program = find_program(text, name)
        assert isinstance(program, Program)
        assert program.complete
        tree = ast.parse(code)
        whole, ours = named(tree), named(ast.parse(program.code))
        assert all(set(sources) <= set(ours[key]) for key, sources in whole.items()), text
        if number % 20 == 0 and len(text) < 1500:
            check(text, name)
