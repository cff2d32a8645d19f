"""Two states of all contracts: which schemas are compared, and what else has changed."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from sguild_codegen.changes.bundling import bundle, referenced_files
from sguild_codegen.changes.git import Repository
from sguild_codegen.changes.judged import Judged, judged_pair
from sguild_codegen.changes.pairs import Pair, Side, event_pair
from sguild_codegen.changes.policies import FULL, Judging
from sguild_codegen.changes.registry_edits import RegistryEdits
from sguild_codegen.changes.renames import renamed
from sguild_codegen.changes.states import State, registry_of
from sguild_codegen.changes.trees import REGISTRY, folder_tree, git_tree
from sguild_codegen.errors import ContractError
from sguild_codegen.model.contract import EventType, PayloadVersion
from sguild_codegen.reader.problems import Problem
from sguild_codegen.report import rules as reading_rules

JudgingOf = Callable[[EventType], Judging]


@dataclass(slots=True)
class Changes:
    """The contracts as they were and as they are; ``judging`` tells how an event type is judged."""

    old: State
    new: State
    judging: JudgingOf
    today: date
    say: Callable[[str], None]
    renamed: Mapping[str, str] = field(init=False)
    """The old and the new names of event types."""

    def __post_init__(self) -> None:
        self.renamed = renamed(self.old, self.new)

    def findings(self) -> Iterator[Judged]:
        """Yield everything that has changed, and who breaks by it."""
        for pair, judging in self.pairs():
            yield from judged_pair(pair, judging, self.say)
        if self.old.registry is self.new.registry:
            return
        states = RegistryEdits(
            self.old,
            self.new,
            self.renamed,
            self.today,
            lambda event: self.judging(event).policy.is_none,
        )
        digests = self.registry_digests()
        yield from (Judged(each, digests) for each in states.findings())

    def registry_digests(self) -> tuple[str, str]:
        """SHA-256 of both registries, which a waiver of an edit of the registry names."""
        old, new = (Side("", each.tree, bundle(each.tree, REGISTRY)) for each in (self.old, self.new))
        return old.digest, new.digest

    def pairs(self) -> Iterator[tuple[Pair, Judging]]:
        """Yield what has to be compared, and how it is judged."""
        changed = self._changed_files()
        yield from self._envelope(changed)
        before = self.old.entries
        names = {new: old for old, new in self.renamed.items()}
        for name, entry in self.new.entries.items():
            old = before.get(names.get(name, name))
            was = None if old is None else old.event_type
            for version, pointer in zip(entry.event_type.versions, entry.version_pointers, strict=True):
                if version.is_live:
                    self._check_schema(entry.event_type, version, pointer)
                    yield from self._version(was, entry.event_type, version, changed)

    def _envelope(self, changed: set[str]) -> Iterator[tuple[Pair, Judging]]:
        old, new = self.old.registry.envelope or "", self.new.registry.envelope or ""
        if (
            old not in self.old.tree.ids
            or new not in self.new.tree.ids
            or (old == new and new not in changed)
        ):
            return
        pair = Pair(
            old=Side(f"the envelope {self.old.tree.label}", self.old.tree, bundle(self.old.tree, old)),
            new=Side("the envelope as it is now", self.new.tree, bundle(self.new.tree, new)),
            name="the envelope",
            is_edit=True,
            readers=self._people(),
            is_exact=True,
        )
        yield pair, Judging(FULL, "strict")

    def _people(self) -> tuple[str, ...]:
        """Return the domains that publish or read any event, now or before: each of them has envelopes."""
        events = [each.event_type for one in (self.old, self.new) for each in one.registry.entries]
        return tuple(sorted({name for each in events for name in (each.producer, *each.subscribers)}))

    def _version(
        self, was: EventType | None, event: EventType, version: PayloadVersion, changed: set[str]
    ) -> Iterator[tuple[Pair, Judging]]:
        judging = self.judging(event)
        old = _live(was).get(version.version) if was is not None else None
        if was is not None and old is not None and old.path in self.old.tree.ids:
            if version.path in changed or old.path != version.path:
                pair = event_pair(event, (self.old.tree, old), (self.new.tree, version), was=was)
                yield pair, replace(judging, policy=judging.policy if judging.policy.is_none else FULL)
            return
        earlier = {} if was is None else {n: (self.old.tree, one) for n, one in _live(was).items()}
        earlier |= {n: (self.new.tree, one) for n, one in _live(event).items()}
        numbers = sorted(number for number in earlier if number < version.version)
        chosen = numbers if judging.policy.transitive else numbers[-1:]
        for tree, one in (earlier[number] for number in chosen):
            if one.path in tree.ids:
                yield event_pair(event, (tree, one), (self.new.tree, version), was=was or event), judging

    def _check_schema(self, event: EventType, version: PayloadVersion, pointer: str) -> None:
        if version.path in self.new.tree.ids:
            return
        way_out = "give the version the status withdrawn"
        values = {"what": f"{event.name} version {version.version}", "path": version.path, "way_out": way_out}
        problem = Problem(reading_rules.MISSING_SCHEMA, REGISTRY, pointer, values=values)
        raise ContractError([self.new.tree.locator(REGISTRY).finding(problem)])

    def _changed_files(self) -> set[str]:
        """Return the files that are not the same, and those that lead to one of them."""
        old, new = self.old.tree, self.new.tree
        differing = {name for name, each in new.ids.items() if old.ids.get(name) != each}
        old.prefetch(differing)
        registered = {one.path for each in self.new.registry.entries for one in each.event_type.versions}
        return differing | {
            name for name in registered - differing if differing & referenced_files(new, name)
        }


def read_changes(
    repository: Repository,
    folder: Path,
    against: str,
    *,
    judging: JudgingOf,
    today: date,
    say: Callable[[str], None],
) -> Changes:
    """Return the contracts of a folder, and as they were at ``REF`` or ``REF:PATH``.

    Raises:
        UsageError: git does not find the other contracts.
        ContractError: a registry or a file cannot be read.
    """
    reference, _, path = against.partition(":")
    tree = git_tree(repository, reference, folder, path or None)
    here = folder_tree(folder, tree.ids)
    registry = registry_of(here, strict=True)
    is_same = tree.ids.get(REGISTRY) == here.ids[REGISTRY]
    before = registry if is_same else registry_of(tree, strict=False)
    return Changes(State(tree, before), State(here, registry), judging, today, say)


def _live(event: EventType) -> dict[int, PayloadVersion]:
    return {each.version: each for each in event.versions if each.is_live}
