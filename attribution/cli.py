"""`tokenblame …`: the command line. Model work happens in the engine; this process stays light."""

import argparse
import os
import sys
from collections.abc import Sequence

from rich.console import Console

from attribution import __version__
from attribution.commands import (
    curve,
    demo,
    engine,
    explain,
    faithfulness,
    generate,
    graph,
    lsp,
    models,
    study,
    verify,
)
from attribution.errors import TokenBlameError
from attribution.terminal import say

_INTERRUPTED = 130  # the shell's code for Ctrl-C


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of `tokenblame`; returns the exit code (0 well, 1 an error, 2 usage)."""
    parser = argparse.ArgumentParser(
        prog="tokenblame",
        description="Why did the code model write this token instead of the right one?",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in (
        explain,
        curve,
        graph,
        faithfulness,
        generate,
        study,
        verify,
        models,
        engine,
        lsp,
        demo,
    ):
        command.add_to(commands)
    options = parser.parse_args(arguments)
    try:
        code: int = options.run(options)
    except TokenBlameError as error:
        say(Console(stderr=True), f"tokenblame: {error.message}", "red")
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:  # `tokenblame … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


if __name__ == "__main__":
    sys.exit(main())
