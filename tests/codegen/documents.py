"""JSON documents near a schema: valid ones, and ones that miss it by little.

A strategy reads the schema itself, not the generator's model of it, so that a fault of the reader is
seen as well. Conditional keywords are not aimed at: members come and go, so that both branches are drawn.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, TypeAlias
from urllib.parse import urljoin

import jsonschema_rs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Json: TypeAlias = Any
Strategy: TypeAlias = st.SearchStrategy[Json]

_DATE_TIMES: Final = (
    "2026-05-01T10:00:00Z",
    "2026-05-01T10:00:00.5Z",
    "2026-05-01T10:00:00.123456+02:00",
    "2026-05-01t10:00:00z",
    "2026-01-01T00:00:00.1234567-00:00",
    "2016-12-31T23:59:60Z",
    "2016-12-31T23:58:60Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "2026-05-01 10:00:00Z",
    "2026-05-01T10:00:00",
    "2026-05-01T10:00:00+0530",
    "2026-05-01T10:00:00,5Z",
    "2026-02-30T00:00:00Z",
    "2026-05-01T24:00:00Z",
    "2026-05-01T10:00Z",
    "1777629600",
)
_SAMPLES: Final[Mapping[str, tuple[str, ...]]] = {
    "date-time": _DATE_TIMES,
    "date": ("2026-05-01", "2024-02-29", "2026-02-30", "2026-5-1", "0001-01-01", "2026-05-01T00:00:00Z"),
    "time": ("10:00:00Z", "23:59:60Z", "10:00:00", "25:00:00Z", "10:00:00.5+01:00"),
    "duration": ("P1D", "PT1H30M", "P1Y2M3DT4H5M6S", "P2W", "P", "PT", "1D", "P1.5D"),
    "email": ("a@example.org", "a@localhost", '"a b"@example.org', "a@b@c", "a@", "a b@example.org"),
    "uri": ("https://example.org/a?b#c", "urn:x:y", "https://example.org/ a", "https://%zz", "/relative", ""),
    "hostname": ("example.org", "a", "-a.org", "a..b", "a" * 64),
    "ipv4": ("127.0.0.1", "256.0.0.1", "1.2.3", "01.2.3.4"),
    "ipv6": ("::1", "fe80::1", "::g", "1:2:3:4:5:6:7:8:9"),
    "uuid": ("2eb8aa08-aa98-11ea-b4aa-73b441d16380", "2EB8AA08-AA98-11EA-B4AA-73B441D16380", "2eb8aa08"),
    "json-pointer": ("", "/a/b", "/~0~1", "a", "/~2"),
    "regex": ("^a+$", "[", "(?<name>a)", "a{2,1}"),
}
_JUNK: Final[tuple[Json, ...]] = (
    *(None, True, False, 0, 1, -1, 1.0, 0.5, -0.0, 1e300, 2**53, 2**63, -(2**63), 10**25),
    *("", " ", "x", "5", "true", "null", "é", "\U0001f600", "a\n", "a" * 300),
    *([], [None], [1, 1.0], [True, 1], ["a", "a"], {}, {"a": 1}, {"class": True}),
)
_NAMES: Final = ("extra", "a", "A", "zz", "abcd", "class_", "__init__", "model_config", "a\n", "")
_MOST_STEPS: Final = 2
_SELDOM: Final = 20


@dataclass(frozen=True)
class Documents:
    """Strategies for the schemas of one file; ``others`` are files that it refers to, by their ``$id``."""

    root: Mapping[str, Json]
    others: Mapping[str, Json] = field(default_factory=dict[str, Json])
    _targets: dict[tuple[int, str], Strategy] = field(default_factory=dict[tuple[int, str], Strategy])

    def strategy(self) -> Strategy:
        """Return documents that are valid but for conditions, some of them changed in one or two places."""
        return self._changed(self._valid(self.root, self.root))

    def _changed(self, documents: Strategy) -> Strategy:
        @st.composite
        def draw_changed(draw: st.DrawFn) -> Json:
            document = draw(documents)
            for _ in range(draw(st.sampled_from([0, 0, 0, 1, 1, _MOST_STEPS]))):
                document = draw(_change(document))
            return document

        return draw_changed()

    def _valid(self, schema: Json, root: Mapping[str, Json]) -> Strategy:
        if isinstance(schema, bool):
            return st.sampled_from(_JUNK)
        if "$ref" in schema:
            return self._target(schema["$ref"], root)
        if "const" in schema:
            return st.just(schema["const"])
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        for key in ("oneOf", "anyOf"):
            if key in schema and "type" not in schema:
                return st.one_of([self._valid(each, root) for each in schema[key]])
        return self._typed(schema, root)

    def _target(self, reference: str, root: Mapping[str, Json]) -> Strategy:
        place = (id(root), reference)
        if place not in self._targets:
            self._targets[place] = st.deferred(lambda: self._found(reference, root))
        return self._targets[place]

    def _found(self, reference: str, root: Mapping[str, Json]) -> Strategy:
        address, _, pointer = reference.partition("#")
        document = self.others[urljoin(root["$id"], address)] if address else root
        target: Json = document
        for step in pointer.split("/")[1:]:
            target = target[step.replace("~1", "/").replace("~0", "~")]
        return self._valid(target, document)

    def _typed(self, schema: Mapping[str, Json], root: Mapping[str, Json]) -> Strategy:
        kinds = schema.get("type", ["object", "string", "null"])
        makers: dict[str, Callable[[], Strategy]] = {
            "string": lambda: _texts(schema),
            "integer": lambda: _numbers(schema, "integer"),
            "number": lambda: _numbers(schema, "number"),
            "boolean": st.booleans,
            "null": st.none,
            "array": lambda: self._array(schema, root),
            "object": lambda: self._object(schema, root),
        }
        return st.one_of([makers[kind]() for kind in ([kinds] if isinstance(kinds, str) else kinds)])

    def _array(self, schema: Mapping[str, Json], root: Mapping[str, Json]) -> Strategy:
        least = schema.get("minItems", 0)
        items = self._valid(schema.get("items", True), root)
        unique = json.dumps if schema.get("uniqueItems") else None
        most = min(schema.get("maxItems", least + 3), 25)

        def sized(low: int, high: int) -> Strategy:
            return st.lists(items, min_size=low, max_size=high, unique_by=unique)

        edges = st.one_of(sized(most, most), sized(most + 1, most + 1))
        return _seldom(st.one_of(sized(least, most), sized(least, least)), edges)

    def _object(self, schema: Mapping[str, Json], root: Mapping[str, Json]) -> Strategy:
        extra = schema.get("additionalProperties", True)
        required = schema.get("required", [])
        named = {name: self._valid(each, root) for name, each in schema.get("properties", {}).items()}
        named.update({name: self._valid(extra, root) for name in required if name not in named})
        members = st.fixed_dictionaries(
            {name: each for name, each in named.items() if name in required},
            optional={name: each for name, each in named.items() if name not in required},
        )
        if extra is False:
            return members
        names = _texts(schema.get("propertyNames", {})) if not named else st.sampled_from(_NAMES)
        least = schema.get("minProperties", 0)
        most = schema.get("maxProperties", least + 2)
        values = self._valid(extra, root)
        others = _seldom(
            st.dictionaries(names, values, min_size=least, max_size=most),
            st.dictionaries(names, values, min_size=most, max_size=most + 1),
        )
        return st.builds(lambda first, second: {**second, **first}, members, others)


def _texts(schema: Mapping[str, Json]) -> Strategy:
    if "format" in schema:
        return _leaf(schema, "string", _SAMPLES[schema["format"]])
    if "pattern" in schema:
        return _leaf(schema, "string", (*_matches(schema["pattern"]), "", "x"))
    least = schema.get("minLength", 0)
    most = schema.get("maxLength", least + 8)
    lengths = (least, most, (least + most) // 2, max(least - 1, 0), most + 1)
    return _leaf(schema, "string", [letter * length for letter in ("a", "\U0001f600") for length in lengths])


@cache
def _matches(pattern: str) -> tuple[str, ...]:
    """Draw some texts that match; doing so for each document would take most of the time."""
    found: list[str] = []

    @settings(max_examples=40, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.from_regex(pattern))
    def collect(text: str) -> None:
        found.append(text)

    collect()
    return tuple(dict.fromkeys(found))


def _numbers(schema: Mapping[str, Json], kind: str) -> Strategy:
    bounds = [schema[key] for key in schema if key.lower().endswith("imum")]
    step = schema.get("multipleOf", 1)
    near = [edge + delta for edge in (*bounds, 0) for delta in (-1, -0.5, 0, 0.5, 1)]
    multiples = [step * count for count in (-1, 0, 1, 3, 7)]
    return _leaf(schema, kind, [*near, *multiples, 1.0, 1e2, 5, 12, 2**53, 10**25, 1e300, 0.07])


def _leaf(schema: Mapping[str, Json], kind: str, candidates: Sequence[Json]) -> Strategy:
    """Return those candidates that are valid most of the time, and any of them now and then."""
    judge = jsonschema_rs.Draft202012Validator({**schema, "type": kind}, validate_formats=True)
    valid = [each for each in candidates if judge.is_valid(each)] or candidates
    return _seldom(st.sampled_from(valid), st.sampled_from(candidates))


def _seldom(usual: Strategy, unusual: Strategy) -> Strategy:
    """Draw from ``unusual`` now and then: a document with many wrong places shows little."""
    return st.integers(0, _SELDOM).flatmap(lambda lot: unusual if lot == _SELDOM else usual)


def _change(document: Json) -> Strategy:
    """Return documents that differ from ``document`` in one place."""
    places = list(_places(document))
    return st.sampled_from(places).flatmap(lambda place: _change_at(document, place))


def _change_at(document: Json, place: tuple[str | int, ...]) -> Strategy:
    value = document
    for step in place:
        value = value[step]
    return _other_values(value).map(lambda new: _replaced(document, place, new))


def _places(value: Json) -> Iterator[tuple[str | int, ...]]:
    yield ()
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for step, each in members:
        yield from ((step, *rest) for rest in _places(each))


def _replaced(value: Json, place: tuple[str | int, ...], new: Json) -> Json:
    if not place:
        return new
    step, *rest = place
    copied: Json = dict(value) if isinstance(value, dict) else list(value)
    copied[step] = _replaced(value[step], tuple(rest), new)
    return copied


def _other_values(value: Json) -> Strategy:
    junk = st.sampled_from(_JUNK)
    near = [*_near(value)]
    return st.one_of(st.sampled_from(near), junk) if near else junk


def _near(value: Json) -> Iterator[Json]:
    match value:
        case bool():
            yield from (int(value), float(value), str(value).lower())
        case int() | float():
            yield from (value + 1, value - 1, -value, value + 0.5, str(value), value == 1)
            yield from (float(value), int(value)) if abs(value) < 2**60 else ()
        case str():
            yield from (f"{value}\n", f" {value}", value.upper(), value.lower(), value[1:], f"{value}x")
            yield from (value.replace("T", " "), value.replace("Z", "z"), value.replace("-", "_"), [value])
        case dict():
            yield from ({name: each for name, each in value.items() if name != left} for left in value)
            others = [*value.values(), 1, "a", None]
            yield from ({**value, name: others[0]} for name in ("extra", "zz", ""))
            yield from ({**value, "class_": each} for each in others[-3:])
        case list():
            yield from ([*value, *value], value[:-1], [*value, None], [], value * 25)
            yield from ([*value, f"{value[-1]}z"], [*value, 77], [*value, True]) if value else ()
        case _:
            return
