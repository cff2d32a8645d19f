"""The command ``sguild-codegen``: a function of arguments and streams that returns an exit code.

0 is clean, 1 means findings or stale code, 2 wrong options or unreadable input, 3 a fault of the tool.
"""

import contextlib
import os
import sys
from collections.abc import Sequence
from typing import Final, TextIO

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
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments == ["rules"]:  # takes no options, and does not wait for the import of typer
        from sguild_codegen.cli.listing import print_rules

        print_rules()
        return 0
    from sguild_codegen.cli.app import program

    try:
        program(arguments)(args=arguments, prog_name="sguild-codegen")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 0


def _internal_error(error: Exception, errors: TextIO) -> int:
    if os.environ.get(DEBUG_VARIABLE):
        import traceback

        traceback.print_exception(error, file=errors)
    from sguild_codegen.report.safe import visible

    hint = f"run it again with {DEBUG_VARIABLE}=1 to see where, and report it"
    errors.write(f"sguild-codegen: internal error ({type(error).__name__}: {visible(str(error))}); {hint}.\n")
    return _INTERNAL_ERROR
