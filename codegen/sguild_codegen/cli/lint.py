"""``sguild-codegen lint``: what is unwise in the contracts, even where nothing breaks."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from sguild_codegen.cli.output import Color, Format, Output, progress, reported

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from sguild_codegen.lint.linting import Ignore
    from sguild_codegen.report.finding import Finding

_MOST_ROUNDS: Final = 10  # an edit may make another one possible: a definition that nothing refers to now


def lint(
    contracts: Annotated[
        str | None, typer.Option(metavar="DIR", help="Folder of the contracts [default: contracts].")
    ] = None,
    fix: Annotated[
        bool, typer.Option("--fix", help="Mend what can be mended without a change of meaning.")
    ] = False,
    today: Annotated[
        str | None,
        typer.Option(metavar="YYYY-MM-DD", help="The day that windows are judged on [default: today, UTC]."),
    ] = None,
    format_: Annotated[Format, typer.Option("--format", help="How findings are printed.")] = Format.TEXT,
    color: Annotated[Color, typer.Option(help="When text is colored; auto obeys NO_COLOR.")] = Color.AUTO,
) -> None:
    """Say what is unwise in the contracts; errors and warnings end with exit code 1, notices do not."""
    printer = Output(format_, color, warnings_fail=True)
    with reported(printer):
        from sguild_codegen.cli.configuration import contracts_folder
        from sguild_codegen.cli.ignores import ignores

        folder, usual = contracts_folder(contracts), contracts_folder()
        # The settings speak of the contracts beside them.
        ignored = ignores() if folder.resolve() == usual.resolve() else ()
        run = _Run(folder, _day(today), ignored)
        found = run.fixed() if fix else run.findings()
        printer.findings(found, folder.as_posix())
        progress(_summary(found))
    raise typer.Exit(printer.exit_code(found))


class _Run:
    """The checks on one folder, as often as edits ask for."""

    def __init__(self, folder: Path, today: "date", ignores: "Sequence[Ignore]") -> None:
        self.folder, self.today, self.ignores = folder, today, ignores
        self.edited: dict[str, bytes] = {}

    def findings(self) -> "tuple[Finding, ...]":
        """Return everything that is found; what could be mended stays in ``edited``."""
        from sguild_codegen.lint.linting import findings, lint
        from sguild_codegen.reader.tree import read_contracts
        from sguild_codegen.report.finding import in_order

        read: list[Finding] = []
        tree = read_contracts(self.folder, warn=read.append)
        linted = lint(tree, self.today, self.ignores)
        self.edited = linted.edited(tree.documents)
        return in_order((*read, *findings(linted, self.folder, tree)))

    def fixed(self) -> "tuple[Finding, ...]":
        """Mend what can be mended, tell what it was, and return what is left."""
        from sguild_codegen.lint.edits import replace_file
        from sguild_codegen.report.safe import visible

        found = self.findings()
        for _ in range(_MOST_ROUNDS):
            if not self.edited:
                break
            for name, content in self.edited.items():
                replace_file(self.folder / name, content)
            before, found = found, self.findings()
            left = {each.fingerprint for each in found}
            for each in before:
                if each.fingerprint not in left:
                    place = f"{each.path}:{each.line}:{each.column}"
                    progress(visible(f"fixed {place}: {each.rule.id} {each.message}"))
        return found


def _day(text: str | None) -> "date":
    from datetime import date

    from sguild_codegen.errors import UsageError
    from sguild_codegen.report.safe import shown

    if text is None:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--today {shown(text)} is no day: write it as YYYY-MM-DD.") from error


def _summary(found: "Sequence[Finding]") -> str:
    count = Counter(each.level for each in found)
    return ", ".join(_counted(count[each], each) for each in ("error", "warning", "notice")) + "."


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
