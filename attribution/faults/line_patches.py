"""The first line of a rollout, tried in the original program.

Most repairs change one line. What a rollout makes of it is known long before the rollout ends, and
a test run costs a fraction of decoding the rest.
"""

import re

from attribution.schema import Generation

# To the end of the first line of code: blank lines and comments before it belong to it.
_LINE = re.compile(r"(?:\s*+#[^\n]*+\n)*+\s*+\S[^\n]*+\n")


def line_patches(generation: Generation, position: int, program: str) -> list[str]:
    """The sample with the line of one token replaced by what a rollout wrote, or put before it.

    `program` is what the rollout has written so far, with the prompt; `position` is its first own
    token. Empty while its line has no end.
    """
    code, token = generation.code, generation.tokens[position]
    written = _LINE.match(program, token.start)
    if written is None:
        return []
    replaced = _LINE.match(code, token.start)
    head, begin = program[: written.end()], code.rfind("\n", 0, token.start) + 1
    found = [head + code[replaced.end() :] if replaced else head]
    if not code[begin : token.start].strip():  # nothing of the old line stands before the token
        found.append(head + code[begin:])
    return found
