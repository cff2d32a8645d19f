"""What every command has in common: formats, colors, and how an error becomes an exit code."""

import os
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import typer

if TYPE_CHECKING:
    from sguild_codegen.report.finding import Finding
    from sguild_codegen.report.rules import Level


_UNUSABLE: Final = 2  # exit code: usage, configuration or unreadable input


class Format(StrEnum):
    """How findings are printed."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    GITLAB = "gitlab"
    JUNIT = "junit"
    SARIF = "sarif"
    MARKDOWN = "markdown"

    @property
    def is_document(self) -> bool:
        """Whether there is something to print where nothing was found."""
        return self not in {Format.TEXT, Format.GITHUB}


class Color(StrEnum):
    """When text is colored; ``auto`` means on a terminal, unless NO_COLOR is set."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Output:
    """Where a command prints: findings to stdout, errors and progress to stderr.

    ``warnings_fail`` tells that a warning ends the command with exit code 1 as well.
    """

    format: Format
    color: Color
    warnings_fail: bool = False

    def findings(self, findings: Sequence["Finding"], checked: str = "") -> None:
        """Print findings in the format that was asked for; a document also where there are none.

        ``checked`` says what was looked at, as "contracts against origin/main".
        """
        if not findings and not self.format.is_document:
            return
        from sguild_codegen.report.printers import PRINTERS
        from sguild_codegen.report.printers.context import Context

        sys.stdout.write(PRINTERS[self.format](findings, Context(self._colored(), checked, self._failing())))

    def exit_code(self, findings: Sequence["Finding"]) -> int:
        """Return how a command ends that has found these: 1 if one of them fails it, else 0."""
        failing = self._failing()
        return 1 if any(each.level in failing for each in findings) else 0

    def _failing(self) -> "frozenset[Level]":
        from sguild_codegen.report.printers.context import ERRORS, WARNINGS

        return WARNINGS if self.warnings_fail else ERRORS

    def _colored(self) -> bool:
        if self.color is Color.AUTO:
            return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        return self.color is Color.ALWAYS


def progress(line: str) -> None:
    """Print one line to stderr."""
    sys.stderr.write(f"{line}\n")


@contextmanager
def reported(output: Output) -> Generator[None]:
    """Print the tool's own errors and end with their exit code; anything else is an internal error."""
    from sguild_codegen.errors import CodegenError, ContractError, GeneratorError
    from sguild_codegen.report.safe import shown, visible

    try:
        yield
    except ContractError as error:
        output.findings(error.findings)
        raise typer.Exit(error.exit_code) from error
    except GeneratorError:
        raise
    except CodegenError as error:
        sys.stderr.write(f"sguild-codegen: {visible(str(error))}\n")
        raise typer.Exit(error.exit_code) from error
    except BrokenPipeError:
        raise
    except OSError as error:
        # A path that the system does not take: too long a name, no permission, a file as a folder.
        place = shown(str(error.filename)) if error.filename is not None else "A file"
        sys.stderr.write(f"sguild-codegen: {place} cannot be used: {error.strerror}; name another path.\n")
        raise typer.Exit(_UNUSABLE) from error
