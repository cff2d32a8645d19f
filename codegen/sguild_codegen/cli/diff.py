"""``sguild-codegen diff``: who breaks by a change of a schema, an event type or all contracts."""

import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from sguild_codegen.cli.output import Color, Format, Output, progress, reported

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sguild_codegen.report.finding import Finding


def diff(
    what: Annotated[
        list[str] | None,
        typer.Argument(metavar="[OLD.json NEW.json | EVENT_TYPE V1 V2]", help="What is compared."),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(metavar="REF[:PATH]", help="Compare all contracts with those at a git reference."),
    ] = None,
    contracts: Annotated[
        str | None, typer.Option(metavar="DIR", help="Folder of the contracts [default: contracts].")
    ] = None,
    policy: Annotated[
        str | None,
        typer.Option(
            metavar="POLICY",
            help="BACKWARD, FORWARD, FULL, each also _TRANSITIVE, or NONE [default: that of the "
            "configuration, else FORWARD; FULL for two files].",
        ),
    ] = None,
    lens: Annotated[
        Literal["tolerant", "strict"] | None,
        typer.Option(
            help="Which readers count: those that ignore what they do not know, or those that apply "
            "the schema exactly [default: tolerant; strict for two files]."
        ),
    ] = None,
    allow_undecided: Annotated[
        bool, typer.Option("--allow-undecided", help="Let pass what is neither proven nor refuted.")
    ] = False,
    waivers: Annotated[
        bool, typer.Option("--waivers", help="Print the errors as waivers for pyproject.toml instead.")
    ] = False,
    today: Annotated[
        str | None,
        typer.Option(metavar="YYYY-MM-DD", help="The day that dates are judged on [default: today, UTC]."),
    ] = None,
    format_: Annotated[Format, typer.Option("--format", help="How findings are printed.")] = Format.TEXT,
    color: Annotated[Color, typer.Option(help="When text is colored; auto obeys NO_COLOR.")] = Color.AUTO,
) -> None:
    """Say which readers break by a change, with a document that proves it."""
    printer = Output(format_, color)
    with reported(printer):
        from sguild_codegen.cli.diff_runs import DiffRun

        run = DiffRun.of(policy=policy, lens=lens, allow_undecided=allow_undecided, today=today)
        checked = run.compare(what or [], against, contracts)
        found = run.findings()
        if waivers:
            sys.stdout.write(run.as_waivers())
        else:
            printer.findings(found, checked)
        progress(_summary(found))
    raise typer.Exit(printer.exit_code(found))


def _summary(found: "Sequence[Finding]") -> str:
    counts = {level: sum(each.level == level for each in found) for level in ("error", "warning", "notice")}
    told = [f"{count} {level}{'' if count == 1 else 's'}" for level, count in counts.items() if count]
    return f"{', '.join(told)}." if told else "Nothing has changed."
