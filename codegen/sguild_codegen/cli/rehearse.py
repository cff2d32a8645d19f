"""``sguild-codegen rehearse``: what every subscriber sees on the day of a cutover."""

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from sguild_codegen.cli.output import Color, Format, Output, progress, reported

if TYPE_CHECKING:
    from collections.abc import Callable

    from sguild_codegen.model.contract import EventType, PayloadVersion
    from sguild_codegen.versions.rehearsal import Rehearsal
    from sguild_codegen.versions.rehearsal_printers import Told


class RehearsalFormat(StrEnum):
    """How a rehearsal is printed."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


def rehearse(
    event_type: Annotated[str, typer.Argument(metavar="EVENT_TYPE", help="Such as credit.released.")],
    old: Annotated[int, typer.Option("--from", metavar="N", help="The version that is emitted so far.")],
    new: Annotated[int, typer.Option("--to", metavar="N", help="The version that is emitted then.")],
    dsn: Annotated[
        str | None,
        typer.Option(metavar="DSN", help="Check the events in the log of this database, not samples."),
    ] = None,
    limit: Annotated[
        int,
        typer.Option(
            metavar="N", min=1, max=1_000_000, help="With --dsn: the newest events of each version."
        ),
    ] = 10_000,
    show_payloads: Annotated[
        bool, typer.Option("--show-payloads", help="With --dsn: print payloads, which hold personal data.")
    ] = False,
    samples: Annotated[
        int,
        typer.Option(
            metavar="N", min=1, max=10_000, help="Samples of each version, and one for each enum value."
        ),
    ] = 20,
    seed: Annotated[int, typer.Option(metavar="N", help="The same seed gives the same samples.")] = 0,
    contracts: Annotated[
        str | None, typer.Option(metavar="DIR", help="Folder of the contracts [default: contracts].")
    ] = None,
    format_: Annotated[
        RehearsalFormat, typer.Option("--format", help="How it is printed.")
    ] = RehearsalFormat.TEXT,
) -> None:
    """Say what every subscriber sees on the day that a version is emitted instead of another one."""
    with reported(Output(Format(format_), Color.AUTO)):
        from sguild_codegen.cli.chosen import event_named
        from sguild_codegen.cli.configuration import contracts_folder
        from sguild_codegen.reader.tree import read_contracts
        from sguild_codegen.versions.rehearsal import rehearse
        from sguild_codegen.versions.rehearsal_printers import Told

        event = event_named(read_contracts(contracts_folder(contracts)).event_types, event_type)
        pair = _versions(event, old, new)
        if dsn is None:
            from sguild_codegen.cli.drawing import samples as drawn

            evidence = {each.version: drawn(event, each, seed, samples) for each in pair}
        else:
            from sguild_codegen.cli.event_log import logged_events

            evidence = logged_events(dsn, event.name, (old, new), limit)
        found = rehearse(event, *pair, evidence, private=dsn is not None and not show_payloads)
        sys.stdout.write(_printer(format_)(Told(found, "sample" if dsn is None else "event")))
        progress(_summary(found))
    raise typer.Exit(1 if found.fails else 0)


def _versions(event: "EventType", old: int, new: int) -> "tuple[PayloadVersion, PayloadVersion]":
    from sguild_codegen.errors import UsageError

    if old == new:
        raise UsageError(
            f"--from and --to are both {old}: name the version before the cutover, and the one after."
        )
    return _version(event, old, "--from"), _version(event, new, "--to")


def _version(event: "EventType", number: int, option: str) -> "PayloadVersion":
    from sguild_codegen.errors import UsageError

    named = {each.version: each for each in event.versions}
    live = ", ".join(str(each) for each, version in named.items() if version.schema is not None)
    if number not in named:
        raise UsageError(f"{option} {number}: {event.name} has no version {number}: choose from {live}.")
    if named[number].schema is None:
        raise UsageError(
            f"{option} {number}: {event.name} version {number} is withdrawn and has no schema: "
            f"choose from {live}."
        )
    return named[number]


def _printer(format_: RehearsalFormat) -> "Callable[[Told], str]":
    from sguild_codegen.versions import rehearsal_printers as printers

    return {
        RehearsalFormat.TEXT: printers.text,
        RehearsalFormat.JSON: printers.json_document,
        RehearsalFormat.MARKDOWN: printers.markdown,
    }[format_]


def _summary(found: "Rehearsal") -> str:
    from collections import Counter

    counts = Counter(each.outcome for each in found.sights)
    told = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
    return f"{len(found.sights)} readings: {told}."
