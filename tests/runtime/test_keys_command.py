import argparse
import stat
from pathlib import Path

import pytest

from sguild_dispatcher.cli.keys import add_parser
from sguild_dispatcher.errors import KeyringError, MissingKeyError
from sguild_dispatcher.signing import Keyring


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser(prog="sguild-dispatcher")
    add_parser(parser.add_subparsers(required=True))
    parsed = parser.parse_args(["keys", *arguments])
    code = parsed.run(parsed)
    assert isinstance(code, int)
    return code


def test_new_creates_and_extends_a_keyring(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "keys.json"
    for domain in ("sales", "revenue", "sales"):
        assert run("new", domain, "--keyring", str(path)) == 0
    keyring = Keyring.from_file(path)
    assert [(key.domain, key.state) for key in keyring] == [
        ("sales", "retired"),
        ("revenue", "active"),
        ("sales", "active"),
    ]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert f"sales signs with key {keyring.active('sales').id} of {path}" in capsys.readouterr().out


def test_list_shows_no_secret(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "keys.json"
    monkeypatch.setenv("SGUILD_DISPATCHER_KEYRING", str(path))
    assert run("new", "sales") == 0
    capsys.readouterr()
    assert run("list") == 0
    shown = capsys.readouterr().out
    assert shown.split() == [Keyring.from_file(path).active("sales").id, "active", "sales"]
    assert "whsec_" not in shown


def test_a_file_must_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SGUILD_DISPATCHER_KEYRING", raising=False)
    with pytest.raises(MissingKeyError, match="add --keyring FILE"):
        run("new", "sales")


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "nodir"
    with pytest.raises(KeyringError, match=f"the folder {folder} does not exist; make it, or name another"):
        run("new", "sales", "--keyring", str(folder / "k.json"))
    assert not folder.exists()


def test_a_domain_has_a_grammar_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(KeyringError, match="The key domain 'No Domain' must be lower-case"):
        run("new", "No Domain", "--keyring", str(tmp_path / "keys.json"))
    assert not list(tmp_path.iterdir())
