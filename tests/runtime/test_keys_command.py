import argparse
import itertools
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from sguild_dispatcher.cli.keys import add_parser
from sguild_dispatcher.errors import KeyringError, MissingKeyError, SignatureError
from sguild_dispatcher.signing import Keyring
from signing_kit import BODY, PRIVATE, PUBLIC, SECRET

Run: TypeAlias = Callable[..., str]
FAR = "2999-12-31T00:00:00Z"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SGUILD_DISPATCHER_KEYRING", str(tmp_path / "keys.json"))
    return tmp_path / "keys.json"


@pytest.fixture
def run(path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run ``keys`` and return what it printed; the keyring is that of ``path``."""

    def run(*arguments: object) -> str:
        parser = argparse.ArgumentParser(prog="sguild-dispatcher")
        add_parser(parser.add_subparsers(required=True))
        parsed = parser.parse_args(["keys", *map(str, arguments)])
        assert parsed.run(parsed) == 0
        out = capsys.readouterr().out
        assert not [prefix for prefix in ("whsec_", "whsk_") if prefix in out]
        if path.exists():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        return out

    return run


def states(path: Path) -> list[tuple[str, str]]:
    return [(key.domain, key.state) for key in Keyring.from_file(path)]


def newest(path: Path) -> str:
    return list(Keyring.from_file(path))[-1].id


def test_the_first_key_of_a_domain_is_active_and_each_later_one_is_next(run: Run, path: Path) -> None:
    assert run("new", "sales") == f"sales signs with key {newest(path)} of {path}\n"
    run("new", "revenue")
    said = run("new", "sales")
    assert states(path) == [("sales", "active"), ("revenue", "active"), ("sales", "next")]
    assert said == (
        f"{newest(path)} is the next key of sales in {path}.\n"
        f"Give it to all that verify; then let it sign with "
        f"`sguild-dispatcher keys rotate sales --keyring {path}`.\n"
    )


def test_a_rotation_without_a_stop(run: Run, path: Path) -> None:
    """What anybody signs is believed by whoever is one step behind, or one ahead."""
    run("new", "sales")
    keyrings = [Keyring.from_file(path)]
    for command in (("new", "sales"), ("rotate", "sales", "--until", FAR)):
        run(*command)
        keyrings.append(Keyring.from_file(path))
    for older, newer in itertools.pairwise(keyrings):
        assert older.verify(*_message(newer)) == newer.verify(*_message(older)) == "sales"
    signing = [_message(each)[0] for each in keyrings]
    assert signing[0] == signing[1] != signing[2]


def _message(keyring: Keyring) -> tuple[str, str, str]:
    key_id, signature = keyring.sign("sales", BODY)
    return key_id, BODY, signature


def test_rotate_retires_the_key_before_until_a_time(run: Run, path: Path) -> None:
    run("new", "sales")
    first = newest(path)
    run("new", "sales")
    assert run("rotate", "sales", "--until", FAR).splitlines() == [
        f"{first} is retired until {FAR}",
        f"{newest(path)} is active",
    ]
    assert states(path) == [("sales", "retired"), ("sales", "active")]


def test_activate_goes_back_to_an_earlier_key(run: Run, path: Path) -> None:
    run("new", "sales")
    first = newest(path)
    run("new", "sales")
    run("rotate", "sales")
    assert run("activate", first).splitlines() == [f"{first} is active", f"{newest(path)} is retired"]


def test_a_retired_key_verifies_and_a_revoked_one_does_not(run: Run, path: Path) -> None:
    run("new", "sales")
    key_id, signature = Keyring.from_file(path).sign("sales", BODY)
    assert run("retire", key_id) == f"{key_id} is retired\n"
    assert Keyring.from_file(path).verify(key_id, BODY, signature) == "sales"
    assert run("revoke", key_id, "--yes") == f"{key_id} is revoked\n"
    assert json.loads(path.read_text()) == {"keys": [{"id": key_id, "domain": "sales", "state": "revoked"}]}
    with pytest.raises(SignatureError, match="was revoked"):
        Keyring.from_file(path).verify(key_id, BODY, signature)
    for command in ("activate", "retire"):
        with pytest.raises(KeyringError, match=f"{key_id}' is revoked, and that is for ever"):
            run(command, key_id)


def test_what_cannot_be_rotated_says_why(run: Run, path: Path) -> None:
    run("new", "sales")
    before = path.read_text()
    with pytest.raises(KeyringError, match="sales has no next key: make one with"):
        run("rotate", "sales")
    with pytest.raises(KeyringError, match="is active already"):
        run("activate", newest(path))
    with pytest.raises(KeyringError, match=f"no key 'sales-9'; it has {newest(path)}"):
        run("retire", "sales-9")
    with pytest.raises(KeyringError, match="2020-01-01T00:00:00Z has passed: choose a later time, or revoke"):
        run("retire", newest(path), "--until", "2020-01-01T00:00:00Z")
    with pytest.raises(KeyringError, match="--until is 'soon'; it must be a date and a time of UTC"):
        run("retire", newest(path), "--until", "soon")
    assert path.read_text() == before
    run("new", "sales")
    run("new", "sales")
    with pytest.raises(KeyringError, match="sales has several next keys"):
        run("rotate", "sales")


def test_list_shows_no_secret(run: Run, path: Path, tmp_path: Path) -> None:
    run("new", "sales")
    run("new", "revenue", "--algorithm", "ed25519", "--secret-file", tmp_path / "revenue.key")
    sales, revenue = Keyring.from_file(path)
    run("retire", sales.id, "--until", FAR)
    head, *rows = (line.split(maxsplit=5) for line in run("list").splitlines())
    assert head == ["id", "domain", "state", "until", "algorithm", "secret"]
    assert rows == [
        [sales.id, "sales", "retired", FAR, "hmac-sha256", "keyring"],
        [revenue.id, "revenue", "active", "-", "ed25519", "file revenue.key"],
    ]
    listed = json.loads(run("list", "--format", "json"))["keys"]
    assert [list(each.values()) for each in listed] == [
        [sales.id, "sales", "retired", FAR, "hmac-sha256", "keyring"],
        [revenue.id, "revenue", "active", None, "ed25519", "file revenue.key"],
    ]


def test_a_secret_is_kept_in_a_file_of_its_own(run: Run, path: Path, tmp_path: Path) -> None:
    secret = tmp_path / "mounted.key"
    run("new", "sales", "--secret-file", secret)
    assert secret.read_text().startswith("whsec_")
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert "whsec_" not in path.read_text()
    run("new", "sales")
    run("rotate", "sales")
    written = json.loads(path.read_text())["keys"][0]
    assert (written.get("secret_file"), written.get("secret")) == ("mounted.key", None)


def test_a_secret_that_is_there_is_taken(
    run: Run, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mounted.key").write_text(SECRET)
    monkeypatch.setenv("REVENUE_SECRET", PRIVATE)
    run("new", "sales", "--secret-file", tmp_path / "mounted.key")
    run("new", "revenue", "--secret-env", "REVENUE_SECRET")
    sales, revenue = Keyring.from_file(path)
    assert (tmp_path / "mounted.key").read_text() == SECRET
    assert (sales.algorithm, revenue.algorithm) == ("hmac-sha256", "ed25519")
    assert PRIVATE not in path.read_text()
    monkeypatch.delenv("REVENUE_SECRET")
    with pytest.raises(KeyringError, match="The variable REVENUE_SECRET of the environment has no secret"):
        run("list")


def test_what_is_exported_verifies_and_cannot_sign(run: Run, path: Path, tmp_path: Path) -> None:
    output = tmp_path / "public.json"
    run("new", "sales", "--algorithm", "ed25519")
    run("new", "revenue", "--algorithm", "ed25519")
    run("new", "operations")
    sales, revenue, operations = Keyring.from_file(path)
    assert run("export-public", output).splitlines() == [
        f"{output} has {sales.id}, {revenue.id}; it verifies and cannot sign.",
        f"Left out: {operations.id}, since hmac-sha256 has no public half.",
    ]
    assert "whsk_" not in output.read_text()
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    reader = Keyring.from_file(output)
    assert reader.verify(*_message(Keyring.from_file(path))) == "sales"
    with pytest.raises(MissingKeyError, match="only the public half"):
        reader.sign("sales", BODY)
    run("export-public", output, "--domain", "revenue")
    assert [key.domain for key in Keyring.from_file(output)] == ["revenue"]


def test_an_export_that_would_lose_keys_or_has_none_is_refused(run: Run, path: Path, tmp_path: Path) -> None:
    run("new", "operations")
    with pytest.raises(KeyringError, match="no public key to export: HMAC-SHA256 has none"):
        run("export-public", tmp_path / "public.json")
    run("new", "sales", "--algorithm", "ed25519")
    with pytest.raises(KeyringError, match="OUTPUT is the keyring itself"):
        run("export-public", path)


def test_a_reader_takes_over_the_keys_and_states_of_one_domain(run: Run, path: Path, tmp_path: Path) -> None:
    reader = tmp_path / "reader.json"
    exported = tmp_path / "public.json"
    run("new", "operations", "--keyring", reader)
    for domain in ("sales", "revenue"):
        run("new", domain, "--algorithm", "ed25519")
    steps = (["new", "sales", "--algorithm", "ed25519"], ["rotate", "sales"])
    for step in ([], *steps):
        if step:
            run(*step)
        run("export-public", exported)
        run("import-public", "sales", exported, "--keyring", reader)
        assert Keyring.from_file(reader).verify(*_message(Keyring.from_file(path))) == "sales"
    assert states(reader) == [("operations", "active"), ("sales", "retired"), ("sales", "active")]
    run("revoke", next(iter(Keyring.from_file(path))).id, "--yes")
    run("export-public", exported)
    run("import-public", "sales", exported, "--keyring", reader)
    assert states(reader) == [("operations", "active"), ("sales", "revoked"), ("sales", "active")]


def test_nobody_publishes_a_key_under_the_id_of_another(run: Run, path: Path, tmp_path: Path) -> None:
    exported = tmp_path / "public.json"
    run("new", "sales", "--algorithm", "ed25519")
    key = {"id": newest(path), "domain": "sales", "state": "active", "public_key": PUBLIC}
    exported.write_text(json.dumps({"keys": [key]}))
    with pytest.raises(KeyringError, match="is another one than here"):
        run("import-public", "sales", exported)
    with pytest.raises(
        KeyringError, match="There is no public key of revenue: export it where revenue signs"
    ):
        run("import-public", "revenue", exported)


def test_a_file_must_be_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SGUILD_DISPATCHER_KEYRING")
    with pytest.raises(MissingKeyError, match="add --keyring FILE"):
        run("new", "sales")


def test_a_folder_that_does_not_exist_is_named(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "nodir"
    with pytest.raises(KeyringError, match=f"the folder {folder} does not exist; make it, or name another"):
        run("new", "sales", "--keyring", folder / "k.json")
    assert not folder.exists()


def test_a_domain_has_a_grammar_and_nothing_is_written(run: Run, tmp_path: Path) -> None:
    with pytest.raises(KeyringError, match="The key domain 'No Domain' must be at most 63 lower-case"):
        run("new", "No Domain", "--secret-file", tmp_path / "secret")
    assert not list(tmp_path.iterdir())
