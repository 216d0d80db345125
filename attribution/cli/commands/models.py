"""`tokenblame models [list | fetch NAME | verify NAME]`."""

import argparse

from rich.console import Console

from attribution.cli.commands.common import Commands, progress
from attribution.cli.output.terminal import say
from attribution.models import store


def add_to(commands: Commands) -> None:
    parser = commands.add_parser(
        "models",
        help="list, fetch and verify weights",
        description="Named models come from several sources, tried in turn, and count only with "
        "their pinned SHA-256. Local folders and hub ids work everywhere as well.",
    )
    parser.set_defaults(run=_list)
    actions = parser.add_subparsers(metavar="ACTION")
    actions.add_parser("list", help="what there is (default)").set_defaults(run=_list)
    fetch = actions.add_parser("fetch", help="download, check and convert a model")
    fetch.add_argument("model", help="a listed name or a hub id")
    fetch.set_defaults(run=_fetch)
    verify = actions.add_parser("verify", help="hash every file of a model that is here")
    verify.add_argument("model", help="a listed name")
    verify.set_defaults(run=_verify)


def _list(_: argparse.Namespace) -> int:
    console = Console(highlight=False)
    for model in store.listing():
        size = f"{model.size / 1e6:.0f} MB to download"
        console.print(f"[bold]{model.name}[/]  {model.state.value}  {size}, {model.licence}")
        say(console, f"  {model.summary}. {model.licence_note}", "dim")
    say(console, f"They live in {store.root()}.")
    return 0


def _fetch(options: argparse.Namespace) -> int:
    with progress(f"Looking for {options.model}") as show:
        path = store.ensure(options.model, show)
    for model in store.listing():
        if model.name == options.model:
            print(f"Licence: {model.licence}. {model.licence_note}".strip())
    print(path)
    return 0


def _verify(options: argparse.Namespace) -> int:
    with progress(f"Hashing {options.model}") as show:
        path = store.verify(options.model, show)
    print(f"{path} is what was pinned.")
    return 0
