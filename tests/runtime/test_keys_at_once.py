"""Commands at the same time change one keyring after another, and none waits for ever or asks for nothing."""

import io
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from operation_kit import Run, Terminal, result
from sguild_dispatcher.signing import Keyring, locking

KEYS = (sys.executable, "-m", "sguild_dispatcher.cli", "keys")
HOLDER = """
import sys, time
from pathlib import Path
from sguild_dispatcher.signing.locking import locked
with locked(Path(sys.argv[1])):
    print("locked", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


@pytest.fixture
def holder(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that changes the keyring and hangs."""
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"locked\n"
        yield process
        process.kill()


def test_no_key_is_lost_of_commands_at_once(path: Path) -> None:
    link = path.with_name("link.json")
    link.symlink_to(path)
    domains = [f"domain{number}" for number in range(8)]
    processes = [
        subprocess.Popen([*KEYS, "new", each, "--keyring", str((path, link)[number % 2])])
        for number, each in enumerate(domains)
    ]
    assert [each.wait(60) for each in processes] == [0] * len(domains)
    assert sorted(key.domain for key in Keyring.from_file(path)) == domains
    assert sorted(path.parent.iterdir()) == [path, link]


@pytest.mark.usefixtures("holder")
async def test_another_one_is_waited_for_and_then_named(
    run: Run, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locking, "WAIT_SECONDS", 0.3)
    began = time.monotonic()
    code, out, err = await run("keys", "new", "sales", "--keyring", str(path))
    assert (code, out, time.monotonic() - began >= 0.3) == (2, "", True)
    assert err == (
        f"sguild-dispatcher: The keyring {path} is being changed by another process, which holds "
        f"{path.parent}/.keys.json.lock for more than 0.3 s: nothing was changed; try again when it has "
        "ended.\n"
    )


async def test_one_that_was_killed_holds_nobody_up(
    run: Run, path: Path, holder: subprocess.Popen[bytes]
) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert (await run("keys", "new", "sales", "--keyring", str(path)))[0] == 0
    assert list(path.parent.iterdir()) == [path]


async def test_every_command_prints_json(run: Run, path: Path) -> None:
    keyring = ("--keyring", str(path))
    [first] = (await result(run, "keys", "new", "sales", *keyring))["keys"]
    assert first == {
        "id": next(iter(Keyring.from_file(path))).id,
        "domain": "sales",
        "state": "active",
        "until": None,
        "algorithm": "hmac-sha256",
        "secret": "keyring",
    }
    [second] = (await result(run, "keys", "new", "sales", "--algorithm", "ed25519", *keyring))["keys"]
    output = str(path.with_name("public.json"))

    async def states(*arguments: str) -> list[str]:
        return [each["state"] for each in (await result(run, "keys", *arguments, *keyring))["keys"]]

    assert await states("rotate", "sales") == ["retired", "active"]
    assert await states("activate", first["id"]) == ["active", "retired"]
    assert await states("retire", first["id"]) == ["retired"]
    exported = await result(run, "keys", "export-public", output, *keyring)
    assert [each["secret"] for each in exported["keys"]] == ["only public"]
    assert [each["id"] for each in exported["left_out"]] == [first["id"]]
    assert await states("import-public", "sales", output) == ["retired", "retired"]
    assert await states("revoke", second["id"], "--yes") == ["revoked"]
    assert await states("list") == ["retired", "revoked"]


async def test_a_person_is_asked_before_a_key_is_revoked(
    run: Run, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring = ("--keyring", str(path))
    [key] = (await result(run, "keys", "new", "sales", *keyring))["keys"]
    lost = (
        f"evoke {key['id']} for ever, with all that it signed and that is not delivered yet; it is the only "
        "key that sales signs with, and nobody can until `sguild-dispatcher keys new sales`"
    )
    revoke = ("keys", "revoke", key["id"], *keyring)
    assert await run(*revoke, "--dry-run") == (0, f"Would r{lost}.\n", "")
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    code, _, err = await run(*revoke)
    assert (code, err) == (2, f"sguild-dispatcher: Nobody is there to confirm: add --yes to r{lost}.\n")
    monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
    assert await run(*revoke) == (1, "", f"R{lost}? [y/N] Nothing was done.\n")
    assert [each["state"] for each in (await result(run, "keys", "list", *keyring))["keys"]] == ["active"]
    await run("keys", "new", "sales", *keyring)
    assert "nobody can until `sguild-dispatcher keys rotate sales`" in (await run(*revoke, "--dry-run"))[1]
    await run("keys", "rotate", "sales", *keyring)
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    code, out, err = await run(*revoke)
    assert (code, out, "only key" in err) == (0, f"{key['id']} is revoked\n", False)
    assert (await run(*revoke))[:2] == (0, f"{key['id']} is revoked\n")
