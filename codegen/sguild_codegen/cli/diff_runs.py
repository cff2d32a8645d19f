"""One run of ``diff``: what is compared, how it is judged, and what is found."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from sguild_codegen.changes.against import read_changes
from sguild_codegen.changes.git import Repository, file_at
from sguild_codegen.changes.judged import Judged, judged_pair
from sguild_codegen.changes.pairs import Pair, event_pair, file_side
from sguild_codegen.changes.policies import FULL, Judging, Lens, Policy
from sguild_codegen.changes.releases import release_findings
from sguild_codegen.changes.states import here
from sguild_codegen.changes.waivers import as_waivers, waived
from sguild_codegen.cli.chosen import event_named, version_numbered
from sguild_codegen.cli.configuration import contracts_folder
from sguild_codegen.cli.diff_settings import DiffSettings, diff_settings, policy_named
from sguild_codegen.cli.output import progress
from sguild_codegen.errors import UsageError
from sguild_codegen.model.contract import EventType
from sguild_codegen.report.finding import Finding, in_order
from sguild_codegen.report.safe import shown

_TWO_FILES: Final = 2
_TWO_VERSIONS: Final = 3
_WAIVED_FOR: Final = timedelta(days=30)


@dataclass(slots=True)
class DiffRun:
    """One run; ``policy`` and ``lens`` are ``None`` where no option says so. ``whole``: a whole tree."""

    settings: DiffSettings
    policy: Policy | None
    lens: Lens | None
    allow_undecided: bool
    today: date
    judged: list[Judged] = field(default_factory=list[Judged])
    whole: bool = False

    @classmethod
    def of(
        cls, *, policy: str | None, lens: Lens | None, allow_undecided: bool, today: str | None
    ) -> "DiffRun":
        """Return the run that options and configuration describe.

        Raises:
            UsageError: one of them is wrong.
        """
        named = None if policy is None else policy_named(policy.upper(), "--policy")
        return cls(diff_settings(), named, lens, allow_undecided, _day(today))

    def compare(self, what: Sequence[str], against: str | None, contracts: str | None) -> str:
        """Compare what the arguments name, and return what that is, in words.

        Raises:
            UsageError: the arguments do not go together, or name nothing.
            ContractError: a file cannot be read.
        """
        if against is not None and not what:
            return self._against(contracts_folder(contracts), against)
        if against is None and len(what) == _TWO_FILES and not _is_one_version(*what):
            self._files(*map(Path, what))
        elif against is None and len(what) == _TWO_VERSIONS:
            self._versions(contracts_folder(contracts), *what)
        else:
            raise UsageError(
                "diff needs two files (OLD.json NEW.json), two versions (EVENT_TYPE V1 V2), or --against REF."
            )
        return " ".join(what)

    def findings(self) -> Sequence[Finding]:
        """Return what was found, by place, with waivers applied."""
        return in_order(waived(self.judged, self.settings.waivers, self.today, whole=self.whole))

    def as_waivers(self) -> str:
        """Return the errors as waivers, to paste into the configuration."""
        return as_waivers(self.judged, self.today + _WAIVED_FOR)

    def _against(self, folder: Path, against: str) -> str:
        repository = Repository.around(folder)
        changes = read_changes(
            repository, folder, against, judging=self._judging, today=self.today, say=progress
        )
        events = [each.event_type for one in (changes.old, changes.new) for each in one.registry.entries]
        self.settings.check_names({name for each in events for name in (each.name, each.contract)})
        self.judged += changes.findings()
        self.whole = True
        path = self.settings.changelog
        reference = against.partition(":")[0]
        if self.judged:
            before = file_at(repository, reference, path)
            now = path.read_bytes() if path.is_file() else b""
            found = [each.finding for each in self.judged]
            released = release_findings(changes.old, changes.new, found, (path.as_posix(), before, now))
            self.judged += (Judged(each, changes.registry_digests()) for each in released)
        return f"{folder.as_posix()} against {against}"

    def _files(self, old: Path, new: Path) -> None:
        """Compare two files: they promise nothing about their readers, so exactly, and both ways."""
        name = f"{old.as_posix()} → {new.as_posix()}"
        pair = Pair(old=file_side(old), new=file_side(new), name=name, is_edit=False)
        judging = Judging(self.policy or FULL, self.lens or "strict", self.allow_undecided)
        self.judged += judged_pair(pair, judging, progress)

    def _versions(self, folder: Path, name: str, first: str, second: str) -> None:
        state = here(folder)
        event = event_named([each.event_type for each in state.registry.entries], name)
        old, new = (version_numbered(event, each, state.tree.ids) for each in (first, second))
        pair = event_pair(event, (state.tree, old), (state.tree, new), was=event)
        self.judged += judged_pair(pair, self._judging(event), progress)

    def _judging(self, event: EventType) -> Judging:
        policy = self.policy or self.settings.policy_of(event)
        return Judging(policy, self.lens or "tolerant", self.allow_undecided)


def _is_one_version(name: str, number: str) -> bool:
    """Tell whether two arguments that are no files read like an event type and a version of it."""
    return number.removeprefix("v").isdigit() and not (Path(name).exists() or Path(number).exists())


def _day(text: str | None) -> date:
    if text is None:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--today {shown(text)} is no day: write it as YYYY-MM-DD.") from error
