"""What can be told of a function before it is called: its name and place, its kind, and what it takes."""

import functools
import inspect
from collections.abc import Callable
from typing import Any, Final, TypeAlias, cast

Function: TypeAlias = Callable[..., object]

_KINDS: Final[tuple[tuple[Callable[[object], bool], str], ...]] = (
    (inspect.iscoroutinefunction, "is `async def`"),
    (inspect.isasyncgenfunction, "is an async generator"),
    (inspect.isgeneratorfunction, "is a generator"),
)


def name_of(function: Function) -> str:
    """Return the name that a function was written with, whatever wraps it, or an object's class."""
    written = _written(function)
    return getattr(written, "__qualname__", type(written).__qualname__)


def place_of(function: Function) -> str:
    """Return a function's name with module and line, where it has such; a value that is none, as it is."""
    if not _can_be_called(function):
        return repr(function)
    written = _written(function)
    code = getattr(_called(written), "__code__", None)
    line = f" (line {code.co_firstlineno})" if code is not None else ""
    return f"{getattr(written, '__module__', None) or type(written).__module__}.{name_of(function)}{line}"


def is_async(function: Function) -> bool:
    """Tell whether a call returns a coroutine: of an ``async def``, or of an object whose call is one."""
    return inspect.iscoroutinefunction(_called(function))


def kind_of(function: Function) -> str | None:
    """Say that a function does its work only after its call, ``None`` for a plain one."""
    if not _can_be_called(function):
        return "is nothing that can be called"
    called = _called(function)
    return next((kind for is_such, kind in _KINDS if is_such(called)), None)


def is_plain(function: Function) -> bool:
    """Tell whether a call surely returns no coroutine: what runs in it is written in Python with ``def``.

    Of anything else nobody knows, such as what is written in C.
    """
    called = _called(function)
    return (inspect.isfunction(called) or inspect.ismethod(called)) and not inspect.iscoroutinefunction(
        called
    )


def takes(function: Function, count: int) -> bool:
    """Tell whether a function can be called with so many arguments by position.

    What wraps another function is asked itself; what has no signature, as some builtins, counts as able.
    """
    try:
        signature = inspect.signature(function, follow_wrapped=False)
    except ValueError:
        return True
    try:
        signature.bind(*[None] * count)
    except TypeError:
        return False
    return True


def _can_be_called(value: object) -> bool:
    return callable(value)


def _called(function: Function) -> Any:
    """Return what runs in a call: the function itself, or the ``__call__`` of an object."""
    inner = _without_partial(function)
    if (
        not callable(inner)
        or inspect.isroutine(inner)
        or inspect.isclass(inner)
        or inspect.iscoroutinefunction(inner)
    ):
        return inner
    return type(inner).__call__


def _written(function: Function) -> Any:
    return _without_partial(inspect.unwrap(_without_partial(function)))


def _without_partial(function: Function) -> Any:
    while isinstance(function, functools.partial):
        function = cast("functools.partial[object]", function).func
    return function
