"""One run of the generator, from the two folders to a plan: what is new is made, the rest is taken over."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sguild_codegen.cli.configuration import Configuration
from sguild_codegen.emit.files import plan, read_output, read_record_file, write_record
from sguild_codegen.emit.templates import templates_folder
from sguild_codegen.reader.folder import contract_files
from sguild_codegen.record.keys import digest
from sguild_codegen.record.record import (
    Previous,
    Record,
    RecordedFile,
    read_record,
    recorded_state,
    state_of,
)
from sguild_codegen.record.tool import fingerprint

if TYPE_CHECKING:
    from sguild_codegen.emit.files import Plan
    from sguild_codegen.emit.package import Emitted
    from sguild_codegen.model.contract import ContractTree
    from sguild_codegen.report.finding import Finding


@dataclass(slots=True)
class Run:
    """What was there when the run started, and the record of what it makes of it.

    ``found`` are the files of the output folder, ``record`` is what stands at the place of the record,
    ``None`` where it is not to be trusted.
    """

    settings: Configuration
    found: dict[str, bytes | None]
    record: bytes | None
    made_by: str
    new_record: Record = field(default_factory=Record)

    @classmethod
    def start(cls, settings: Configuration, *, trust: bool) -> "Run":
        """Look at the output folder; ``trust`` tells whether a record there is believed."""
        made_by = fingerprint(settings.package, templates_folder())
        record = read_record_file(settings.output) if trust else None
        return cls(settings, read_output(settings.output), record, made_by)

    def nothing_changed(self) -> bool:
        """Tell whether contracts and files are those of the record, and the run had no warning to repeat."""
        state = recorded_state(self.record, self.made_by)
        if state is None or self.settings.output.is_symlink():
            return False
        names, links = contract_files(self.settings.contracts)
        files = {path: content for path, content in self.found.items() if content is not None}
        if links or len(files) != len(self.found):
            return False
        return state == state_of(
            {name: (self.settings.contracts / name).read_bytes() for name in names}, files
        )

    def plan(self, tell: Callable[[float], None]) -> "tuple[Plan, list[Finding]]":
        """Return what has to be written, and the warnings; ``tell`` hears how much is done, from 0 to 1.

        Raises:
            ContractError: the contracts are refused.
            OutputError: the output folder cannot be written safely.
        """
        from sguild_codegen.emit.events import StaleRecord

        try:
            return self._plan(Previous.of(read_record(self.record, self.made_by), self.found), tell)
        except StaleRecord:
            return self._plan(Previous(), tell)

    def _plan(self, previous: Previous, tell: Callable[[float], None]) -> "tuple[Plan, list[Finding]]":
        from sguild_codegen.reader.tree import read_contracts

        warnings: list[Finding] = []
        tree = read_contracts(self.settings.contracts, warn=warnings.append, known=previous.events)
        emitted = _emit(tree, self.settings, previous, tell)
        files = {path: made.content for path, made in emitted.files.items()}
        self.new_record = Record(
            made_by=self.made_by,
            state="" if warnings else state_of(tree.documents, files),
            events=emitted.events,
            words=emitted.words,
            files={
                path: RecordedFile(made.key, digest(made.content)) for path, made in emitted.files.items()
            },
        )
        return plan(self.settings.output, files, self.found), warnings

    def write_record(self) -> None:
        """Leave the record for the next run."""
        write_record(self.settings.output, self.new_record.text())


def _emit(
    tree: "ContractTree", settings: Configuration, previous: Previous, tell: Callable[[float], None]
) -> "Emitted":
    from sguild_codegen.cli.refusing import refusals_located
    from sguild_codegen.emit.package import emit_package
    from sguild_codegen.versions.reading import reading

    with refusals_located(settings.contracts, tree.documents):
        return emit_package(tree, settings.package, reading, previous, tell)
