"""A tree of event types that touch each other, and what people do to such trees: sound and unsound edits."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

REGISTRY: Final = "event-types-registry.json"
ENVELOPE: Final = "event-envelope/schema/envelope-v1.json"
ADDRESS: Final = "parcels/schema/address.json"
_UUID7: Final = "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"

Edit = Callable[[Path], None]


def write_touching_tree(folder: Path, envelope: Path) -> None:
    """Write four event types; two of them share an address, and each has a part that becomes a class."""
    _save(folder / ENVELOPE, _load(envelope))
    _save(
        folder / ADDRESS,
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": f"https://contracts.sguild/{ADDRESS}",
            "type": "object",
            "required": ["city"],
            "properties": {"city": {"type": "string", "minLength": 1}},
        },
    )
    names = ("parcel.sent", "parcel.lost", "order.placed", "order.paid")
    for name in names:
        _save(folder / _path(name), _schema(name))
    registry = {
        "registry_version": "1.0.0",
        "envelope": ENVELOPE,
        "domains": [{"name": each, "status": "active"} for each in ("sales", "support")],
        "id_prefixes": {"ord": "order", "evt": "event"},
        "event_types": [_entry(name) for name in names],
    }
    _save(folder / REGISTRY, registry)


def _path(name: str) -> str:
    return f"{name.partition('.')[0]}s/schema/payloads/{name}-v1.json"


def _entry(name: str) -> dict[str, Any]:
    return {
        "event_type": name,
        "contract": f"{name.partition('.')[0]}s",
        "producer": "sales",
        "subscribers": ["support"],
        "subject": "order_id",
        "versions": [{"version": 1, "status": "current"}],
    }


def _schema(name: str) -> dict[str, Any]:
    address = {"to": {"$ref": "../address.json"}} if name.startswith("parcel") else {}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"https://contracts.sguild/{_path(name)}",
        "title": f"{name} payload",
        "description": f"Says {name}.",
        "type": "object",
        "required": ["order_id"],
        "properties": {
            "order_id": {"type": "string", "pattern": f"^ord_{_UUID7}$"},
            "line": {"type": "object", "properties": {"count": {"type": "integer", "minimum": 1}}},
            **address,
        },
    }


def _load(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def _save(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2), "utf-8")


def _edit(name: str, change: Callable[[Any], object]) -> Edit:
    """Return an edit of one JSON file; a file that is not there, or no JSON, is left as it is."""

    def edit(folder: Path) -> None:
        path = folder / name
        try:
            value = _load(path)
            change(value)
        except (OSError, ValueError, LookupError):
            return
        _save(path, value)

    return edit


def _set(*keys: str | int, to: object) -> Callable[[Any], None]:
    def change(value: Any) -> None:
        for key in keys[:-1]:
            value = value[key]
        value[keys[-1]] = to

    return change


def _write(name: str, text: str) -> Edit:
    def edit(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")

    return edit


def _delete(name: str) -> Edit:
    return lambda folder: (folder / name).unlink(missing_ok=True)


def _link(name: str) -> Edit:
    def edit(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to("nowhere.json")

    return edit


def _all(*edits: Edit) -> Edit:
    def edit(folder: Path) -> None:
        for each in edits:
            each(folder)

    return edit


def _add(name: str) -> Edit:
    return _all(
        lambda folder: _save(folder / _path(name), _schema(name)),
        _edit(REGISTRY, lambda registry: registry["event_types"].append(_entry(name))),
    )


def _rename_first(registry: Any) -> None:
    registry["event_types"][0]["event_type"] = "parcel.posted"


def _from_the_list(pick: Callable[[list[Any]], Iterable[Any]]) -> Edit:
    return _edit(REGISTRY, _pick(pick))


def _pick(pick: Callable[[list[Any]], Iterable[Any]]) -> Callable[[Any], None]:
    def change(registry: Any) -> None:
        registry["event_types"] = list(pick(registry["event_types"]))

    return change


SENT, PLACED, PAID = _path("parcel.sent"), _path("order.placed"), _path("order.paid")

SOUND: Final[dict[str, Edit]] = {
    "a bound": _edit(PLACED, _set("properties", "line", "properties", "count", "minimum", to=3)),
    "a description": _edit(PLACED, _set("description", to="Says it better.")),
    "no description": _edit(PLACED, lambda schema: schema.pop("description")),
    "a property": _edit(PAID, _set("properties", "paid_at", to={"type": "string", "format": "date-time"})),
    "an odd property": _edit(PAID, _set("properties", "@class", to={"type": "boolean"})),
    "no properties": _edit(PAID, _set("properties", to={})),
    "a closed object": _edit(PAID, _set("additionalProperties", to=False)),
    "a part": _edit(PAID, _set("properties", "payer", to={"type": "object", "required": ["x"]})),
    "the shared file": _edit(ADDRESS, _set("properties", "city", "minLength", to=2)),
    "a new reference": _edit(
        PLACED, _set("properties", "to", to={"$ref": "../../../parcels/schema/address.json"})
    ),
    "an event type": _add("order.shipped"),
    "one less": _all(
        _delete(PAID), _from_the_list(lambda each: [e for e in each if e["event_type"] != "order.paid"])
    ),
    "another order": _from_the_list(reversed),
    # The class of this event type has the name that a part of another has: the part has to give way.
    "the name of a part": _add("parcel.sent.v1.line"),
    "the name of a part, first": _all(
        _add("order.paid.v1.line"), _from_the_list(lambda each: [*each[-1:], *each[:-1]])
    ),
    "a subscriber": _edit(REGISTRY, _set("event_types", 0, "subscribers", to=["support", "sales"])),
    "a producer": _edit(REGISTRY, _set("event_types", 1, "producer", to="support")),
    "a closed enum": _edit(REGISTRY, _set("event_types", 2, "closed_enums", to=["line"])),
    "a subject that is none": _edit(REGISTRY, _set("event_types", 2, "subject", to="customer")),
    "a window": _edit(REGISTRY, _set("event_types", 2, "versions", 0, "emit_from", to="2026-01-01")),
    "a version of the registry": _edit(REGISTRY, _set("registry_version", to="1.1.0")),
    "an id prefix": _edit(
        REGISTRY, _set("id_prefixes", to={"ord": "purchase", "evt": "event", "par": "parcel"})
    ),
    "no id prefix": _edit(REGISTRY, _set("id_prefixes", to={})),
    "a domain": _edit(REGISTRY, lambda each: each["domains"].append({"name": "growth", "status": "active"})),
    "the envelope": _edit(ENVELOPE, _set("description", to="Around everything.")),
}
UNSOUND: Final[dict[str, Edit]] = {
    "no JSON": _write(PLACED, "{"),
    "an unknown keyword": _edit(PLACED, _set("propertys", to={})),
    "a wrong $id": _edit(SENT, _set("$id", to="https://contracts.sguild/elsewhere.json")),
    "a typo in required": _edit(PAID, _set("required", to=["ordre_id"])),
    "a broken reference": _edit(SENT, _set("properties", "to", "$ref", to="../adress.json")),
    "a required property that cannot be": _all(
        _edit(PAID, _set("additionalProperties", to=False)), _edit(PAID, _set("properties", to={}))
    ),
    "no shared file": _delete(ADDRESS),
    "a broken shared file": _edit(ADDRESS, _set("type", to="objekt")),
    "no schema": _delete(PAID),
    "a link": _link(PAID),
    "a link as the shared file": _link(ADDRESS),
    "a stray file": _write("orders/schema/stray.json", "{}"),
    "a rename without the file": _edit(REGISTRY, _rename_first),
    "an event type twice": _from_the_list(lambda each: [*each, *each[:1]]),
    "a collision": _add("order_placed"),
    "a publisher's name": _add("sales.publisher"),
    "an unknown domain": _edit(REGISTRY, _set("event_types", 1, "producer", to="sale")),
    "no registry": _delete(REGISTRY),
    "no envelope": _delete(ENVELOPE),
    "a broken envelope": _edit(ENVELOPE, _set("type", to="array")),
}
EDITS: Final = {**SOUND, **UNSOUND}
