"""``sguild-codegen generate``: contracts in, the package of typed code out."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from sguild_codegen.cli.output import Color, Format, Output, progress, reported

if TYPE_CHECKING:
    from sguild_codegen.cli.configuration import Configuration
    from sguild_codegen.emit.files import Change, Plan
    from sguild_codegen.model.contract import ContractTree
    from sguild_codegen.report.finding import Finding


def generate(
    contracts: Annotated[
        str | None, typer.Option(metavar="DIR", help="Folder of the contracts [default: contracts].")
    ] = None,
    output: Annotated[
        str | None, typer.Option(metavar="DIR", help="Folder of the distribution [default: generated].")
    ] = None,
    package: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of the package [default: sguild_contracts].")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail if a file is missing, stale or foreign.")
    ] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Write nothing; show what would change.")] = False,
    format_: Annotated[Format, typer.Option("--format", help="How findings are printed.")] = Format.TEXT,
    color: Annotated[Color, typer.Option(help="When text is colored; auto obeys NO_COLOR.")] = Color.AUTO,
) -> None:
    """Write typed code for the contracts, or check that it is up to date."""
    printer = Output(format_, color)
    with reported(printer):
        from sguild_codegen.cli.configuration import configuration

        settings = configuration(contracts=contracts, output=output, package=package)
        code = _run(settings, printer, check=check, diff=diff)
    raise typer.Exit(code)


def _run(settings: "Configuration", printer: Output, *, check: bool, diff: bool) -> int:
    planned, findings = _plan(settings)
    if diff:
        sys.stdout.write(planned.diff())
    if check:
        differing = planned.of("missing", "stale", "orphaned", "foreign")
    else:
        differing = () if diff else planned.blocked
    findings += [_finding(planned, each) for each in differing]
    if findings or printer.format is Format.JSON:
        printer.findings(findings)
    if check:
        progress(_check_summary(planned))
    elif differing:
        progress("Nothing was written.")
    elif not diff:
        _write(planned)
    return 1 if differing else 0


def _plan(settings: "Configuration") -> "tuple[Plan, list[Finding]]":
    from sguild_codegen.emit.files import plan
    from sguild_codegen.reader.tree import read_contracts

    warnings: list[Finding] = []
    tree = read_contracts(settings.contracts, warn=warnings.append)
    return plan(settings.output, _emit(tree, settings)), warnings


def _emit(tree: "ContractTree", settings: "Configuration") -> dict[str, str | bytes]:
    from sguild_codegen.emit.package import emit_package
    from sguild_codegen.emit.refusals import RefusedSchema
    from sguild_codegen.errors import ContractError
    from sguild_codegen.reader.locating import findings_of
    from sguild_codegen.reader.problems import Problem

    try:
        return emit_package(tree, settings.package)
    except RefusedSchema as error:
        problems = [
            Problem(
                each.rule,
                each.location.document,
                f"{each.location.pointer}/{each.key}",
                at_key=True,
                values=each.values,
            )
            for each in error.refusals
        ]
        raise ContractError(findings_of(problems, settings.contracts, tree.documents)) from error


def _finding(planned: "Plan", change: "Change") -> "Finding":
    from sguild_codegen.reader.locating import report_path
    from sguild_codegen.report import rules
    from sguild_codegen.report.finding import Finding

    rule = {
        "missing": rules.MISSING_FILE,
        "stale": rules.STALE_FILE,
        "orphaned": rules.STALE_FILE,
        "foreign": rules.FOREIGN_FILE,
    }[change.state]
    reason = (
        "no contract asks for it any more" if change.state == "orphaned" else "the contracts say otherwise"
    )
    return Finding(
        rule=rule,
        path=report_path(planned.folder / change.path),
        message=rule.message.format(reason=reason),
        help=rule.help,
    )


def _check_summary(planned: "Plan") -> str:
    missing, stale = len(planned.of("missing")), len(planned.of("stale", "orphaned"))
    foreign, unchanged = len(planned.of("foreign")), len(planned.of("unchanged"))
    return f"{missing} missing, {stale} stale, {foreign} foreign, {unchanged} up to date."


def _write(planned: "Plan") -> None:
    from sguild_codegen.emit.files import write

    done = write(planned)
    foreign = len(planned.of("foreign"))
    left = f", {foreign} foreign (left alone, see --check)" if foreign else ""
    progress(f"{done.written} written, {done.unchanged} unchanged, {done.removed} removed{left}.")
