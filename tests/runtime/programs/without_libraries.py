"""Publishes, delivers and answers probes where the libraries that it is told cannot be imported."""

import asyncio
import importlib
import sys
from contextlib import suppress
from importlib.abc import MetaPathFinder
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

LIBRARIES = ("opentelemetry", "prometheus_client")
BLOCKED = sys.argv[1:]


class Blocker(MetaPathFinder):
    """Refuses to import what is blocked."""

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:  # noqa: ARG002 - the protocol's
        """Raise for what is blocked."""
        if fullname.partition(".")[0] in BLOCKED:
            raise ImportError(f"{fullname} is blocked", name=fullname)


sys.meta_path.insert(0, Blocker())
# As a service does that traces and counts; what is blocked raises as where it is not installed.
for module in ("opentelemetry.trace", "opentelemetry.metrics", "prometheus_client"):
    with suppress(ImportError):
        importlib.import_module(module)
sys.path.insert(0, str(Path(__file__).parents[1]))

import asyncpg  # noqa: E402

from deliveries_kit import KEYRING, SalesSubscriber, locked, publish, recording, until  # noqa: E402
from sguild_dispatcher.settings import Settings  # noqa: E402

subscriber = SalesSubscriber("crm", keyring=KEYRING)
recording(subscriber)


def page(path: str) -> str:
    """Return status and text of a page."""
    try:
        with urlopen(f"http://127.0.0.1:{Settings.from_environment().metrics_port}{path}") as answer:
            return f"{answer.status} {answer.read().decode()}"
    except HTTPError as error:
        return f"{error.code} {error.read().decode()}"


def shown(text: str) -> str:
    """Return a page, of many metrics the one that counts deliveries."""
    found = [each for each in text.splitlines(keepends=True) if "deliveries_total{" in each]
    return found[0] if found else text


async def main() -> None:
    """Deliver one event, and show the pages."""
    connection = await asyncpg.connect(Settings.from_environment().dsn)
    await subscriber.register()
    await publish(connection, locked(7))
    task = asyncio.create_task(subscriber.run())

    async def is_done() -> bool:
        return bool(await connection.fetchval("select count(*) from effect where number = 7"))

    await until(is_done)
    for path in ("/healthz", "/readyz", "/metrics"):
        sys.stdout.write(shown(await asyncio.to_thread(page, path)))
    await subscriber.stop()
    await task
    await connection.close()


if __name__ == "__main__":
    asyncio.run(main())
    assert set(LIBRARIES) - set(BLOCKED) == set(LIBRARIES) & sys.modules.keys()
