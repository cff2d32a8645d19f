"""What can be registered as a handler or an adapter: what cannot work says so before the first event."""

import asyncio
import copy
import functools
import inspect
import re
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest

from sguild_contracts import SalesSubscriber
from sguild_dispatcher.errors import ConfigurationError
from sguild_dispatcher.retries import RetryPolicy


def adapter(said: str, place: str, line: int) -> str:
    return re.escape(
        f"The adapter {place} (line {line}) of credit.released from version 1 to version 2 {said}: "
        "write `def adapt(old: ReceivedCreditReleasedV1) -> ReceivedCreditReleasedV2`, "
        "a plain function of one payload that returns one."
    )


def handler(said: str, place: str, line: int) -> str:
    return re.escape(
        f"The handler {place} (line {line}) of credit.released version 1 {said}: write "
        "`async def handle(event: Event[ReceivedCreditReleasedV1], context: HandlerContext) -> None`, "
        "or for a thread `def`, registered with `@subscriber.leased().on_...`."
    )


def line_of(function: Callable[..., object]) -> int:
    return inspect.getsourcelines(function)[1]


async def coroutine(_old: Any) -> None: ...


def generator(_old: Any, _context: object = None) -> Iterator[None]:
    yield


async def async_generator(_old: Any, _context: object = None) -> AsyncIterator[None]:
    yield


def none() -> None: ...


def one(old: Any) -> Any:
    return old


def two(old: Any, _context: Any) -> Any:
    return old


def keyword(*, old: Any) -> Any:
    return old


async def one_async(_event: Any) -> None: ...


async def two_async(_event: Any, _context: Any) -> None: ...


async def three_async(_event: Any, _context: Any, _service: Any) -> None: ...


async def keyword_async(_event: Any, *, context: Any) -> None: ...


class AsyncCall:
    """An object with an asynchronous call."""

    async def __call__(self, *_: Any) -> None: ...

    async def method(self, _event: Any, _context: Any) -> None: ...

    def plain(self, _event: Any, _context: Any = None) -> None: ...


class GeneratorCall:
    """An object whose call does nothing yet."""

    def __call__(self, *_: Any) -> Iterator[None]:
        yield


class PlainCall:
    """An object that could be a handler, were it asynchronous."""

    def __call__(self, _event: Any, _context: Any) -> None: ...


class Call:
    """An object with a plain call."""

    def __call__(self, old: Any) -> Any:
        return old


def injected(function: Callable[..., Any]) -> Any:
    """Take an event, and give more to what is decorated."""

    @functools.wraps(function)
    async def call(event: Any, context: Any) -> None:
        await function(event, context, "a service")

    return call


ARGUMENT = "cannot be called with one argument"
ARGUMENTS = "cannot be called with two arguments"


@pytest.mark.parametrize(
    ("hook", "said", "written"),
    [
        (coroutine, "is `async def`", coroutine),
        (functools.partial(coroutine), "is `async def`", coroutine),
        (AsyncCall(), "is `async def`", AsyncCall.__call__),
        (AsyncCall().method, "is `async def`", AsyncCall.method),
        (generator, "is a generator", generator),
        (GeneratorCall(), "is a generator", GeneratorCall.__call__),
        (async_generator, "is an async generator", async_generator),
        (none, ARGUMENT, none),
        (two, ARGUMENT, two),
        (keyword, ARGUMENT, keyword),
        (functools.partial(two, old=1), ARGUMENT, two),
    ],
)
def test_an_adapter_is_a_plain_function_of_one_argument(
    hook: Any, said: str, written: Callable[..., object]
) -> None:
    name = written.__qualname__.removesuffix(".__call__")
    with pytest.raises(ConfigurationError, match=adapter(said, f"{__name__}.{name}", line_of(written))):
        SalesSubscriber("crm").adapt_credit_released_v1_to_v2(hook)


@pytest.mark.parametrize(
    "hook",
    [one, lambda old: old, Call(), AsyncCall().plain, functools.partial(two, _context=1), copy.copy, Mock()],
)
def test_whatever_can_be_called_with_a_payload_is_an_adapter(hook: Any) -> None:
    assert SalesSubscriber("crm").adapt_credit_released_v1_to_v2(hook) is hook


@pytest.mark.parametrize(
    ("called", "said", "written"),
    [
        (one_async, ARGUMENTS, one_async),
        (three_async, ARGUMENTS, three_async),
        (keyword_async, ARGUMENTS, keyword_async),
        (functools.partial(two_async, 1), ARGUMENTS, two_async),
        (two, "is not `async def`", two),
        (AsyncCall().plain, "is not `async def`", AsyncCall.plain),
        (PlainCall(), "is not `async def`", PlainCall.__call__),
        (functools.partial(two), "is not `async def`", two),
        (functools.partial(AsyncCall().plain), "is not `async def`", AsyncCall.plain),
        (functools.partial(PlainCall()), "is not `async def`", PlainCall.__call__),
        (generator, "is a generator", generator),
        (async_generator, "is an async generator", async_generator),
        (GeneratorCall(), "is a generator", GeneratorCall.__call__),
    ],
)
def test_a_handler_is_an_async_function_of_two_arguments(
    called: Any, said: str, written: Callable[..., object]
) -> None:
    name = written.__qualname__.removesuffix(".__call__")
    with pytest.raises(ConfigurationError, match=handler(said, f"{__name__}.{name}", line_of(written))):
        SalesSubscriber("crm").on_credit_released_v1(called)


@pytest.mark.parametrize(
    "called",
    [
        two_async,
        AsyncCall(),
        AsyncCall().method,
        injected(three_async),
        functools.partial(three_async, _service=1),
        AsyncMock(),
    ],
)
def test_whatever_can_be_awaited_of_two_arguments_is_a_handler(called: Any) -> None:
    assert SalesSubscriber("crm").on_credit_released_v1(called) is called


@pytest.mark.parametrize(
    ("called", "said"),
    [(generator, "is a generator"), (async_generator, "is an async generator"), (none, ARGUMENTS)],
)
def test_a_leased_handler_does_its_work_when_it_is_called(called: Any, said: str) -> None:
    with pytest.raises(
        ConfigurationError, match=handler(said, f"{__name__}.{called.__name__}", line_of(called))
    ):
        SalesSubscriber("crm").leased().on_credit_released_v1(called)


@pytest.mark.parametrize("called", [None, 5])
def test_what_cannot_be_called_is_no_handler_and_no_adapter(called: Any) -> None:
    subscriber = SalesSubscriber("crm")
    with pytest.raises(
        ConfigurationError,
        match=f"The handler {called} of credit.locked version 1 is nothing that can be called: write ",
    ):
        subscriber.on_credit_locked(called)
    with pytest.raises(ConfigurationError, match=f"The adapter {called} of .* can be called: write "):
        subscriber.adapt_credit_released_v1_to_v2(called)


@pytest.mark.parametrize("timeout", [-1, 0, "5", float("nan"), float("inf"), 1e9])
def test_a_time_limit_that_no_handler_can_keep(timeout: Any) -> None:
    subscriber = SalesSubscriber("crm")
    for mode in (subscriber.leased, subscriber.transactional):
        with pytest.raises(
            ConfigurationError,
            match=re.escape(f"{mode.__name__}(timeout={timeout!r}) must be a number of seconds above 0"),
        ):
            mode(timeout=timeout)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("max_attempts", 0),
        ("max_attempts", 1.5),
        ("max_attempts", "3"),
        ("base", -1),
        ("base", "1"),
        ("cap", float("nan")),
        ("cap", float("inf")),
    ],
)
def test_a_policy_of_retries_that_cannot_be(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(f"RetryPolicy({name}={value!r}) must be a")):
        RetryPolicy(**{name: value})


def test_a_thread_takes_a_plain_function() -> None:
    plain: Any = AsyncCall().plain
    assert SalesSubscriber("crm").leased().on_credit_released_v1(plain) is plain


def test_a_decorated_handler_is_called_by_its_own_name() -> None:
    subscriber = SalesSubscriber("crm")
    subscriber.on_credit_released(injected(three_async))
    with pytest.raises(ConfigurationError, match="as version 2, which three_async takes"):
        asyncio.run(subscriber.drain())
