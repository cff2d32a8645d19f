"""Reading one JSON object of the registry key by key."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from sguild_codegen.model.pointers import escape_pointer
from sguild_codegen.model.schema import JsonValue
from sguild_codegen.reader.names import NameKind
from sguild_codegen.reader.problems import Problem, Problems, Suggestion
from sguild_codegen.report import rules
from sguild_codegen.report.rules import Rule
from sguild_codegen.report.safe import shown

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Shape:
    """What an object is called, and its keys with what they mean; the first ``required`` have to be there."""

    what: str
    keys: Mapping[str, str]
    required: int


@dataclass(slots=True)
class RegistryObject:
    """One JSON object of the registry, read key by key; what is wrong goes to ``problems``."""

    document: str
    problems: Problems
    pointer: str
    shape: Shape
    values: Mapping[str, JsonValue]

    @classmethod
    def read(
        cls, value: JsonValue, document: str, pointer: str, shape: Shape, problems: Problems
    ) -> "RegistryObject":
        """Return the object, after a check of its keys; an empty one where ``value`` is no object."""
        if not isinstance(value, dict):
            what = shape.what
            problems.add(
                rules.WRONG_TYPE, document, pointer, what=what, expected="an object", value=shown(value)
            )
            return cls(document, problems, pointer, shape, {})
        found = cls(document, problems, pointer, shape, value)
        found.check_keys()
        return found

    def check_keys(self) -> None:
        """Note keys that are not known, and keys that are missing."""
        known = list(self.shape.keys)
        for key in self.values:
            if key not in self.shape.keys:
                pointer = f"{self.pointer}/{escape_pointer(key)}"
                self.problems.add(
                    rules.UNKNOWN_KEY,
                    self.document,
                    pointer,
                    at_key=True,
                    key=shown(key),
                    what=self.shape.what,
                    suggestion=Suggestion(key, known),
                    known=", ".join(known),
                )
        for key in known[: self.shape.required]:
            if key not in self.values:
                values = {"what": self.shape.what, "key": key, "meaning": self.shape.keys[key]}
                self.problems.items.append(
                    Problem(rules.MISSING_KEY, self.document, self.pointer, values=values)
                )

    def add(self, rule: Rule, key: str, **values: object) -> None:
        """Note a problem with the value of a key."""
        self.add_below(rule, escape_pointer(key), **values)

    def string(self, key: str, expected: str = "a text") -> str | None:
        """Return the value of a key if it is a text, ``None`` if it is absent or wrong."""
        value = self.values.get(key)
        if isinstance(value, str):
            return value
        self._wrong_type(key, expected)
        return None

    def array(self, key: str) -> list[JsonValue]:
        """Return the value of a key if it is an array, an empty one if it is absent or wrong."""
        value = self.values.get(key)
        if isinstance(value, list):
            return value
        self._wrong_type(key, "an array")
        return []

    def mapping(self, key: str) -> dict[str, JsonValue]:
        """Return the value of a key if it is an object, an empty one if it is absent or wrong."""
        value = self.values.get(key)
        if isinstance(value, dict):
            return value
        self._wrong_type(key, "an object")
        return {}

    def _wrong_type(self, key: str, expected: str) -> None:
        if key in self.values:
            self.add(rules.WRONG_TYPE, key, what=key, expected=expected, value=shown(self.values[key]))

    def text(
        self, key: str, accepts: Callable[[str], bool] = bool, rule: Rule = rules.WRONG_TYPE
    ) -> str | None:
        """Return a text that ``accepts`` accepts."""
        value = self.string(key)
        if value is None or accepts(value):
            return value
        self.add(rule, key, what=key, expected="a text that is not empty", value=shown(value))
        return None

    def name(self, key: str, kind: NameKind) -> str | None:
        """Return a name of a kind."""
        value = self.string(key)
        reason = None if value is None else kind.reason(value)
        if reason is None:
            return value
        self.add(rules.INVALID_NAME, key, value=shown(value), what=kind.what, reason=reason, form=kind.form)
        return None

    def day(self, key: str) -> date | None:
        """Return a calendar day."""
        value = self.string(key, "a day such as 2026-05-22")
        if value is None:
            return None
        try:
            return date.fromisoformat(value if _DATE.fullmatch(value) else "")
        except ValueError:
            self.add(
                rules.INVALID_WINDOW,
                key,
                reason=f"{shown(value)} is no day",
                way_out="Write a day of the calendar as YYYY-MM-DD.",
            )
            return None

    def texts(self, key: str) -> list[tuple[str, str]]:
        """Return the texts of an array with their pointers; each may be there once."""
        found: dict[str, str] = {}
        for index, value in enumerate(self.array(key)):
            pointer = f"{key}/{index}"
            if not isinstance(value, str):
                self.add_below(rules.WRONG_TYPE, pointer, what=pointer, expected="a text", value=shown(value))
            elif value in found:
                self.add_below(rules.DUPLICATE_NAME, pointer, what=key, value=shown(value))
            else:
                found[value] = f"{self.pointer}/{pointer}"
        return list(found.items())

    def add_below(self, rule: Rule, below: str, **values: object) -> None:
        """Note a problem at a pointer below the object."""
        self.problems.items.append(Problem(rule, self.document, f"{self.pointer}/{below}", values=values))
