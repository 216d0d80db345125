"""`tokenblame lsp`: become the language server."""

import argparse
import os
from typing import TYPE_CHECKING

from attribution.isolation import python_module

if TYPE_CHECKING:  # it imports what takes half a second, and an editor waits
    from attribution.cli.commands.common import Commands


def add_to(commands: "Commands") -> None:
    parser = commands.add_parser(
        "lsp",
        help="run the language server on standard input and output",
        description="Editors start this; lsp_server/README.md has the configuration for Neovim.",
    )
    parser.set_defaults(run=_run)


def _run(_: argparse.Namespace) -> int:
    command = python_module("lsp_server")
    os.execv(command[0], command)
