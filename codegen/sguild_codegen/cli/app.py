"""The program: its commands, each in a module of its own."""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Annotated, Final

import typer

_COMMANDS: Final = {
    "generate": "generate",
    "lint": "lint",
    "diff": "diff",
    "model": "model",
    "sample": "sample",
    "rehearse": "rehearse",
    "rules": "explain",
    "explain": "explain",
}
"""The module of each command."""


def program(arguments: Sequence[str]) -> typer.Typer:
    """Return the program; where a command comes first, no other one is imported, nor are its options read."""
    app = typer.Typer(
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=False,
        no_args_is_help=True,
        help="Turn event contracts into typed code, and check them.",
    )
    app.callback()(_options)
    only_listed = list(arguments) in ([], ["--help"])
    for name in [each for each in _COMMANDS if arguments[:1] == [each]] or _COMMANDS:
        command: Callable[..., None] = getattr(import_module(f"sguild_codegen.cli.{_COMMANDS[name]}"), name)
        app.command(name)(_described(command) if only_listed else command)
    return app


def _described(command: Callable[..., None]) -> Callable[[], None]:
    """Return a command that has the sentence of another and none of its options, which cost time to read."""

    def listed() -> None: ...

    listed.__doc__ = command.__doc__
    return listed


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
