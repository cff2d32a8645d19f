"""Without libraries, and without anybody who listens."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deliveries_kit import create_effects, locked, publish
from sguild_dispatcher.database import Connection
from sguild_dispatcher.telemetry.libraries import active_trace, observers, spans
from test_telemetry_endpoint import port

__all__ = ["port"]

PROGRAM = Path(__file__).parent / "programs" / "without_libraries.py"


NO_METRICS = "501 Install sguild-dispatcher[prometheus] to have metrics here.\n"
COUNTED = (
    'sguild_dispatcher_deliveries_total{event_type="credit.locked",outcome="delivered",reason="",'
    'subscriber="sales/crm"} 1.0\n'
)


@pytest.mark.parametrize(
    ("absent", "metrics"),
    [
        (("opentelemetry", "prometheus_client"), NO_METRICS),
        (("opentelemetry",), COUNTED),
        (("prometheus_client",), NO_METRICS),
    ],
)
async def test_everything_but_their_own_works_without_the_libraries(
    connection: Connection, dsn: str, port: int, absent: tuple[str, ...], metrics: str
) -> None:
    await create_effects(connection)
    ended = subprocess.run(  # noqa: ASYNC221 - nothing else runs
        [sys.executable, str(PROGRAM), *absent],
        env={**os.environ, "SGUILD_DISPATCHER_DSN": dsn, "SGUILD_DISPATCHER_METRICS_PORT": str(port)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == f'200 ok\n200 {{"ready": true, "subscribers": {{"sales/crm": []}}}}\n{metrics}'


def test_the_runtime_imports_neither_library_by_itself() -> None:
    code = (
        "import sys, sguild_dispatcher.subscriber, sguild_dispatcher.publisher\n"
        "sys.exit(any(each.startswith(('opentelemetry', 'prometheus')) for each in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_the_api_without_an_sdk_is_told_nothing(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    import opentelemetry.metrics
    import opentelemetry.trace

    def never(*_: object, **__: object) -> None:
        raise AssertionError("a provider without SDK was asked")

    monkeypatch.setattr(opentelemetry.trace.ProxyTracerProvider, "get_tracer", never)
    monkeypatch.delitem(sys.modules, "prometheus_client", raising=False)
    assert opentelemetry.metrics.get_meter_provider() is not None
    assert (spans(), active_trace(), observers()) == (None, None, ())
    await publish(connection, locked(1))
    assert await connection.fetchval("select trace_context from sguild_dispatcher.event_log") == ""
