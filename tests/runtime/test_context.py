import asyncio

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
