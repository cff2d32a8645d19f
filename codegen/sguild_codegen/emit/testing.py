"""The module ``testing`` of the package: strategies by event type, and a factory for each payload."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from sguild_codegen.emit.definitions import Import, TypeSource
from sguild_codegen.emit.modules import EVENT, ModelModule, grouped, live_versions
from sguild_codegen.emit.names import distribution, payload_class, snake
from sguild_codegen.emit.recipes import Recipe
from sguild_codegen.emit.skeletons import Skeleton
from sguild_codegen.model.contract import EventType

_MISSING: Final = Import("pydantic", "MISSING")


@dataclass(frozen=True, slots=True)
class Drawn:
    """One version of a payload that can be drawn and made."""

    event_type: str
    version: int
    is_current: bool
    payload: str
    payload_module: str
    factory: str
    factory_module: str


@dataclass(frozen=True, slots=True)
class _Parameter:
    """One parameter of a factory: its name, the type of the value, and the name of the JSON property."""

    name: str
    annotation: str
    json_name: str


def _drawn(package: str, event: EventType) -> Iterator[Drawn]:
    """Yield the versions of an event type, the current one first."""
    for version in reversed(live_versions(event)):
        current = version is event.current
        yield Drawn(
            event_type=event.name,
            version=version.version,
            is_current=current,
            payload=payload_class(event.name, version.version),
            payload_module=f"{package}.events.{snake(event.name)}",
            factory=f"make_{snake(event.name)}{'' if current else f'_v{version.version}'}",
            factory_module=f"{package}.testing.factories.{snake(event.name)}",
        )


def facade(package: str, events: Iterable[EventType]) -> Recipe:
    """Return the module itself: strategies, typed by event type, and where the factories are."""
    drawn = (each for event in events for each in _drawn(package, event))
    rows = sorted(drawn, key=lambda each: (each.event_type, not each.is_current, -each.version))
    payloads = grouped([Import(each.payload_module, each.payload) for each in rows])
    makers = grouped([Import(each.factory_module, each.factory) for each in rows])
    values = {
        "package": package,
        "distribution": distribution(package),
        "event": EVENT,
        "drawn": rows,
        "imports": [*payloads[0], *makers[0]],
        "factories": makers[0],
        "exports": sorted(["events", "kit", "make_event", "payloads", *(each.factory for each in rows)]),
    }
    return Recipe("testing.py.jinja", values)


def factories(package: str, event: EventType, module: ModelModule, classes: Mapping[str, Skeleton]) -> Recipe:
    """Return the module with the factories of one event type."""
    names = {each.name for each in module.definitions.items}
    attributes = module.named(classes)
    imports: set[Import] = set()
    made: list[tuple[Drawn, list[_Parameter]]] = []
    for row in _drawn(package, event):
        sources = next(each.properties for each in module.classes() if each.name == row.payload)
        imports.add(Import(row.payload_module, row.payload))
        imports.update(*(_imports(each, names, row.payload_module) for each in sources.values()))
        imports.update([_MISSING] if sources else [])
        made.append((row, [*_parameters(sources, attributes[row.payload])]))
    values = {
        "package": package,
        "event_type": event.name,
        "import_groups": grouped(imports),
        "made": made,
        "exports": sorted(row.factory for row, _ in made),
    }
    return Recipe("factories.py.jinja", values)


def _parameters(sources: Mapping[str, TypeSource], skeleton: Skeleton) -> Iterator[_Parameter]:
    for name, source in sources.items():
        yield _Parameter(skeleton.attribute(name).name, source.text, name)


def _imports(source: TypeSource, names: set[str], module: str) -> Iterator[Import]:
    """Yield what a type needs where it is used outside of the module that defines its parts."""
    yield from source.imports
    for name in _used(ast.parse(source.text, mode="eval").body):
        if name in names:
            yield Import(module, name)


def _used(node: ast.expr) -> Iterator[str]:
    """Yield the names in a type; a string in it is the name of a class, but for the values of a Literal."""
    match node:
        case ast.Subscript(value=ast.Name(id="Literal")):
            return
        case ast.Name(id=name) | ast.Constant(value=str(name)):
            yield name
        case _:
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr):
                    yield from _used(child)
