"""The official JSON Schema test suite, run through generated models: ``make conformance`` prints a table.

Formats are asserted only where the suite judges them, in ``optional/format``.
"""

import itertools
import json
import sys
import types
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from sguild_codegen import model_source
from sguild_codegen.errors import ContractError

SUITE: Final = Path(__file__).parents[3] / "shared" / "json-schema-suite" / "draft2020-12"
OUTCOMES: Final = ("agree", "wrongly accepts", "wrongly rejects", "changes", "refused by name", "crashed")
_numbers: Final = itertools.count()


@dataclass(frozen=True)
class Group:
    """One schema of the suite with its tests; ``file`` is relative to the suite."""

    file: str
    description: str
    schema: Any
    tests: list[dict[str, Any]]

    @property
    def asserts_formats(self) -> bool:
        return self.file.startswith("optional/format/")


@dataclass(frozen=True)
class Outcome:
    """What became of one test."""

    group: Group
    test: str
    kind: str
    detail: str = ""


def groups() -> Iterator[Group]:
    """Yield the groups of the suite, by file."""
    for path in sorted(SUITE.rglob("*.json")):
        for each in json.loads(path.read_text("utf-8")):
            file = path.relative_to(SUITE).as_posix()
            yield Group(file, each["description"], each["schema"], each["tests"])


def outcomes(group: Group) -> Iterator[Outcome]:
    """Yield what becomes of each test of a group."""
    try:
        model = _model(group)
    except ContractError as error:
        kind, detail = "refused by name", error.findings[0].message
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        kind, detail = "crashed", f"{type(error).__name__}: {error}"
    else:
        for test in group.tests:
            yield Outcome(group, test["description"], *_judged(model, test))
        return
    for test in group.tests:
        yield Outcome(group, test["description"], kind, detail)


def table(found: list[Outcome]) -> str:
    """Return the outcomes by file, and in all."""
    by_file: dict[str, Counter[str]] = defaultdict(Counter)
    for each in found:
        by_file[each.group.file.removesuffix(".json")][each.kind] += 1
        by_file["in all"][each.kind] += 1
    total = by_file.pop("in all")
    width = max(map(len, by_file), default=6)
    lines = [f"{'':{width}}  {'  '.join(OUTCOMES)}"]
    for name, counts in (*sorted(by_file.items()), ("in all", total)):
        cells = (str(counts[kind] or "").rjust(len(kind)) for kind in OUTCOMES)
        lines.append(f"{name:{width}}  {'  '.join(cells)}".rstrip())
    return "\n".join(lines)


def _model(group: Group) -> type[BaseModel]:
    source = model_source(group.schema, assert_formats=group.asserts_formats)
    module = types.ModuleType(f"conformance_{next(_numbers)}")
    sys.modules[module.__name__] = module
    exec(compile(source, module.__name__, "exec"), module.__dict__)  # noqa: S102 - our own output
    model: type[BaseModel] = module.__dict__["Model"]
    return model


def _judged(model: type[BaseModel], test: dict[str, Any]) -> tuple[str, str]:
    text = json.dumps(test["data"])
    try:
        value = model.model_validate_json(text)
    except ValidationError:
        return ("wrongly rejects" if test["valid"] else "agree"), text
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        return "crashed", f"{type(error).__name__}: {error}"
    if not test["valid"]:
        return "wrongly accepts", text
    written = value.model_dump_json()
    same = json.loads(written, parse_int=float) == json.loads(text, parse_int=float)
    return ("agree" if same else "changes"), f"{text} became {written}"


def main() -> int:
    """Print the table and what is wrong; return 1 if anything is."""
    if not SUITE.is_dir():
        sys.stdout.write(
            f"The suite is not here: it would lie in {SUITE.name} of a folder shared/ beside the project.\n"
        )
        return 0
    found = [each for group in groups() for each in outcomes(group)]
    sys.stdout.write(f"{table(found)}\n")
    wrong = [each for each in found if each.kind not in ("agree", "refused by name")]
    for each in wrong:
        sys.stdout.write(
            f"{each.group.file}: {each.group.description}: {each.test}: {each.kind} {each.detail}\n"
        )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
