import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sguild_dispatcher.errors import KeyringError, MissingKeyError
from sguild_dispatcher.settings import Settings
from sguild_dispatcher.signing import Key, Keyring
from signing_kit import BODY, NOW, PRIVATE, PUBLIC, SECRET, ed25519_key, hmac_key


def entry(**parts: object) -> dict[str, Any]:
    members = {"id": "sales-1", "domain": "sales", "state": "active", **parts}
    return {name: value for name, value in members.items() if value is not None}


def by_file(name: str, **parts: object) -> dict[str, Any]:
    return {**entry(**parts), "secret_file": name}


def by_env(name: str, **parts: object) -> dict[str, Any]:
    return {**entry(**parts), "secret_env": name}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


def write(path: Path, *entries: object) -> None:
    path.write_text(json.dumps({"keys": entries}))


def refusal(path: Path) -> str:
    with pytest.raises(KeyringError) as caught:
        Keyring.from_file(path)
    assert str(path.parent) in str(caught.value)
    return str(caught.value)


def test_a_file_keeps_everything_and_is_its_owners_alone(path: Path) -> None:
    keyring = Keyring(
        [
            hmac_key(state="retired", until=NOW),
            ed25519_key(),
            Key.generate("sales", state="next"),
            Key("revenue-1", "revenue", None, "revoked"),
            Key.generate("revenue", algorithm="ed25519", state="retired").public_half() or hmac_key(),
        ]
    )
    path.write_text("{}")
    path.chmod(0o644)
    keyring.to_file(path)
    assert list(Keyring.from_file(path)) == list(keyring)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["keys.json"]


def test_a_file_of_earlier_versions_is_read(path: Path) -> None:
    write(path, entry(secret=SECRET, state="retired"))
    assert list(Keyring.from_file(path)) == [hmac_key(state="retired")]


def test_a_link_to_a_keyring_stays_a_link(path: Path, tmp_path: Path) -> None:
    path.symlink_to(tmp_path / "real.json")
    Keyring([hmac_key()]).to_file(path)
    assert path.is_symlink()
    assert list(Keyring.from_file(tmp_path / "real.json")) == [hmac_key()]


def test_a_secret_is_read_from_the_file_that_is_named(path: Path, tmp_path: Path) -> None:
    (tmp_path / "mounted").mkdir()
    (tmp_path / "mounted/sales").write_text(SECRET + "\n")
    (tmp_path / "absolute").write_text(PRIVATE)
    write(
        path,
        by_file("mounted/sales"),
        by_file(str(tmp_path / "absolute"), id="revenue-1", domain="revenue"),
    )
    keyring = Keyring.from_file(path)
    assert keyring.sign("sales", BODY) == Keyring([hmac_key()]).sign("sales", BODY)
    assert keyring.active("revenue").algorithm == "ed25519"


def test_a_secret_is_read_from_the_variable_that_is_named(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(path, by_env("SALES_SECRET"))
    monkeypatch.setenv("SALES_SECRET", SECRET)
    keyring = Settings(keyring=path).load_keyring().current()
    assert keyring.sign("sales", BODY) == Keyring([hmac_key()]).sign("sales", BODY)


def test_what_is_read_by_reference_is_never_written_into_the_keyring(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sales").write_text(SECRET)
    entries = [
        by_file("sales"),
        by_env("REVENUE_SECRET", id="revenue-1", domain="revenue"),
    ]
    write(path, *entries)
    monkeypatch.setenv("REVENUE_SECRET", PRIVATE)
    Keyring.from_file(path).to_file(path)
    assert json.loads(path.read_text()) == {"keys": entries}


def test_a_secret_that_is_not_where_it_should_be_is_named(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(path, by_file("sales"))
    assert f"There is no secret file {tmp_path / 'sales'}: mount it" in refusal(path)
    (tmp_path / "sales").write_bytes(b"\xff")
    assert f"{tmp_path / 'sales'} cannot be read: it is not UTF-8" in refusal(path)
    (tmp_path / "sales").write_text("whsec_MfKQ")
    assert "The secret of key 'sales-1' must be whsec_" in refusal(path)
    write(path, by_env("SALES_SECRET"))
    assert "The variable SALES_SECRET of the environment has no secret: set it" in refusal(path)
    monkeypatch.setenv("SALES_SECRET", "")
    assert "The variable SALES_SECRET" in refusal(path)
    write(path, by_env("SGUILD_DISPATCHER_SALES"))
    assert "secret_env must name a variable" in refusal(path)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "It is not JSON: Expecting value in line 1"),
        ("[" * 100_000, "It is nested too deeply"),
        ('{"keys": ' + "1" * 5000 + "}", "has a number that is too long"),
        ("[]", "It must be an object"),
        ('{"keys": [], "x": 1}', "without the member 'x'"),
        (
            '{"keys": [{"id": "a", "sceret": ""}]}',
            "/keys/0 has the member 'sceret', which is none of id,",
        ),
        ('{"keys": 5}', "It must be an object"),
        ('{"keys": [5]}', "/keys/0 must have the strings id, domain and state, one of secret"),
        ('{"keys": [], "keys": []}', "'keys' occurs twice"),
        ('{"keys": [{"id": "a", "id": "b"}]}', "'id' occurs twice"),
    ],
)
def test_a_file_that_is_no_keyring_is_refused(path: Path, text: str, complaint: str) -> None:
    path.write_text(text)
    assert complaint in refusal(path)


@pytest.mark.parametrize(
    ("parts", "complaint"),
    [
        ({}, "/keys/0 must have"),
        ({"secret": SECRET, "state": None}, "/keys/0 must have"),
        ({"secret": SECRET, "secret_env": "X"}, "/keys/0 must have"),
        ({"secret": SECRET, "note": "x"}, "/keys/0 has the member 'note'"),
        ({"secret": 5}, "/keys/0 must have"),
        ({"secret": SECRET, "id": SECRET}, "/keys/0 must have"),
        ({"secret": SECRET, "state": "new"}, "The state of key 'sales-1' is 'new'; it must be next, active"),
        ({"secret": SECRET, "state": "retired", "until": "soon"}, "/keys/0/until must be a date and a time"),
        ({"secret": SECRET, "state": "retired", "until": "2026-02-30T00:00:00Z"}, "/keys/0/until must be"),
        ({"secret": SECRET, "state": "retired", "until": "2026-02-03"}, "/keys/0/until must be"),
        ({"secret": SECRET, "until": "2026-02-03T00:00:00Z"}, "only a retired key has a time in until"),
        ({"secret": PUBLIC}, "/keys/0/secret must not begin with whpk_"),
        ({"public_key": SECRET[6:]}, "/keys/0/public_key must begin with whpk_"),
        ({"public_key": PRIVATE}, "/keys/0 must have"),
    ],
)
def test_an_entry_that_is_no_key_is_refused(path: Path, parts: dict[str, object], complaint: str) -> None:
    write(path, entry(**parts))
    said = refusal(path)
    assert complaint in said
    assert SECRET not in said
    assert PRIVATE not in said


def test_files_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    with pytest.raises(MissingKeyError, match="keys new DOMAIN --keyring"):
        Keyring.from_file(tmp_path / "none.json")
    with pytest.raises(KeyringError, match="cannot be read"):
        Keyring.from_file(tmp_path)
    (tmp_path / "binary").write_bytes(b"\xff")
    with pytest.raises(KeyringError, match="cannot be read"):
        Keyring.from_file(tmp_path / "binary")
    with pytest.raises(KeyringError, match="cannot be written"):
        Keyring([]).to_file(tmp_path / "no" / "such" / "folder.json")
    with pytest.raises(KeyringError, match=r"cannot be written: Is a directory"):
        Keyring([]).to_file(tmp_path)


def test_a_keyring_that_everybody_may_read_is_told_once(
    path: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(path, entry(secret=SECRET))
    for mode in (0o440, 0o640, 0o400):
        path.chmod(mode)
        Keyring.from_file(path)
    assert not caplog.records
    path.chmod(0o444)
    for _ in range(2):
        Keyring.from_file(path)
    [record] = caplog.records
    assert (record.levelname, record.code, record.path) == (  # type: ignore[attr-defined]
        "WARNING",
        "keyring-exposed",
        str(path),
    )
    assert f"`chmod o-r {path}`" in record.getMessage()
    assert SECRET not in caplog.text
    # What holds no secret itself is for everybody.
    (tmp_path / "sales").write_text(SECRET)
    other = tmp_path / "other.json"
    write(other, by_file("sales"), entry(id="revenue-1", domain="revenue", public_key=PUBLIC))
    other.chmod(0o444)
    Keyring.from_file(other)
    assert len(caplog.records) == 1


def test_the_command_tells_it_on_stderr(path: Path) -> None:
    write(path, entry(secret=SECRET))
    path.chmod(0o644)
    command = [sys.executable, "-m", "sguild_dispatcher.cli", "keys", "list", "--keyring", str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stderr.startswith(f"Every user of this machine may read the keyring {path}, which holds secr")
    assert done.stderr.count("\n") == 1
