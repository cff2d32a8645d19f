"""Contracts in a git repository, and what authors do to them."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from command_kit import Result, minimal_tree, run

REGISTRY: Final = "event-types-registry.json"
TODAY: Final = "2026-06-01"
ORDER: Final = "shop/schema/payloads/order.placed-v1.json"
_AUTHOR: Final = (
    "-c",
    "user.name=author",
    "-c",
    "user.email=author@example.org",
    "-c",
    "commit.gpgsign=false",
)


def git(folder: Path, *arguments: str) -> str:
    clean = {name: each for name, each in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        ("git", *_AUTHOR, *arguments), cwd=folder, env=clean, capture_output=True, text=True, check=True
    )
    return done.stdout


class Contracts:
    """A contracts folder in a repository of its own; the first commit is what it is made with."""

    def __init__(self, root: Path, prepare: Callable[["Contracts"], object] = lambda _: None) -> None:
        self.root = root
        self.folder = minimal_tree(root)
        self.edit(
            REGISTRY, lambda registry: registry["domains"].append({"name": "support", "status": "active"})
        )
        prepare(self)
        (root / "CHANGELOG.md").write_text("# Changelog\n", "utf-8")
        git(root, "init", "--quiet", "--initial-branch", "main")
        self.commit()

    def commit(self) -> None:
        git(self.root, "add", "--all")
        git(self.root, "commit", "--quiet", "--allow-empty", "--message", "contracts")

    def read(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text("utf-8"))

    def write(self, name: str, value: Any) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(value, indent=2), "utf-8")

    def edit(self, name: str, change: Callable[[Any], object]) -> None:
        value = self.read(name)
        change(value)
        self.write(name, value)

    def edit_entry(self, change: Callable[[Any], object]) -> None:
        self.edit(REGISTRY, lambda registry: change(registry["event_types"][0]))

    def release(self, version: str = "1.1.0") -> None:
        """Raise the registry's version, and write the entry of the changelog."""
        self.edit(REGISTRY, lambda registry: registry.update(registry_version=version))
        with (self.root / "CHANGELOG.md").open("a", encoding="utf-8") as file:
            file.write(f"- Registry {version}: something.\n")

    def add_version(self, number: int, change: Callable[[Any], object]) -> None:
        """Write the next version of order.placed, changed from version 1."""
        schema = self.read(ORDER)
        schema["$id"] = schema["$id"].replace("-v1", f"-v{number}")
        change(schema)
        self.write(ORDER.replace("-v1", f"-v{number}"), schema)

        def register(entry: Any) -> None:
            entry["versions"][-1]["status"] = "superseded"
            entry["versions"].append({"version": number, "status": "current"})

        self.edit_entry(register)

    def diff(self, *options: str, against: str = "HEAD") -> Result:
        """Run the command from the root of the repository."""
        before = Path.cwd()
        os.chdir(self.root)
        try:
            return run("diff", "--against", against, "--today", TODAY, *options)
        finally:
            os.chdir(before)

    def findings(self, *options: str) -> list[dict[str, Any]]:
        found = json.loads(self.diff("--format", "json", *options).out)["findings"]
        return list(found)

    def levels(self, *options: str) -> dict[str, str]:
        """Return the level of each rule that has a finding."""
        return {each["name"]: each["level"] for each in self.findings(*options)}
