"""``sguild-codegen generate``: contracts in, the package of typed code out."""

import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from sguild_codegen.cli.output import Color, Format, Output, progress, reported

if TYPE_CHECKING:
    from sguild_codegen.cli.configuration import Configuration
    from sguild_codegen.cli.runs import Run
    from sguild_codegen.emit.files import Change, Plan
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
    trust_record: Annotated[
        bool | None,
        typer.Option(
            "--trust-record/--no-trust-record",
            help="Take over what is unchanged since the run that left a record in the output folder "
            "[default: yes to write, no to check].",
        ),
    ] = None,
) -> None:
    """Write typed code for the contracts, or check that it is up to date."""
    printer = Output(format_, color)
    with reported(printer):
        from sguild_codegen.cli.configuration import writing_configuration

        if diff and format_.is_document:
            _refuse_diff(format_)
        settings = writing_configuration(contracts=contracts, output=output, package=package)
        trust = not check if trust_record is None else trust_record
        code = _run(settings, printer, check=check, diff=diff, trust=trust)
    raise typer.Exit(code)


def _refuse_diff(format_: Format) -> None:
    from sguild_codegen.errors import UsageError

    raise UsageError(f"--diff shows text, which is no part of {format_}: leave out --diff or --format.")


def _run(settings: "Configuration", printer: Output, *, check: bool, diff: bool, trust: bool) -> int:
    from sguild_codegen.cli.progress import Bar
    from sguild_codegen.cli.runs import Run

    started = time.monotonic()
    run = Run.start(settings, trust=trust)
    checked = f"{settings.output} against {settings.contracts}"
    if run.nothing_changed():
        printer.findings((), checked)
        unchanged = len(run.found)
        progress(
            _check_summary(0, 0, 0, unchanged, started) if check else _summary(0, unchanged, 0, 0, started)
        )
        return 0
    with Bar(sys.stderr) as bar:
        planned, findings = run.plan(bar)
    if diff:
        sys.stdout.write(planned.diff())
    if check:
        differing = planned.of("missing", "stale", "orphaned", "foreign")
    else:
        differing = () if diff else planned.blocked
    findings += [_finding(planned, each) for each in differing]
    printer.findings(findings, checked)
    if check:
        progress(_check_summary(*_counts(planned), started))
    elif differing:
        progress("Nothing was written.")
    elif not diff:
        _write(run, planned, started)
    return 1 if differing else 0


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


def _counts(planned: "Plan") -> tuple[int, int, int, int]:
    missing, stale = len(planned.of("missing")), len(planned.of("stale", "orphaned"))
    return missing, stale, len(planned.of("foreign")), len(planned.of("unchanged"))


def _check_summary(missing: int, stale: int, foreign: int, unchanged: int, started: float) -> str:
    counts = f"{missing} missing, {stale} stale, {foreign} foreign, {unchanged} up to date"
    return f"{counts} in {time.monotonic() - started:.1f} s."


def _write(run: "Run", planned: "Plan", started: float) -> None:
    from sguild_codegen.emit.files import write

    done = write(planned)
    run.write_record()
    progress(_summary(done.written, done.unchanged, done.removed, len(planned.of("foreign")), started))


def _summary(written: int, unchanged: int, removed: int, foreign: int, started: float) -> str:
    left = f", {foreign} foreign (left alone, see --check)" if foreign else ""
    counts = f"{written} written, {unchanged} unchanged, {removed} removed{left}"
    return f"{counts} in {time.monotonic() - started:.1f} s."
