"""The command ``sguild-codegen``: a function of arguments and streams that returns an exit code.

0 is clean, 1 means findings or stale code, 2 wrong options or unreadable input, 3 a fault of the tool.
"""

import contextlib
import os
import sys
from collections.abc import Sequence
from typing import Annotated, Final, TextIO

import typer

from sguild_codegen.cli.diff import diff
from sguild_codegen.cli.explain import explain, rules
from sguild_codegen.cli.generate import generate
from sguild_codegen.cli.help_option import HelpOption
from sguild_codegen.cli.lint import lint
from sguild_codegen.cli.model import model
from sguild_codegen.cli.sample import sample

DEBUG_VARIABLE: Final = "SGUILD_CODEGEN_DEBUG"
_INTERNAL_ERROR: Final = 3


def main(
    argv: Sequence[str] | None = None, stdout: TextIO | None = None, stderr: TextIO | None = None
) -> int:
    """Run the command and return its exit code; ``argv`` is without the program's name."""
    output, errors = stdout or sys.stdout, stderr or sys.stderr
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        try:
            code = _run(argv)
            output.flush()
        except BrokenPipeError:
            # Who reads has seen enough, as head does; what is still in the buffer goes nowhere.
            os.dup2(os.open(os.devnull, os.O_WRONLY), output.fileno())
            return 0
        except Exception as error:  # noqa: BLE001 - the last line of defence: a crash must not look like findings
            return _internal_error(error, errors)
    return code


def _run(argv: Sequence[str] | None) -> int:
    try:
        _app()(args=None if argv is None else list(argv), prog_name="sguild-codegen")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 0


def _app() -> typer.Typer:
    app = typer.Typer(
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=False,
        no_args_is_help=True,
        help="Turn event contracts into typed code, and check them.",
    )
    app.callback(add_help_option=False)(_options)
    app.command()(generate)
    app.command()(lint)
    app.command()(model)
    app.command()(diff)
    app.command()(sample)
    app.command(add_help_option=False)(rules)
    app.command()(explain)
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
    help_: HelpOption = False,
) -> None:
    """Turn event contracts into typed code, and check them."""


def _internal_error(error: Exception, errors: TextIO) -> int:
    if os.environ.get(DEBUG_VARIABLE):
        import traceback

        traceback.print_exception(error, file=errors)
    from sguild_codegen.report.safe import visible

    hint = f"run it again with {DEBUG_VARIABLE}=1 to see where, and report it"
    errors.write(f"sguild-codegen: internal error ({type(error).__name__}: {visible(str(error))}); {hint}.\n")
    return _INTERNAL_ERROR
