"""``sguild-codegen sample``: documents that a contract accepts, or refuses, on stdout."""

import json
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sguild_codegen.cli.output import Color, Format, Output, progress, reported

if TYPE_CHECKING:
    from sguild_codegen.model.contract import ContractTree, EventType, PayloadVersion
    from sguild_dispatcher.testing.documents import DocumentMaker, SeededSource


def sample(
    event_type: Annotated[str, typer.Argument(metavar="EVENT_TYPE", help="Such as credit.locked.")],
    version: Annotated[
        int | None, typer.Option(metavar="N", help="Version of the payload [default: the current one].")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="The same seed gives the same documents [default: any].")
    ] = None,
    count: Annotated[int, typer.Option(metavar="N", min=1, help="How many, one a line if not 1.")] = 1,
    invalid: Annotated[
        bool, typer.Option("--invalid", help="Documents that the contract refuses; stderr says why.")
    ] = False,
    envelope: Annotated[bool, typer.Option("--envelope", help="Whole events, not payloads alone.")] = False,
    contracts: Annotated[
        str | None, typer.Option(metavar="DIR", help="Folder of the contracts [default: contracts].")
    ] = None,
    format_: Annotated[Format, typer.Option("--format", help="How findings are printed.")] = Format.TEXT,
    color: Annotated[Color, typer.Option(help="When text is colored; auto obeys NO_COLOR.")] = Color.AUTO,
) -> None:
    """Print JSON documents for a contract: for tests, for a mock, to see what it means."""
    with reported(Output(format_, color)):
        from sguild_codegen.cli.chosen import event_named
        from sguild_codegen.cli.configuration import contracts_folder
        from sguild_codegen.reader.tree import read_contracts

        tree = read_contracts(contracts_folder(contracts))
        event = event_named(tree.event_types, event_type)
        chosen = _version(event, version)
        number = _seed(seed)
        for document in _documents(tree, event, chosen, invalid=invalid, envelope=envelope)(number, count):
            sys.stdout.write(f"{json.dumps(document, indent=2 if count == 1 else None)}\n")


def _version(event: "EventType", number: int | None) -> "PayloadVersion":
    from sguild_codegen.errors import UsageError

    live = [each for each in event.versions if each.schema is not None]
    for each in live:
        if each.version == number or (number is None and each is event.current):
            return each
    known = ", ".join(str(each.version) for each in live)
    raise UsageError(f"{event.name} has no schema of version {number}: choose from {known}.")


def _seed(seed: int | None) -> int:
    if seed is not None:
        return seed
    import secrets

    number = secrets.randbelow(10**9)
    progress(f"--seed {number} gives the same again.")
    return number


def _documents(
    tree: "ContractTree", event: "EventType", version: "PayloadVersion", *, invalid: bool, envelope: bool
) -> "Callable[[int, int], Iterator[Any]]":
    """Return what draws as many documents from a seed as it is asked for."""
    from sguild_codegen.emit.bundles import bundled
    from sguild_codegen.emit.modules import payload_schema
    from sguild_codegen.errors import UnsatisfiableError
    from sguild_dispatcher.testing.documents import (
        DocumentMaker,
        Frame,
        SeededSource,
        UnsatisfiableSchemaError,
    )

    maker = DocumentMaker(json.loads(bundled(payload_schema(version), tree.documents)))
    frame = Frame(
        event_type=event.name,
        version=version.version,
        producer=event.producer,
        subject=event.subject,
        emit_from=version.emit_from,
        emit_until=version.emit_until,
    )
    around = DocumentMaker(json.loads(bundled(tree.envelope, tree.documents)))

    def draw(number: int, count: int) -> Iterator[Any]:
        for index in range(count):
            source = SeededSource(f"{number}/{index}")
            try:
                within = "/payload" if envelope else ""
                payload = _invalid(maker, source, index, within) if invalid else maker.valid(source)
                yield frame.around(payload, around, source) if envelope else payload
            except UnsatisfiableSchemaError as error:
                raise UnsatisfiableError(f"{event.name} version {version.version}: {error}") from error

    return draw


def _invalid(maker: "DocumentMaker", source: "SeededSource", index: int, within: str) -> Any:
    document = maker.invalid(source)
    for each in maker.complaints(document):
        place = f"{within}{each.pointer}" or "/"
        progress(f"document {index + 1}: {place} {each.message} ({each.keyword})")
    return document
