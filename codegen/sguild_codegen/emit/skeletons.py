"""Class skeletons from datamodel-code-generator.

It gets a copy of the object schemas in which every property is one placeholder type, and
decides the names of attributes, which need an alias, and how an optional one is declared.
Its source is read back as data; types, checks and text are rendered by this package.
"""

import ast
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sguild_codegen.errors import GeneratorError

# The class of the document around the schemas, which is not read back; its name must not be a schema's.
_ROOT: Final = "DocumentAroundTheSchemas"
# The class of plain words that are asked for on behalf of many shapes.
_WORDS: Final = "Words"
_PLAIN: Final = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_AT_A_TIME: Final = 100
_PLACEHOLDER: Final = "placeholder.Placeholder"


@dataclass(frozen=True, slots=True)
class ObjectShape:
    """What datamodel-code-generator needs to know of an object: its class, property names, required ones."""

    class_name: str
    properties: tuple[str, ...]
    required: frozenset[str]


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute: its Python name, its JSON name, and whether it may be absent."""

    name: str
    json_name: str
    optional: bool

    @property
    def alias(self) -> str | None:
        """The JSON name where it differs from the Python name."""
        return self.json_name if self.json_name != self.name else None


@dataclass(frozen=True, slots=True)
class Skeleton:
    """One class with its attributes, in the order of the schema's properties."""

    class_name: str
    attributes: tuple[Attribute, ...]

    def has(self, json_name: str) -> bool:
        """Tell whether a JSON property has an attribute."""
        return any(each.json_name == json_name for each in self.attributes)

    def attribute(self, json_name: str) -> Attribute:
        """Return the attribute of a JSON property; the property must exist."""
        return next(each for each in self.attributes if each.json_name == json_name)

    def avoiding(self, names: Collection[str]) -> "Skeleton":
        """Return the skeleton with an underscore behind each attribute that would hide one of ``names``."""
        taken = {*names, *(each.name for each in self.attributes)}
        attributes: list[Attribute] = []
        for each in self.attributes:
            name = each.name
            while name in names or (name != each.name and name in taken):
                name = f"{name}_"
            taken.add(name)
            attributes.append(replace(each, name=name))
        return replace(self, attributes=tuple(attributes))


def skeletons(shapes: Iterable[ObjectShape], words: dict[str, str] | None = None) -> Mapping[str, Skeleton]:
    """Return the skeleton of each shape by its class name; ``words`` are plain words whose name is known.

    Most names are plain words, and what a plain word is called does not depend on its neighbours: each of
    them is asked for once, in one class with others, and added to ``words``. An object with another name is
    asked for as a whole.

    Raises:
        GeneratorError: datamodel-code-generator gave other classes or properties than it was asked for.
    """
    wanted = list({shape.class_name: shape for shape in shapes}.values())
    plain = {name: None for shape in wanted for name in shape.properties if _PLAIN.fullmatch(name)}
    known = {} if words is None else words
    known |= _asked_once([name for name in plain if name not in known])
    whole = _in_batches([shape for shape in wanted if not known.keys() >= {*shape.properties}])
    return {shape.class_name: whole.get(shape.class_name) or _put_together(shape, known) for shape in wanted}


def _asked_once(names: Sequence[str]) -> dict[str, str]:
    """Return what the attribute of each property is called."""
    classes = [
        ObjectShape(f"{_WORDS}{start}", tuple(names[start : start + _AT_A_TIME]), frozenset())
        for start in range(0, len(names), _AT_A_TIME)
    ]
    return {each.json_name: each.name for made in _in_batches(classes).values() for each in made.attributes}


def _put_together(shape: ObjectShape, known: Mapping[str, str]) -> Skeleton:
    attributes = (
        Attribute(known[name], name, optional=name not in shape.required) for name in shape.properties
    )
    return Skeleton(shape.class_name, tuple(attributes))


def _in_batches(shapes: Sequence[ObjectShape]) -> dict[str, Skeleton]:
    """Ask for many shapes at a time, and not for all: the generator's memory grows with them."""
    found: dict[str, Skeleton] = {}
    for start in range(0, len(shapes), _AT_A_TIME):
        found |= _batch(shapes[start : start + _AT_A_TIME])
    return found


def _batch(shapes: Sequence[ObjectShape]) -> dict[str, Skeleton]:
    module = ast.parse(_generate(shapes))
    found = {node.name: _skeleton(node) for node in module.body if isinstance(node, ast.ClassDef)}
    for shape in shapes:
        _compare(shape, found.get(shape.class_name))
    return {shape.class_name: found[shape.class_name] for shape in shapes}


def _generate(shapes: Iterable[ObjectShape]) -> str:
    from datamodel_code_generator import InputFileType, generate
    from datamodel_code_generator.enums import DataModelType, TargetPydanticVersion
    from datamodel_code_generator.format import PythonVersion

    document = {"$defs": {shape.class_name: _document(shape) for shape in shapes}}
    source = generate(
        document,
        input_file_type=InputFileType.JsonSchema,
        output_model_type=DataModelType.PydanticV2BaseModel,
        target_python_version=PythonVersion.PY_311,
        target_pydantic_version=TargetPydanticVersion.V2_14,
        class_name=_ROOT,
        formatters=[],
        disable_timestamp=True,
        use_missing_sentinel=True,
        use_annotated=True,
    )
    if not isinstance(source, str):
        raise GeneratorError("datamodel-code-generator returned no module.")
    return source


def _document(shape: ObjectShape) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: {"customTypePath": _PLACEHOLDER} for name in shape.properties},
        "required": sorted(shape.required),
    }


def _skeleton(node: ast.ClassDef) -> Skeleton:
    fields = [each for each in node.body if isinstance(each, ast.AnnAssign)]
    return Skeleton(node.name, tuple(_attribute(each) for each in fields))


def _attribute(node: ast.AnnAssign) -> Attribute:
    name = ast.unparse(node.target)
    aliases = [
        keyword.value.value
        for call in ast.walk(node.annotation)
        if isinstance(call, ast.Call)
        for keyword in call.keywords
        if keyword.arg == "alias"
        and isinstance(keyword.value, ast.Constant)
        and isinstance(keyword.value.value, str)
    ]
    return Attribute(name, aliases[0] if aliases else name, optional=node.value is not None)


def _compare(shape: ObjectShape, skeleton: Skeleton | None) -> None:
    """Trust nothing: the skeleton must hold exactly the properties that were asked for."""
    if skeleton is None:
        raise GeneratorError(f"datamodel-code-generator made no class {shape.class_name}.")
    given = {each.json_name: each.optional for each in skeleton.attributes}
    wanted = {name: name not in shape.required for name in shape.properties}
    if given != wanted:
        raise GeneratorError(f"datamodel-code-generator changed the properties of {shape.class_name}.")
