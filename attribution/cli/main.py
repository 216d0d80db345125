"""`tokenblame …`: the command line. Model work happens in the engine; this process stays light."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from attribution import __version__
from attribution.errors import TokenBlameError

_INTERRUPTED = 130  # the shell's code for Ctrl-C
COMMANDS = (
    "explain",
    "curve",
    "graph",
    "faithfulness",
    "generate",
    "study",
    "verify",
    "models",
    "engine",
    "lsp",
    "demo",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of `tokenblame`; returns the exit code (0 well, 1 an error, 2 usage)."""
    arguments = sys.argv[1:] if arguments is None else arguments
    parser = argparse.ArgumentParser(
        prog="tokenblame",
        description="Why did the code model write this token instead of the right one?",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    # The one that is named is imported alone: an editor waits for `tokenblame lsp`.
    for name in [name for name in COMMANDS if name in arguments[:1]] or COMMANDS:
        import_module(f"attribution.cli.commands.{name}").add_to(commands)
    options = parser.parse_args(arguments)
    try:
        code: int = options.run(options)
    except TokenBlameError as error:
        _complain(error)
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:  # `tokenblame … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def _complain(error: TokenBlameError) -> None:
    from rich.console import Console

    from attribution.cli.output.terminal import say

    say(Console(stderr=True), f"tokenblame: {error.message}", "red")


if __name__ == "__main__":
    sys.exit(main())
