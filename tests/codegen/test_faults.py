"""Faults put into the emitter one by one: drawn documents must show each of them."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from command_kit import run
from exact_kit import contracts_of, schema_ids
from golden_kit import CASES, install

from sguild_codegen.emit import checks, conditions, documents, modules, types
from sguild_codegen.emit.checks import CheckBuilder
from sguild_codegen.emit.definitions import FIELDS, Import, TypeSource
from sguild_codegen.emit.skeletons import ObjectShape
from sguild_codegen.emit.types import TypeBuilder
from sguild_codegen.model.schema import Schema

DOCUMENTS = 10_000
Patch = pytest.MonkeyPatch


@dataclass(frozen=True)
class Fault:
    """What is broken, how, and the golden case and contract that has to show it."""

    name: str
    case: str
    contract: str
    inject: Callable[[Patch], None]


def _ignored_condition(contract: str, **empty: Any) -> Fault:
    """A keyword of several members that has no check."""

    def inject(patch: Patch) -> None:
        original = CheckBuilder.checks

        def without(self: CheckBuilder) -> Iterator[checks.Check]:
            return original(CheckBuilder(replace(self.owner, **empty), self.skeleton))

        patch.setattr(CheckBuilder, "checks", without)

    return Fault(f"{min(empty)} is ignored", "conditions", contract, inject)


def _not_embedded(keyword: str, contract: str = "odd.applied-v1") -> Fault:
    """A keyword that is left out of the embedded schema."""

    def inject(patch: Patch) -> None:
        original = documents._Writer.members

        def without(self: documents._Writer, schema: Schema) -> Iterator[tuple[str, Any]]:
            return (member for member in original(self, schema) if member[0] != keyword)

        patch.setattr(documents._Writer, "members", without)

    return Fault(f"{keyword} is not embedded", "whole_schemas", contract, inject)


def _changed_rule(contract: str, keyword: str, change: Callable[[Any], Any], how: str) -> Fault:
    """A keyword of a leaf that gets another value, or none."""

    def inject(patch: Patch) -> None:
        original = types._rule

        def changed(name: str, schema: Schema, parameters: Any, extra: str = "") -> TypeSource:
            value = getattr(schema, keyword)
            other = schema if value in (None, False) else replace(schema, **{keyword: change(value)})
            return original(name, other, parameters, extra)

        patch.setattr(types, "_rule", changed)

    return Fault(f"{keyword} {how}", "types", contract, inject)


def _lax(contract: str, name: str, text: str) -> Fault:
    """A leaf type that takes more than JSON Schema does."""

    def inject(patch: Patch) -> None:
        original = types._field_type
        patch.setattr(
            types, "_field_type", lambda asked: TypeSource(text) if asked == name else original(asked)
        )

    return Fault(f"{name} is {text}", "types", contract, inject)


def _enum_without_its_last(patch: Patch) -> None:
    original = TypeBuilder._values

    def values(self: TypeBuilder, schema: Schema, names: types.Names) -> TypeSource:
        kept = replace(schema, enum=schema.enum[:-1]) if schema.enum and len(schema.enum) > 1 else schema
        return original(self, kept, names)

    patch.setattr(TypeBuilder, "_values", values)


def _python_literals(patch: Patch) -> None:
    original = TypeBuilder._values

    def values(self: TypeBuilder, schema: Schema, names: types.Names) -> TypeSource:
        found = original(self, schema, names)
        text = found.text.removeprefix("Annotated[").removesuffix(", LiteralRule()]")
        return TypeSource(text, found.imports)

    patch.setattr(TypeBuilder, "_values", values)


def _open_objects(patch: Patch) -> None:
    anything = TypeSource("JsonValue", frozenset({Import("pydantic", "JsonValue")}))
    patch.setattr(TypeBuilder, "_extra", lambda *_: anything)


def _date_times_as_texts(patch: Patch) -> None:
    text = TypeSource("String", frozenset({Import(FIELDS, "String")}))
    original = types._field_type
    patch.setattr(types, "_field_type", lambda name: text if name == "DateTime" else original(name))


def _no_null(patch: Patch) -> None:
    original = types._distinct

    def without_null(kinds: Any) -> tuple[str, ...]:
        return tuple(each for each in original(kinds) if each != "null") or original(kinds)

    patch.setattr(types, "_distinct", without_null)


def _first_value_only(patch: Patch) -> None:
    original = conditions._comparison
    patch.setattr(
        conditions,
        "_comparison",
        lambda value, values, *, negated: original(value, values[:1], negated=negated),
    )


def _any_names(patch: Patch) -> None:
    patch.setattr(types, "_property_names", lambda _: "")


def _any_of_one(patch: Patch) -> None:
    patch.setattr(checks, "exactly_one", conditions.some)


def _optional_members(patch: Patch) -> None:

    def shape(name: str, properties: tuple[str, ...], required: frozenset[str]) -> ObjectShape:
        return ObjectShape(name, properties, frozenset() if name == "SampleStringsV1" else required)

    patch.setattr(modules, "ObjectShape", shape)


def _off_by_one(number: float) -> float:
    return number + 1


FAULTS = [
    _ignored_condition("rule.dependent-v1", dependent_required={}),
    _ignored_condition("rule.all-v1", all_of=()),
    _ignored_condition("rule.any-v1", any_of=()),
    _ignored_condition("rule.one-v1", one_of=()),
    _ignored_condition("rule.none-v1", not_=None),
    _ignored_condition("rule.branch-v1", if_=None),
    _ignored_condition("rule.branch-v1", then=None),
    _ignored_condition("rule.branch-v1", else_=None),
    _changed_rule("sample.strings-v1", "min_length", _off_by_one, "is off by one"),
    _changed_rule("sample.strings-v1", "max_length", _off_by_one, "is off by one"),
    _changed_rule("sample.strings-v1", "pattern", lambda _: None, "is ignored"),
    _changed_rule("sample.strings-v1", "format", lambda _: None, "is ignored"),
    _changed_rule("sample.numbers-v1", "minimum", _off_by_one, "is off by one"),
    _changed_rule("sample.numbers-v1", "maximum", _off_by_one, "is off by one"),
    _changed_rule("sample.numbers-v1", "exclusive_minimum", _off_by_one, "is off by one"),
    _changed_rule("sample.numbers-v1", "exclusive_maximum", _off_by_one, "is off by one"),
    _changed_rule("sample.numbers-v1", "multiple_of", lambda _: None, "is ignored"),
    _changed_rule("sample.collections-v1", "min_items", _off_by_one, "is off by one"),
    _changed_rule("sample.collections-v1", "max_items", _off_by_one, "is off by one"),
    _changed_rule("sample.collections-v1", "unique_items", lambda _: False, "is ignored"),
    _changed_rule("sample.collections-v1", "min_properties", _off_by_one, "is off by one"),
    _changed_rule("sample.collections-v1", "max_properties", _off_by_one, "is off by one"),
    Fault("propertyNames is ignored", "types", "sample.collections-v1", _any_names),
    _lax("sample.numbers-v1", "Integer", "int"),
    _lax("sample.numbers-v1", "Number", "float"),
    _lax("sample.numbers-v1", "Boolean", "bool"),
    Fault("an enum lacks its last value", "types", "sample.choices-v1", _enum_without_its_last),
    Fault("true is 1", "types", "sample.choices-v1", _python_literals),
    Fault("closed objects are open", "types", "sample.nested-v1", _open_objects),
    Fault("date-times are texts", "types", "sample.strings-v1", _date_times_as_texts),
    Fault("null is left out", "types", "sample.choices-v1", _no_null),
    Fault("a condition compares with one value only", "conditions", "rule.branch_open-v1", _first_value_only),
    Fault("oneOf is anyOf", "conditions", "rule.one-v1", _any_of_one),
    *(_not_embedded(each) for each in ("contains", "minContains", "maxContains", "dependentSchemas")),
    *(_not_embedded(each) for each in ("patternProperties", "unevaluatedItems", "unevaluatedProperties")),
    _not_embedded("prefixItems", "odd.keywords-v1"),
    _not_embedded("minProperties", "odd.keywords-v1"),
    Fault("a required member is optional", "types", "sample.strings-v1", _optional_members),
]


@pytest.mark.proof
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_seen(fault: Fault, tmp_path: Path, monkeypatch: Patch) -> None:
    case = next(each for each in CASES if each.name == fault.case)
    with pytest.MonkeyPatch.context() as patch:
        fault.inject(patch)
        result = run("generate", "--contracts", case.folder / "contracts", "--output", tmp_path / "out")
    assert result.code == 0, result.out + result.err
    package = f"fault_{FAULTS.index(fault)}"
    install(tmp_path / "out" / "sguild_contracts", package, tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    contract = contracts_of(package, schema_ids(case))[fault.contract]
    with pytest.raises((AssertionError, ExceptionGroup), match=fault.contract):
        contract.check(DOCUMENTS, shrink=False)
    for name in [each for each in sys.modules if each.partition(".")[0] == package]:
        del sys.modules[name]


def test_the_names_of_faults_are_unique() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
