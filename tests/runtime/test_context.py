import asyncio

import pytest

from sguild_dispatcher.context import RequestContext, current_context, request_context


def test_outside_of_any_block_nothing_is_known() -> None:
    assert current_context() == RequestContext()


def test_a_nested_block_keeps_what_it_does_not_set() -> None:
    with request_context(tenant_id="t-1", actor="system:sales"):
        with request_context(tenant_id="t-2", correlation_id="evt_x") as inner:
            assert inner == RequestContext(tenant_id="t-2", actor="system:sales", correlation_id="evt_x")
        assert current_context() == RequestContext(tenant_id="t-1", actor="system:sales")
    assert current_context() == RequestContext()


async def test_tasks_do_not_see_each_other() -> None:
    async def tenant(name: str) -> str | None:
        with request_context(tenant_id=name):
            await asyncio.sleep(0)
            return current_context().tenant_id

    assert tuple(await asyncio.gather(tenant("a"), tenant("b"))) == ("a", "b")


TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_a_nested_block_keeps_the_trace() -> None:
    with request_context(trace_context=TRACE), request_context(tenant_id="t-1") as inner:
        assert inner == RequestContext(tenant_id="t-1", trace_context=TRACE)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "junk",
        TRACE.upper(),
        f"{TRACE}\n",
        f"{TRACE}-00",
        f"ff{TRACE[2:]}",
        TRACE.replace("4bf92f3577b34da6a3ce929d0e0e4736", "0" * 32),
        TRACE.replace("00f067aa0ba902b7", "0" * 16),
        TRACE.replace("4", "\N{ARABIC-INDIC DIGIT FOUR}", 1),
        TRACE[:-1],
    ],
)
def test_what_is_no_traceparent_counts_as_not_given(text: str) -> None:
    with request_context(trace_context=text) as context:
        assert context.trace_context is None
    with request_context(trace_context=TRACE), request_context(trace_context=text) as inner:
        assert inner.trace_context == TRACE


@pytest.mark.parametrize(
    "state", ["congo=t61rcWkgMzE", "rojo=00f067aa0ba902b7 , 1f@lb/a=x y!", f"a={'v' * 256},b={'w' * 251}"]
)
def test_a_tracestate_may_follow(state: str) -> None:
    assert len(state) <= 512
    with request_context(trace_context=f"{TRACE} {state}") as context:
        assert context.trace_context == f"{TRACE} {state}"


@pytest.mark.parametrize(
    "state",
    [
        "",
        " ",
        "congo",
        "congo=",
        "=t61",
        "Congo=t61",
        "congo=a=b",
        "congo=t61 ",
        "congo=t61,",
        "congo=\0",
        "congo=\N{LATIN SMALL LETTER E WITH ACUTE}",
        "congo=t61\n",
        ",".join(f"k{each}=v" for each in range(33)),
        f"a={'v' * 257}",
        f"a={'v' * 256},b={'w' * 252}",
        "a=b" + " b" * 4000,
    ],
)
def test_a_wrong_or_long_tracestate_is_left_out(state: str) -> None:
    with request_context(trace_context=f"{TRACE} {state}") as context:
        assert context.trace_context == TRACE
