"""Families of contracts: two or three versions of one payload, and a package that is generated of them."""

import importlib
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from command_kit import minimal_tree, run

Payload = dict[str, Any]

_ID: Final = {
    "type": "string",
    "pattern": "^ord_[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
}
_TEXT: Final = {"type": "string", "maxLength": 20}


def payload(required: str = "", **properties: Any) -> Payload:
    """Return a closed payload with an order's id, and those of the other properties that are ``required``."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["order_id", *required.split()],
        "properties": {"order_id": _ID, **properties},
    }


def _enum(*values: str) -> Payload:
    return {"type": "string", "enum": list(values)}


def _count(**bounds: int) -> Payload:
    return {"type": "integer", **bounds}


def _part(required: str = "", **properties: Any) -> Payload:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": required.split(),
        "properties": properties,
    }


def _branch(kind: str, **properties: Any) -> Payload:
    return _part(f"kind {' '.join(properties)}", kind={"const": kind}, **properties)


_A_OR_NOTE: Final = [
    {"required": ["kind"], "properties": {"kind": {"enum": ["a"]}}},
    {"required": ["note"]},
]
_INSTANT: Final = {"type": "string", "format": "date-time"}


def _closed_in_place(*values: str) -> Payload:
    return {
        **payload("closed", closed=_TEXT, note=_TEXT),
        "if": {"required": ["note"]},
        "then": {"properties": {"closed": _enum(*values)}},
        "else": {"allOf": [{"properties": {"closed": _enum(*values)}}]},
    }


_KIND: Final = {"kind": _enum("a", "b")}
_TREE: Final = _part("kind", kind=_enum("a", "b"), below={"$ref": "#/$defs/tree"})


def _unevaluated(branch: Payload) -> Payload:
    return {
        "type": "object",
        "required": ["order_id"],
        "properties": {"order_id": _ID},
        "allOf": [{"properties": {**_KIND, "part": _part("n", n=_count(), **_KIND)}}],
        "anyOf": [{"required": ["one"], "properties": {"one": {"const": 1}}}, branch],
        "unevaluatedProperties": False,
    }


_CARD: Final = _branch("card", n=_enum("a", "b"))
_CASH: Final = _branch("cash", n=_enum("c"), m=_count())
_NULL: Final = {"type": "null"}
_X: Final = {"$ref": "#/$defs/x"}
_Y: Final = {"$ref": "#/$defs/y"}
_EITHER: Final = {"oneOf": [_X, _Y]}


def _listed(kind: str, **properties: Any) -> Payload:
    return _part("kind", kind=_enum(kind), **properties)


def _by(by: Payload, x: Payload = _CARD, y: Payload = _CASH, **others: Any) -> list[Payload]:
    """Return a payload with branches that may be references."""
    properties = {name: each for name, each in others.items() if not name.startswith("of_")}
    definitions = {name.removeprefix("of_"): each for name, each in others.items() if name.startswith("of_")}
    return [{**payload("by", by=by, at=_enum("c"), **properties), "$defs": {"x": x, "y": y, **definitions}}]


# What keeps branches apart: tags and types, in branches that stand there or are referred to.
BRANCHES: Final[dict[str, list[Payload]]] = {
    "branches.referred": _by(_EITHER),
    "branches.mixed": _by({"oneOf": [_CARD, _Y]}),
    "branches.items": _by({"type": "array", "items": _EITHER, "maxItems": 3}),
    "branches.described": _by({"oneOf": [{**_X, "description": "By card."}, _Y]}),
    "branches.behind": _by({"$ref": "#/$defs/either"}, of_either=_EITHER),
    "branches.chained": _by({"oneOf": [{"$ref": "#/$defs/z"}, _Y]}, of_z=_X),
    "branches.orabsent": _by({"anyOf": [_NULL, _EITHER]}),
    "branches.ornull": _by({"oneOf": [_X, _Y, _NULL]}),
    "branches.elsewhere": _by(_EITHER, other=_X, more={"type": "array", "items": _Y}),
    "branches.listed": _by(_EITHER, _listed("card", n=_enum("a", "b")), _listed("cash", m=_count())),
    "branches.listedelsewhere": _by(_EITHER, _listed("card", n=_enum("a", "b")), other=_X),
    "branches.constant": _by(
        _EITHER, _part("kind", kind={"$ref": "#/$defs/k"}, n=_enum("a")), of_k={"const": "card"}
    ),
    "branches.numbered": _by(
        _EITHER,
        _part("kind", kind={"const": 1}, n=_enum("a")),
        _part("kind", kind={"const": 2}, n=_enum("b")),
    ),
    "branches.tree": _by(
        _X,
        _branch("and", n=_enum("a"), of={"type": "array", "items": _EITHER, "maxItems": 2}),
        _branch("not", of=_EITHER) | {"required": ["kind"]},
    ),
    "branches.any": _by({"anyOf": [_X, _Y]}),
    "branches.anylisted": _by({"anyOf": [_listed("card", n=_enum("a", "b")), _listed("cash", n=_enum("c"))]}),
    "branches.anyreferred": _by(
        {"anyOf": [_X, _Y, _NULL]}, _listed("card", n=_enum("a", "b")), _listed("cash", n=_enum("c"))
    ),
    "branches.textornull": _by({"oneOf": [_enum("a", "b"), _NULL]}),
    "branches.referredornull": _by({"oneOf": [_NULL, _X]}, _part("n", n=_enum("a", "b"))),
    "branches.types": _by({"oneOf": [_enum("a", "b"), _count(), {"type": "array", "items": _enum("a")}]}),
    "branches.textor": _by({"oneOf": [_X, _NULL]}, _enum("a", "b")),
    "branches.overlapping": _by({"oneOf": [_enum("a", "b"), {"type": "string", "maxLength": 1}]}),
}

# What a model says by an embedded schema, or by a union.
EMBEDDED: Final[dict[str, list[Payload]]] = {
    "inside.prefix": [
        payload("pair", pair={"type": "array", "prefixItems": [_enum("a", "b"), _part("n", n=_count())]})
    ],
    "inside.length": [payload("kind", kind={**_enum("a", "bcd"), "maxLength": 3})],
    "inside.allof": [{**payload("kind", kind=_TEXT, note=_TEXT), "allOf": [{"properties": _KIND}]}],
    "inside.anyof": [
        {
            **payload(kind=_TEXT, note=_TEXT, other=_TEXT),
            "anyOf": [
                {"required": ["kind"], "properties": _KIND},
                {"required": ["note"], "properties": {"other": _enum("c")}},
            ],
        }
    ],
    "inside.patterns": [{**payload("note", note=_TEXT), "patternProperties": {"^x_": _enum("a", "b")}}],
    "inside.then": [
        {
            **payload("kind", kind=_TEXT, note=_TEXT),
            "if": {"properties": {"note": {"const": ""}}},
            "then": {"properties": _KIND},
            "else": {"properties": {"kind": _enum("b", "c")}},
        }
    ],
    "inside.dependent": [
        {**payload("kind", kind=_TEXT, note=_TEXT), "dependentSchemas": {"note": {"properties": _KIND}}}
    ],
    "inside.unevaluated": [_unevaluated({"properties": {"shut": _enum("x")}})],
    "inside.evaluated": [_unevaluated({"additionalProperties": True})],
    "inside.maps": [
        payload("map", map={"type": "object", "additionalProperties": _enum("a", "b"), "maxProperties": 3})
    ],
    "inside.others": [
        payload(
            "map",
            map={
                "type": "object",
                "patternProperties": {"^x": _part("n", n=_count(), **_KIND)},
                "additionalProperties": _enum("a", "b"),
            },
        )
    ],
    "inside.named": [
        payload(
            "map",
            map={
                "type": "object",
                "patternProperties": {"^[a-z]{2}$": _enum("a", "b")},
                "additionalProperties": False,
            },
        )
    ],
    "inside.hidden": [
        payload(
            "pair",
            pair={
                "type": "array",
                "anyOf": [{"prefixItems": [{"type": "string"}, _enum("a")]}, {"prefixItems": [_enum("b")]}],
                "unevaluatedItems": False,
            },
        )
    ],
    "inside.tree": [{**payload("tree", tree={"$ref": "#/$defs/tree"}), "$defs": {"tree": _TREE}}],
    "union.texts": [payload("by", by={"anyOf": [_enum("a", "b"), _ID, _INSTANT]}, at=_enum("c"))],
    "union.sized": [
        payload("by", by={"anyOf": [_enum("a", "b"), {"type": "string", "const": "cc", "maxLength": 2}]})
    ],
    "union.parts": [
        payload("by", by={"anyOf": [_part("a", a=_enum("x")), _part("b", b=_enum("y"), n=_count())]})
    ],
}

FAMILIES: Final[dict[str, list[Payload]]] = {
    **EMBEDDED,
    **BRANCHES,
    "added.optional": [payload("note", note=_TEXT), payload("note", note=_TEXT, more=_count())],
    "added.required": [payload("note", note=_TEXT), payload("note more", note=_TEXT, more=_count())],
    "removed.optional": [payload("note", note=_TEXT, more=_count()), payload("note", note=_TEXT)],
    "removed.required": [payload("note more", note=_TEXT, more=_count()), payload("note", note=_TEXT)],
    "made.optional": [payload("note", note=_TEXT), payload(note=_TEXT)],
    "widened.enum": [payload("kind", kind=_enum("a", "b")), payload("kind", kind=_enum("a", "b", "c"))],
    "narrowed.enum": [payload("kind", kind=_enum("a", "b", "c")), payload("kind", kind=_enum("a", "b"))],
    "closed.enum": [
        payload("closed", closed=_enum("a", "b")),
        payload("closed", closed=_enum("a", "b", "c")),
    ],
    "closed.inplace": [
        _closed_in_place("a", "b"),
        _closed_in_place("a", "b", "c"),
    ],
    "widened.bound": [payload("n", n=_count(minimum=1, maximum=9)), payload("n", n=_count(minimum=0))],
    "narrowed.bound": [payload("n", n=_count(minimum=0)), payload("n", n=_count(minimum=1, maximum=9))],
    "nested.added": [
        payload("part", part=_part("note", note=_TEXT, kind=_enum("a", "b"))),
        payload("part", part=_part("note", note=_TEXT, kind=_enum("a", "b", "c"), more=_count())),
    ],
    "nested.required": [
        payload("part", part=_part("note", note=_TEXT)),
        payload("part", part=_part("note more", note=_TEXT, more=_count())),
    ],
    "array.items": [
        payload("kinds", kinds={"type": "array", "items": _enum("a", "b"), "maxItems": 4}),
        payload("kinds", kinds={"type": "array", "items": _enum("a", "b", "c"), "maxItems": 4}),
    ],
    "array.parts": [
        payload("parts", parts={"type": "array", "items": _part("n", n=_count()), "minItems": 1}),
        payload("parts", parts={"type": "array", "items": _part("n", n=_count(), kind=_enum("a", "b"))}),
    ],
    "tagged.branches": [
        payload("by", by={"oneOf": [_branch("card", last4=_TEXT), _branch("cash", paid_at=_INSTANT)]}),
        payload(
            "by",
            by={
                "oneOf": [
                    _branch("card", last4=_TEXT, brand=_enum("v", "m")),
                    _branch("cash", paid_at=_INSTANT),
                    _branch("bank", iban=_TEXT),
                ]
            },
        ),
    ],
    "renamed.property": [payload("note", note=_TEXT), payload("remark", remark=_TEXT)],
    "integer.tonumber": [payload("n", n=_count()), payload("n", n={"type": "number"})],
    "conditions.changed": [
        {**payload("kind", kind=_enum("a", "b"), note=_TEXT), "dependentRequired": {"note": ["kind"]}},
        {
            **payload("kind", kind=_enum("a", "b", "c"), note=_TEXT, more=_count()),
            "if": {"properties": {"kind": {"const": "a"}}},
            "then": {"required": ["note"]},
        },
    ],
    "conditions.ofenums": [
        {**payload(kind=_enum("a", "b"), note=_TEXT), "anyOf": _A_OR_NOTE},
        {**payload(kind=_enum("a", "b", "c"), note=_TEXT, more=_count()), "anyOf": _A_OR_NOTE},
    ],
    "patterns.closed": [
        {**payload("note", note=_TEXT), "patternProperties": {"^x_": _TEXT}},
        {**payload("note", note=_TEXT, more=_count()), "patternProperties": {"^x_": _TEXT}},
    ],
    "three.versions": [
        payload("note", note=_TEXT),
        payload("note", note=_TEXT, kind=_enum("a", "b")),
        payload("note", note=_TEXT, kind=_enum("a", "b", "c"), part=_part("n", n=_count())),
    ],
    "opened.object": [
        payload("note", note=_TEXT),
        {**payload("note", note=_TEXT), "additionalProperties": _enum("x", "y")},
    ],
}


def write_families(folder: Path, families: dict[str, list[Payload]] = FAMILIES) -> Path:
    """Write the contracts of each family as an event type, and return the contracts folder."""
    contracts = minimal_tree(folder)
    place = contracts / "event-types-registry.json"
    registry = json.loads(place.read_text("utf-8"))
    registry["event_types"] = [_entry(name, versions) for name, versions in families.items()]
    place.write_text(json.dumps(registry), "utf-8")
    payloads = contracts / "shop/schema/payloads"
    for old in payloads.iterdir():
        old.unlink()
    for name, versions in families.items():
        for number, schema in enumerate(versions, start=1):
            path = f"shop/schema/payloads/{name}-v{number}.json"
            (contracts / path).write_text(json.dumps(_file(path, name, number, schema)), "utf-8")
    return contracts


def _file(path: str, name: str, number: int, schema: Payload) -> Payload:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"https://contracts.sguild/{path}",
        "title": f"{name} payload v{number}",
        **schema,
    }


def _entry(name: str, versions: list[Payload]) -> Payload:
    last = len(versions)
    statuses = [
        {"version": number, "status": "current" if number == last else "superseded"}
        for number in range(1, last + 1)
    ]
    closed = ["closed"] if "closed" in versions[0]["properties"] else []
    return {
        "event_type": name,
        "contract": "shop",
        "producer": "sales",
        "subscribers": ["sales"],
        "subject": "order_id",
        "closed_enums": closed,
        "versions": statuses,
    }


@contextmanager
def installed(folder: Path, contracts: Path, package: str) -> Iterator[Any]:
    """Generate a package, and yield the module of its registry while it can be imported."""
    output = folder / package
    done = run("generate", "--contracts", contracts, "--output", output, "--package", package)
    assert done.code == 0, done.out + done.err
    sys.path.insert(0, str(output))
    try:
        importlib.invalidate_caches()
        yield importlib.import_module(f"{package}.registry")
    finally:
        sys.path.remove(str(output))
        for name in [each for each in sys.modules if each.partition(".")[0] == package]:
            del sys.modules[name]
