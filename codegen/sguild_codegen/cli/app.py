"""The program: its commands, each in a module of its own."""

from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Final

import typer

_COMMANDS: Final = {
    "generate": "generate",
    "lint": "lint",
    "diff": "diff",
    "model": "model",
    "sample": "sample",
    "rules": "explain",
    "explain": "explain",
}
"""The module of each command."""


def program(arguments: Sequence[str]) -> typer.Typer:
    """Return the program; where a command comes first, no other one is imported."""
    app = typer.Typer(
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=False,
        no_args_is_help=True,
        help="Turn event contracts into typed code, and check them.",
    )
    app.callback()(_options)
    for name in [each for each in _COMMANDS if arguments[:1] == [each]] or _COMMANDS:
        command = getattr(import_module(f"sguild_codegen.cli.{_COMMANDS[name]}"), name)
        app.command()(command)
    return app


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"sguild-codegen {version('sguild-codegen')}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Turn event contracts into typed code, and check them."""
