"""A service in a process of its own: what is wrong with its environment is one sentence and exit code 2."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import pytest

from deliveries_kit import KEYRING, SalesSubscriber, create_effects, locked, numbers, publish, sales
from sguild_dispatcher.database import Connection
from sguild_dispatcher.errors import ConfigurationError, SettingsError
from sguild_dispatcher.signing import Keyring
from sguild_dispatcher.subscriptions import SubscriberName, retire
from sguild_dispatcher.testing.postgres import database_dsn

PROGRAM = Path(__file__).parent / "programs" / "served.py"
HANGING = PROGRAM.with_name("hanging.py")


@pytest.fixture
def keyring(tmp_path: Path) -> Path:
    path = tmp_path / "keyring.json"
    KEYRING.to_file(path)
    return path


async def started(program: object = PROGRAM, **settings: object) -> Process:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("SGUILD_")}
    environment |= {f"SGUILD_DISPATCHER_{key}": str(value) for key, value in settings.items()}
    return await asyncio.create_subprocess_exec(
        sys.executable, str(program), env=environment, stdout=PIPE, stderr=PIPE
    )


async def refusal(**settings: object) -> str:
    """Run the service, which must not start, and return what it says."""
    process = await started(**settings)
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert (process.returncode, out) == (2, b"")
    text = err.decode()
    assert text.startswith("sales/crm cannot run. ")
    assert "Traceback" not in text
    return text.removeprefix("sales/crm cannot run. ")


async def sentence(**settings: object) -> str:
    text = await refusal(**settings)
    assert text.count("\n") == 1
    return text


async def test_a_database_that_does_not_exist(dsn: str, keyring: Path) -> None:
    said = await sentence(DSN=database_dsn(dsn, "nowhere"), KEYRING=keyring)
    assert 'cannot be reached (database "nowhere" does not exist): check SGUILD_DISPATCHER_DSN or' in said
    assert "for a try-out, `python -m sguild_dispatcher.testing start` starts one." in said


async def test_a_server_that_does_not_run(tmp_path: Path, keyring: Path) -> None:
    said = await sentence(DSN=f"postgresql://ada:secret@/shop?host={tmp_path}", KEYRING=keyring)
    assert said.startswith(f"The database at {tmp_path}/shop cannot be reached (")
    assert "secret" not in said


async def test_no_database(keyring: Path) -> None:
    assert (await sentence(KEYRING=keyring)).startswith(
        "No database is configured: set SGUILD_DISPATCHER_DSN"
    )


async def test_a_database_without_schema(empty_dsn: str, keyring: Path) -> None:
    assert "run `sguild-dispatcher migrate`" in await sentence(DSN=empty_dsn, KEYRING=keyring)


async def test_a_subscriber_that_was_not_registered(dsn: str, keyring: Path) -> None:
    said = await sentence(DSN=dsn, KEYRING=keyring)
    assert said.startswith("sales/crm is not registered: run `sguild-dispatcher subscribers register sal")


async def test_keys_that_are_not_there(dsn: str, tmp_path: Path) -> None:
    assert (await sentence(DSN=dsn)).startswith("No keyring is configured")
    file = tmp_path / "keys.json"
    assert f"There is no keyring {file}: make it with" in await sentence(DSN=dsn, KEYRING=file)
    Keyring.generate(["sales"]).to_file(file)
    said = await sentence(DSN=dsn, KEYRING=file)
    assert said.startswith("sales/crm handles events of revenue, and the keyring has no key")
    file.write_text("[]")
    assert "keys.json is not a usable keyring" in await sentence(DSN=dsn, KEYRING=file)


async def test_wrong_settings_are_listed(dsn: str, keyring: Path) -> None:
    said = await refusal(DSN=dsn, KEYRING=keyring, BATCH_SIZE="many", BATCHES="3")
    assert said.splitlines()[0] == "Wrong settings:"
    assert "SGUILD_DISPATCHER_BATCH_SIZE is 'many', but must be" in said
    assert "SGUILD_DISPATCHER_BATCHES is no setting" in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_graceful_stop_is_exit_code_0(
    connection: Connection, dsn: str, keyring: Path, *, number: signal.Signals
) -> None:
    await create_effects(connection)
    await sales(dsn).register()
    await publish(connection, locked(1))
    process = await started(DSN=dsn, KEYRING=keyring)
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), 60) == b"handled 1\n"
    process.send_signal(number)
    out, err = await asyncio.wait_for(process.communicate(), 30)
    assert (process.returncode, out, err) == (0, b"", b"")
    assert await numbers(connection) == [1]


@pytest.mark.parametrize(("number", "lines"), [(98, (b"begun\n",)), (97, (b"handled 97\n", b"served\n"))])
async def test_a_second_signal_changes_nothing(
    connection: Connection, dsn: str, keyring: Path, *, number: int, lines: tuple[bytes, ...]
) -> None:
    """Neither while a handler runs, which is finished, nor when everything is done and the process ends."""
    await create_effects(connection)
    await sales(dsn).register()
    await publish(connection, locked(number))
    process = await started(DSN=dsn, KEYRING=keyring)
    assert process.stdout is not None
    for line in lines:
        assert await asyncio.wait_for(process.stdout.readline(), 60) == line
        process.send_signal(signal.SIGTERM)
    if len(lines) == 1:
        await asyncio.sleep(0.3)
        process.send_signal(signal.SIGTERM)
    _, err = await asyncio.wait_for(process.communicate(), 30)
    assert (process.returncode, err) == (0, b"")
    assert await numbers(connection) == [number]


async def test_a_thread_that_hangs_does_not_keep_the_process(
    connection: Connection, dsn: str, keyring: Path
) -> None:
    await sales(dsn).register()
    await publish(connection, locked(1))
    process = await started(HANGING, DSN=dsn, KEYRING=keyring)
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), 60) == b"called\n"
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), 15)
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0


async def test_a_subscription_that_is_retired_ends_its_service(
    connection: Connection, dsn: str, keyring: Path
) -> None:
    await create_effects(connection)
    await sales(dsn).register()
    await publish(connection, locked(1))
    process = await started(DSN=dsn, KEYRING=keyring)
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), 60) == b"handled 1\n"
    await retire(connection, SubscriberName("sales", "crm"))
    _, err = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 2
    assert err.startswith(b"sales/crm cannot run. sales/crm is retired: run `sguild-dispatcher")


async def test_a_wrong_name_is_an_error_at_once_and_a_wrong_setting_when_it_is_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SGUILD_DISPATCHER_BATCH_SIZE", "many")
    with pytest.raises(ConfigurationError, match="is no subscriber"):
        SalesSubscriber("My CRM")
    subscriber = SalesSubscriber("crm")
    with pytest.raises(SettingsError, match="'many'"):
        await subscriber.register()
    with pytest.raises(SettingsError, match="'many'"):
        await subscriber.drain()


@pytest.mark.parametrize(("installed", "library"), [(True, "uvloop"), (False, "asyncio")])
def test_it_runs_on_uvloop_where_that_is_installed(
    monkeypatch: pytest.MonkeyPatch, installed: bool, library: str
) -> None:
    loops: list[str] = []

    class Service(SalesSubscriber):
        async def run(self) -> None:
            loops.append(type(asyncio.get_running_loop()).__module__.partition(".")[0])

    if installed:
        pytest.importorskip("uvloop")
    else:
        monkeypatch.setitem(sys.modules, "uvloop", None)

    assert Service("crm").serve() == 0
    assert loops == [library]
