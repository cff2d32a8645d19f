"""The last door: an emitted module may hold only a short list of statements, calls and imports.

Text of a contract reaches source only as a literal. Should a fault let more through, the module is
not written: it fails here.
"""

import ast
from collections.abc import Iterator
from typing import Final, cast

from sguild_codegen.errors import GeneratorError

_IMPORTS: Final = frozenset(
    (
        "__future__",
        "collections.abc",
        "datetime",
        "hypothesis.strategies",
        "importlib",
        "importlib.resources",
        "json",
        "pydantic",
        "typing",
    )
)
_CALLS: Final = frozenset(
    (
        "Adapter",
        "ArrayRule",
        "AttributeError",
        "BooleanRule",
        "ContractKit",
        "Domain",
        "EventId",
        "EventType",
        "Field",
        "IntegerRule",
        "LiteralRule",
        "NumberRule",
        "ObjectRule",
        "PayloadVersion",
        "Registry",
        "SchemaRule",
        "StringRule",
        "_read",
        "date",
        "deprecated",
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
_METHODS: Final = frozenset(
    (
        *(
            "_adapt",
            "_handle",
            "_publish",
            "_publish_any",
            "_publish_many",
            "check",
            "joinpath",
            "loads",
            "read_text",
        ),
        *("removesuffix",),
        *("event", "events", "make", "payloads"),
    )
)
# Nodes that hold no others and may stand anywhere.
_LEAVES: Final = frozenset(
    (
        *(ast.Constant, ast.Name, ast.Load, ast.Store, ast.alias),
        *(ast.And, ast.Or, ast.BitOr, ast.USub),
        *(ast.Eq, ast.NotEq, ast.Is, ast.IsNot, ast.In, ast.NotIn),
    )
)
# Nodes that may stand anywhere, whatever they hold is checked.
_PLAIN: Final = frozenset(
    (
        *(ast.Module, ast.Expr, ast.Starred, ast.Assign, ast.AnnAssign, ast.If, ast.Raise, ast.Return),
        *(ast.arguments, ast.arg, ast.Await, ast.keyword, ast.Subscript, ast.Compare),
        *(ast.Tuple, ast.List, ast.Set, ast.Dict, ast.BinOp, ast.UnaryOp, ast.BoolOp),
        *(ast.JoinedStr, ast.FormattedValue),
    )
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
    for node in _walk(module):
        complaint = _complaint(node, package, id_class)
        if complaint is not None:
            raise GeneratorError(f"{path}:{getattr(node, 'lineno', 1)}: emitted module holds {complaint}.")


def _walk(module: ast.Module) -> Iterator[ast.AST]:
    """Yield the nodes that have something to say, in any order; ``ast.walk`` takes three times as long.

    Plain names and constants are always allowed and hold nothing. What is not known is yielded as it is.
    """
    waiting: list[ast.AST] = [module]
    while waiting:
        node = waiting.pop()
        kind = type(node)
        if kind in _LEAVES:
            continue
        yield node
        for name in kind._fields:
            value: object = getattr(node, name, None)
            if isinstance(value, ast.AST):
                waiting.append(value)
            elif isinstance(value, list):
                waiting += [each for each in cast("list[object]", value) if isinstance(each, ast.AST)]


def _complaint(node: ast.AST, package: str, id_class: str) -> str | None:
    if type(node) in _PLAIN:
        return None
    match node:
        case ast.Import() | ast.ImportFrom():
            return _import_complaint(node, package)
        case ast.Call():
            return _call_complaint(node.func, id_class)
        case ast.Attribute():
            return f"the attribute {node.attr}" if node.attr.startswith("__") else None
        case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
            return _decorator_complaint(node.decorator_list)
        case _:
            return f"a node {type(node).__name__}"


def _import_complaint(node: ast.Import | ast.ImportFrom, package: str) -> str | None:
    if isinstance(node, ast.Import):
        known = [(each.name, each.asname) for each in node.names] == [("json", None)]
        return None if known else f"an import of {node.names[0].name} as a whole"
    module = node.module or ""
    inside = module.partition(".")[0] in (package, "sguild_dispatcher")
    return None if node.level == 0 and (inside or module in _IMPORTS) else f"an import of {module or '.'}"


def _call_complaint(function: ast.expr, id_class: str) -> str | None:
    match function:
        case ast.Name(id=name):
            return None if name in _CALLS or name == id_class else f"a call of {name}"
        case ast.Attribute(attr=name):
            return None if name in _METHODS else f"a call of the method {name}"
        case _:
            return "a call in a form that no template writes"


def _decorator_complaint(decorators: list[ast.expr]) -> str | None:
    for each in decorators:
        if isinstance(each, ast.Name) and each.id == "overload":
            continue
        if not isinstance(each, ast.Call) or not isinstance(each.func, ast.Name):
            return "a decorator that is no call"
        if each.func.id not in ("deprecated", "model_validator"):
            return f"the decorator {each.func.id}"
    return None
