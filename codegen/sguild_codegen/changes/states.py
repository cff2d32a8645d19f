"""All contracts in one state: the files, and what the registry says."""

from dataclasses import dataclass
from pathlib import Path

from sguild_codegen.changes.trees import REGISTRY, Tree, folder_tree
from sguild_codegen.errors import ContractError, UsageError
from sguild_codegen.reader.problems import Problems
from sguild_codegen.reader.registry import Entry, Registry, read_registry
from sguild_codegen.report.safe import shown


@dataclass(frozen=True, slots=True)
class State:
    """The registry in one state."""

    tree: Tree
    registry: Registry

    @property
    def entries(self) -> dict[str, Entry]:
        """The entries by event type."""
        return {each.event_type.name: each for each in self.registry.entries}


def here(folder: Path) -> State:
    """Return the contracts of a folder.

    Raises:
        UsageError: there are none.
        ContractError: a file cannot be read, or the registry is refused.
    """
    tree = folder_tree(folder, {})
    return State(tree, registry_of(tree, strict=True))


def registry_of(tree: Tree, *, strict: bool) -> Registry:
    """Return the registry of a tree; one that is not sound is read as far as it goes, unless ``strict``."""
    if REGISTRY not in tree.ids:
        where = tree.label or f"in {shown(str(tree.folder))}"
        raise UsageError(f"There is no {REGISTRY} {where}: name the folder of the contracts.")
    problems = Problems()
    registry = read_registry(tree.file(REGISTRY), problems)
    if problems.items and strict:
        raise ContractError([tree.locator(REGISTRY).finding(each) for each in problems.items])
    return registry
