"""The emitter's own guards: names, skeletons, and the last door before a module is written."""

import ast
import inspect
import keyword
from collections.abc import Iterator
from typing import Any

import pytest
from golden_kit import PACKAGE_CASES
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from sguild_codegen.emit import skeletons as skeletons_module
from sguild_codegen.emit.domains import RUNTIME_ATTRIBUTES
from sguild_codegen.emit.modules import ENVELOPE_PROPERTIES, FIXED
from sguild_codegen.emit.names import pascal, snake
from sguild_codegen.emit.skeletons import Attribute, ObjectShape, Skeleton, skeletons
from sguild_codegen.emit.verify import verify
from sguild_codegen.errors import GeneratorError
from sguild_dispatcher import fields, models, publisher, subscriber
from sguild_dispatcher.settings import Settings

SOUND = """
from typing import Annotated
from pydantic import Field, model_validator
from sguild_dispatcher.fields import violation
class X:
    a: Annotated[int, Field(gt=-1)]
    @model_validator(mode="after")
    def check(self) -> object:
        if self.a is not None and self.a != 1:
            raise violation("/a", "no")
        return self
"""
UNSOUND = [
    "import os",
    "import json as j",
    "import json, os",
    "from os import system",
    "from . import other",
    "from sguild_dispatcherx import y",
    "import sguild_contracts",
    "eval('1')",
    "exec('1')",
    "open('/etc/passwd')",
    "__import__('os')",
    "().__class__",
    "x.system('ls')",
    "getattr(x, 'y')()",
    "(lambda: 1)()",
    "[each for each in x]",
    "x = y = lambda: 1",
    "for each in x: pass",
    "while x: pass",
    "with x: pass",
    "try: pass\nexcept x: pass",
    "del x",
    "assert x",
    "global x",
    "(x := 1)",
    "x + y",
    "x if y else z",
    "@x\nclass Y: pass",
    "@property\ndef f(self): return 1",
    "@str(1)\ndef f(self): return 1",
    "async def f():\n    yield 1",
    "match x:\n    case 1: pass",
    "class X(metaclass=eval('M')): pass",
    "def f(x=eval('1')): return x",
    'f"{eval(1)}"',
    "def f(:",
]


def test_a_sound_module_passes() -> None:
    verify("x.py", SOUND, "sguild_contracts", "EventId")
    verify("x.py", 'import json\nfrom shop.ids import EventId\nx = EventId("a")\n', "shop", "EventId")


@pytest.mark.parametrize("line", UNSOUND)
def test_an_unsound_module_is_never_written(line: str) -> None:
    with pytest.raises(GeneratorError, match=r"^x\.py"):
        verify("x.py", f"{SOUND}\n{line}\n", "sguild_contracts_", "EventId")


@given(st.text())
def test_snake_is_an_identifier_or_empty(text: str) -> None:
    name = snake(text)
    assert name == "" or (f"x{name}".isidentifier() and not keyword.iskeyword(name))


@given(st.from_regex(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+", fullmatch=True))
def test_event_types_become_names(name: str) -> None:
    assert pascal(name).isidentifier()
    assert snake(name).isidentifier()
    assert not keyword.iskeyword(snake(name))


json_names = st.one_of(
    st.sampled_from(
        [*dir(BaseModel), *FIXED, *keyword.kwlist, "self", "cls", "str_", "class_", "a-b", "a_b"]
    ),
    st.from_regex(r"[A-Za-z0-9_.:/@$-]{1,12}", fullmatch=True),
)


@settings(max_examples=60)
@given(st.lists(json_names, max_size=30, unique=True), st.data())
def test_every_property_gets_an_attribute_of_its_own(names: list[str], data: Any) -> None:
    required = frozenset(name for name in names if data.draw(st.booleans()))
    skeleton = skeletons([ObjectShape("XV1", tuple(names), required)])["XV1"].avoiding(FIXED)
    attributes = [each.name for each in skeleton.attributes]
    assert [each.json_name for each in skeleton.attributes] == names
    assert len(set(attributes)) == len(attributes)
    assert not FIXED & set(attributes)
    assert not set(dir(BaseModel)) & set(attributes)
    assert all(name.isidentifier() and not keyword.iskeyword(name) for name in attributes)
    assert not any(name.startswith("_") for name in attributes)
    assert {each.json_name for each in skeleton.attributes if not each.optional} == required


def test_avoiding_hits_no_other_attribute() -> None:
    named = Skeleton("X", tuple(Attribute(name, name, optional=False) for name in ("str_", "str", "str__")))
    assert [each.name for each in named.avoiding({"str"}).attributes] == ["str_", "str___", "str__"]


@pytest.mark.parametrize(
    "source",
    [
        "",
        "class Words0:\n    a: int",
        "class Words0:\n    a: int\n    b: int\n    c: int",
        "class Words0:\n    a: int\n    b: int = 1",
        "class Words0:\n    a: int = 1\n    b: int",
        "class Words0:\n    a: int\n    z: Annotated[int, Field(alias='c')]",
    ],
)
def test_a_changed_skeleton_is_refused(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(skeletons_module, "_generate", lambda _: source)
    with pytest.raises(GeneratorError, match="Words0"):
        skeletons([ObjectShape("XV1", ("a", "b"), frozenset({"a", "b"}))])


def test_a_plain_word_is_called_the_same_among_any_neighbours() -> None:
    words = ["class", "copy", "json", "field_x", "model_config", "person_id", "schema", "type", "x_1", "none"]
    once = skeletons([ObjectShape("XV1", tuple(words), frozenset())])["XV1"]
    for word in words:
        # A name that is no plain word makes the generator be asked for the whole object.
        alone = skeletons([ObjectShape("XV1", (word, "@odd"), frozenset())])["XV1"]
        assert alone.attribute(word) == once.attribute(word)


def _public(module: Any) -> Iterator[str]:
    return (name for name in vars(module) if name.isidentifier() and name[0].isupper())


def test_fixed_names_are_all_that_models_import() -> None:
    imported = {
        name.name
        for case in PACKAGE_CASES
        if case.package is not None
        for path in (*case.package.glob("events/*.py"), case.package / "envelope.py")
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.ImportFrom)
        and str(node.module).startswith(("typing", "pydantic", "sguild_dispatcher"))
        for name in node.names
    }
    assert {"Self", "LiteralRule", "Unrecognised"} <= imported
    assert imported <= FIXED
    assert {*fields.__all__} - {"SpelledDateTime", "problems"} <= FIXED
    assert {
        name for name in _public(models) if name in models.__dict__ and name != "TYPE_CHECKING"
    } <= FIXED | {
        "Any",
        "BaseModel",
        "ClassVar",
        "ConfigDict",
        "Final",
        "Mapping",
        "MappingProxyType",
        "RootModel",
        "RootT",
        "ValidationError",
    }


def test_no_member_of_an_envelope_hides_what_the_runtime_tells_of_events() -> None:
    own = {name for name, value in vars(models.Envelope).items() if isinstance(value, property)}
    assert own == ENVELOPE_PROPERTIES


def test_no_method_hides_an_attribute_of_the_runtime() -> None:
    settings = Settings.from_environment({})
    bases: list[Any] = [publisher.Publisher, publisher.SyncPublisher, subscriber.Subscriber]
    attributes = {name for base in bases for name in dir(base)}
    attributes |= set(vars(publisher.Publisher(settings=settings)))
    code = inspect.getsource(subscriber.Subscriber.__init__)
    attributes |= {part.split(" ")[0].split(":")[0] for part in code.split("self.")[1:]}
    reachable = {name for name in attributes if "_" in name and not name.startswith("_")}
    assert reachable <= RUNTIME_ATTRIBUTES
