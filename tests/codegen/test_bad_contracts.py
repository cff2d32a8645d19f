"""Bad input through the command: rule, place, exit code, no traceback, no file written."""

from pathlib import Path

import pytest
from bad_contracts import CASES, Case
from command_kit import minimal_tree, run, snapshot


def apply(case: Case, contracts: Path) -> None:
    for name, old, new in case.edits:
        text = (contracts / name).read_text("utf-8")
        assert text.count(old) >= 1, f"{old!r} is not in {name}"
        (contracts / name).write_text(text.replace(old, new, 1), "utf-8")
    for name, content in case.files.items():
        path = contracts / name
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_is_refused_by_name_and_place(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contracts = minimal_tree(tmp_path)
    apply(case, contracts)
    before = snapshot(tmp_path)
    monkeypatch.chdir(tmp_path)

    result = run("generate")

    heads = [line.split(": ")[:2] for line in result.out.splitlines() if line.startswith("contracts/")]
    assert [f"contracts/{case.place}", f"{case.rule} error"] in heads, result.out
    assert result.code == case.code, result.out
    assert "Traceback" not in result.out + result.err
    assert snapshot(tmp_path) == before
    assert all(each.isprintable() for line in result.out.split("\n") for each in line)
    assert not any(line.startswith("::") for line in result.out.splitlines())


def test_case_names_are_unique() -> None:
    names = [case.name for case in CASES]
    assert len(names) == len(set(names))
