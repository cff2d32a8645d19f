"""What one emitted module is made of: imports, aliases and classes, in the order of dependence."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain, count
from typing import Any, Final, TypeAlias

from sguild_codegen.model.schema import Schema

FIELDS: Final = "sguild_dispatcher.fields"


@dataclass(frozen=True, slots=True, order=True)
class Import:
    """``from module import name``."""

    module: str
    name: str


@dataclass(frozen=True, slots=True)
class TypeSource:
    """The source of a type, and the imports that it needs.

    ``forward`` says that the text names a class that is defined further down: it must stand in quotes.
    """

    text: str
    imports: frozenset[Import] = frozenset()
    forward: bool = False

    @property
    def quoted(self) -> str:
        """The text as it stands inside another type."""
        return f'"{self.text}"' if self.forward else self.text


@dataclass(frozen=True, slots=True)
class Alias:
    """A name for a type: ``Currency = Annotated[str, StringRule(pattern="^[A-Z]{3}$")]``."""

    name: str
    type: TypeSource


@dataclass(frozen=True, slots=True)
class TaggedUnion:
    """A union of classes that a JSON property tells apart; its alias gets the name of the attribute."""

    name: str
    tag: str
    classes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ObjectClass:
    """A class for an object schema; ``extra`` is the type of members without a name, ``None`` if closed.

    ``properties`` are the members that get an attribute: those of the schema, and required ones that it
    says nothing else about. ``whole`` says that the object has to be checked against its whole schema,
    since types and checks cannot say everything. ``base`` is the class of what a handler receives, where that
    is another one; ``is_received`` tells that this is one of those.
    """

    name: str
    schema: Schema
    properties: Mapping[str, TypeSource]
    extra: TypeSource | None
    whole: bool = False
    base: str | None = None
    is_received: bool = False


Definition: TypeAlias = Alias | TaggedUnion | ObjectClass


@dataclass(slots=True)
class TakenNames:
    """Names that keep their meaning in a module: ``fixed`` ones, and those that the package exports.

    ``asked`` has the answers that depended on what the package exports: with the same answers, the
    module is the same.
    """

    fixed: frozenset[str]
    public: Container[str]
    asked: dict[str, bool] = field(default_factory=dict[str, bool])

    def __contains__(self, name: str) -> bool:
        return name in self.fixed or self.asked.setdefault(name, name in self.public)


@dataclass(slots=True)
class Definitions:
    """The definitions of one module, filled from the leaves up.

    ``root`` is the class that the module is about; ``id_classes`` maps an id pattern to its class;
    ``taken`` are names that must keep their meaning in the module.
    """

    root: str
    id_classes: Mapping[str, str]
    ids_module: str
    taken: TakenNames
    items: list[Definition] = field(default_factory=list[Definition])
    _names: dict[str, object] = field(default_factory=dict[str, object])

    def add(self, definition: Definition) -> None:
        """Append a definition, once; what it needs must be there already."""
        if not self.has(definition.name):
            self.items.append(definition)

    def has(self, name: str) -> bool:
        """Tell whether ``name`` is defined so far."""
        return any(each.name == name for each in self.items)

    def mark(self) -> tuple[int, int]:
        """Return the state, for :meth:`back_to`."""
        return len(self.items), len(self._names)

    def back_to(self, mark: tuple[int, int]) -> None:
        """Forget what was defined and claimed since ``mark``."""
        items, names = mark
        del self.items[items:]
        forget_since(self._names, names)

    def alias(self, name: str, source: TypeSource) -> TypeSource:
        """Return a type by the name that was claimed for its text."""
        self.add(Alias(name, source))
        return TypeSource(name)

    def known(self, candidates: Iterable[str], meaning: object) -> str | None:
        """Return the candidate that has this meaning already, if one has."""
        return next((name for name in candidates if self._names.get(name) == meaning), None)

    def claim(self, candidates: Iterable[str], meaning: object) -> str:
        """Reserve the first candidate that is free or already has this meaning; else one with a number."""
        tried = [each for each in candidates if each.isidentifier()]
        numbered = (f"{tried[-1]}{number}" for number in count(2))
        return next(name for name in chain(tried, numbered) if self._is_free(name, meaning))

    def _is_free(self, name: str, meaning: object) -> bool:
        return name not in self.taken and self._names.setdefault(name, meaning) == meaning

    def id_type(self, pattern: str) -> TypeSource:
        """Return the id type whose values have ``pattern``."""
        name = self.id_classes[pattern]
        return TypeSource(name, frozenset({Import(self.ids_module, name)}))


def forget_since(grown: dict[Any, Any], size: int) -> None:
    """Remove what was added to ``grown`` since it had ``size`` entries."""
    while len(grown) > size:
        grown.popitem()
