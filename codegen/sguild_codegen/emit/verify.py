"""The last door: an emitted module may hold only a short list of statements, calls and imports.

Text of a contract reaches source only as a literal. Should a fault let more through, the module is
not written: it fails here.
"""

import ast
from typing import Final

from sguild_codegen.errors import GeneratorError

_IMPORTS: Final = frozenset(
    (
        "__future__",
        "collections.abc",
        "datetime",
        "importlib",
        "importlib.resources",
        "json",
        "pydantic",
        "typing",
    )
)
_CALLS: Final = frozenset(
    (
        "ArrayRule",
        "AttributeError",
        "BooleanRule",
        "ConfigDict",
        "Domain",
        "EventId",
        "EventType",
        "Field",
        "IntegerRule",
        "NumberRule",
        "ObjectRule",
        "PayloadVersion",
        "Registry",
        "StringRule",
        "_read",
        "date",
        "files",
        "getattr",
        "globals",
        "import_module",
        "model_validator",
        "require_interface",
        "sorted",
        "str",
        "violation",
    )
)
_METHODS: Final = frozenset(("_handle", "_publish", "joinpath", "loads", "read_text"))
_FORBIDDEN: Final = (
    ast.Delete,
    ast.For,
    ast.AsyncFor,
    ast.Global,
    ast.GeneratorExp,
    ast.Lambda,
    ast.ListComp,
    ast.DictComp,
    ast.SetComp,
    ast.Match,
    ast.NamedExpr,
    ast.Nonlocal,
    ast.Try,
    ast.TryStar,
    ast.While,
    ast.With,
    ast.AsyncWith,
    ast.Yield,
    ast.YieldFrom,
    ast.Import,
)


def verify(path: str, text: str, package: str, id_class: str) -> None:
    """Check one emitted module; ``json`` is the only module that may be imported as a whole.

    Raises:
        GeneratorError: the module does not parse, or holds something that no template writes.
    """
    try:
        module = ast.parse(text, path)
    except SyntaxError as error:
        raise GeneratorError(f"{path}: the emitted module does not parse: {error}") from error
    for node in ast.walk(module):
        complaint = _complaint(node, package, id_class)
        if complaint is not None:
            raise GeneratorError(f"{path}:{getattr(node, 'lineno', 1)}: emitted module holds {complaint}.")


def _complaint(node: ast.AST, package: str, id_class: str) -> str | None:
    match node:
        case ast.Import(names=[ast.alias(name="json", asname=None)]):
            return None
        case ast.ImportFrom(module=str(module), level=0):
            inside = module.partition(".")[0] in (package, "sguild_dispatcher")
            return None if inside or module in _IMPORTS else f"an import of {module}"
        case ast.Call(func=ast.Name(id=name)):
            return None if name in _CALLS or name == id_class else f"a call of {name}"
        case ast.Call(func=ast.Attribute(attr=name)):
            return None if name in _METHODS else f"a call of the method {name}"
        case ast.Call() | ast.ImportFrom():
            return "a call or import in a form that no template writes"
        case _:
            return f"a statement {type(node).__name__}" if isinstance(node, _FORBIDDEN) else None
