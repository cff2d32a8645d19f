"""``--help`` for commands that start fast.

typer's own option has no value where it is not given, and typer imports pydantic to turn that into a truth
value. This one has a default.
"""

from typing import Annotated, TypeAlias

import typer


def _help(context: typer.Context, wanted: bool) -> None:
    if wanted:
        typer.echo(context.get_help())
        raise typer.Exit


HelpOption: TypeAlias = Annotated[
    bool, typer.Option("--help", callback=_help, is_eager=True, help="Show this message and exit.")
]
