"""Emitted code is in black's style, although black sees only the lines that are too long."""

from pathlib import Path

import black
import pytest
from black.mode import Mode, TargetVersion
from command_kit import ROOT

from sguild_codegen import model_source
from sguild_codegen.emit.source import formatted

MODE = Mode(line_length=100, target_versions={TargetVersion.PY311})
FILES = [
    *sorted((ROOT / "generated").rglob("*.py")),
    *sorted((ROOT / "tests" / "golden").glob("*/expected/**/*.py")),
]
LONG = "a_rather_long_name_of_a_property_that_does_not_end"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_black_leaves_emitted_files_as_they_are(path: Path) -> None:
    text = path.read_text("utf-8")
    assert black.format_str(text, mode=MODE) == text


@pytest.mark.parametrize("length", range(60, 110, 7))
@pytest.mark.parametrize(
    "part",
    [
        {"enum": [f"{LONG}_{number}" for number in range(3)]},
        {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[a-z]{1,3}\\.\"'$"},
        {
            "type": "array",
            "items": {"type": "array", "items": {"enum": ["it's", 'a "quote"']}},
            "minItems": 1,
        },
        {"type": ["string", "boolean", "number", "array", "null"], "format": "ipv4"},
        {"not": {"enum": ["x" * 60, "y" * 60, {"z": ["'", '"']}]}},
    ],
)
def test_black_leaves_models_of_any_width_as_they_are(part: dict[str, object], length: int) -> None:
    name = (LONG * 3)[:length]
    schema = {
        "type": "object",
        "description": "d" * length + " \"'\\ " + "word " * 40,
        "properties": {name: part, "kind": {"const": "b" * length}, "class": part},
        "if": {"properties": {"kind": {"const": "b" * length}}, "required": [name]},
        "then": {"required": ["class"]},
    }
    source = model_source(schema)
    assert black.format_str(source, mode=MODE) == source


def test_blank_lines_and_text_survive() -> None:
    text = 'from a import b\nx = 1\nclass C:\n    """One.\n\n\n    Two."""\n\n\n    y: int\ny = 2\n'
    assert black.format_str(text, mode=MODE) == formatted("x.py", text)


@pytest.mark.parametrize("length", range(20, 110, 3))
@pytest.mark.parametrize(
    "form",
    [
        "from package.module import {0}, B{0}, C\n",
        "from package.module import {0}\n",
        'class {0}(Payload, frozen=True, event_type="a.(b", version=1):\n    pass\n',
        "class X(Envelope[{0}], Generic[{0}], frozen=True):\n    pass\n",
        "class X:\n    async def f(self, connection: C, payload: {0}) -> EventId:\n        pass\n",
        "class X:\n    def f(self, handler: A[[Event[{0}], H], B[C]]) -> D[[{0}], E]:\n        pass\n",
        'X = Literal["{0}", "B", "{0}"]\n',
        """X = Literal["{0}", r"\\d,[", 'a "', "it's \\x00]", '\\x00"]', True, None]\n""",
        '{0} = Literal[\'a "\', "it\'s", "b"]\n',
        'X = Literal["{0}"]\n',
        'X = Literal["{0}"] | None\n',
        'X = Annotated[Literal["{0}", True], LiteralRule()]\n',
        "def f({0}: int) -> int:\n    pass\n",
        "def f(a: dict[str, {0}]) -> int:\n    pass\n",
        "class X:\n    def f(self, handler: int | {0} | B | C) -> EventId:\n        pass\n",
    ],
)
def test_long_lines_are_split_as_black_splits_them(form: str, length: int) -> None:
    text = form.format("A" * length)
    assert formatted("x.py", text) == black.format_str(text, mode=MODE)
