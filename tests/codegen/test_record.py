"""A run with the record of an earlier one does what a run without it does: files, findings, exit code."""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from bad_contracts import CASES, Case
from command_kit import MINIMAL, Result, minimal_tree, run, snapshot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_bad_contracts import apply
from tree_edits import EDITS, ENVELOPE, SOUND, UNSOUND, write_touching_tree

from sguild_codegen.emit.recipes import Kitchen, Recipe
from sguild_codegen.record.keys import digest
from sguild_codegen.record.record import RECORD, state_of

MODULE = "sguild_contracts/events/order_placed.py"


def generate(contracts: Path, output: Path, *more: str) -> Result:
    return run("generate", "--contracts", contracts, "--output", output, *more)


def both(contracts: Path, output: Path) -> Result:
    """Generate into ``output`` with its record and into a copy without one; nothing may differ."""
    other = output.with_name("without")
    shutil.rmtree(other, ignore_errors=True)
    if output.exists():
        shutil.copytree(output, other)
    cold = generate(contracts, other, "--no-trust-record")
    warm = generate(contracts, output)
    assert (warm.code, warm.out) == (cold.code, cold.out)
    assert snapshot(output) == snapshot(other)
    if warm.code == 0:
        assert (output / RECORD).read_bytes() == (other / RECORD).read_bytes()
    return warm


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the tree of :mod:`tree_edits`, generated, as the current one."""
    monkeypatch.chdir(tmp_path)
    write_touching_tree(tmp_path / "contracts", MINIMAL / ENVELOPE)
    result = generate(tmp_path / "contracts", tmp_path / "generated")
    assert result.code == 0, result.out + result.err
    return tmp_path


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_has_the_same_effect(name: str, project: Path) -> None:
    before = snapshot(project / "generated")
    EDITS[name](project / "contracts")
    result = both(project / "contracts", project / "generated")
    assert (result.code == 0) == (name in SOUND), result.out
    if name in UNSOUND:
        assert snapshot(project / "generated") == before


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bad_contracts_are_refused_as_ever(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contracts = minimal_tree(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert generate(contracts, tmp_path / "generated").code == 0
    apply(case, contracts)
    assert both(contracts, tmp_path / "generated").code == case.code


def play(names: list[str]) -> None:
    """Make one edit after the other, with a run after each; ``start again`` is another one."""
    with tempfile.TemporaryDirectory() as folder:
        contracts, output = Path(folder, "contracts"), Path(folder, "generated")
        for name in ("start again", *names):
            if name == "start again":
                shutil.rmtree(contracts, ignore_errors=True)
                write_touching_tree(contracts, MINIMAL / ENVELOPE)
            else:
                EDITS[name](contracts)
            both(contracts, output)


steps = st.lists(st.sampled_from(["start again", *SOUND, *EDITS]), min_size=2, max_size=6)


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(steps)
def test_any_story_of_edits(names: list[str]) -> None:
    play(names)


@pytest.mark.proof
@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(steps)
def test_any_story_of_edits_at_length(names: list[str]) -> None:
    play(names)


def test_what_is_unchanged_is_not_made_again(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    real = Kitchen.made

    def noted(kitchen: Kitchen, path: str, recipe: Recipe) -> bytes:
        made.append(path)
        return real(kitchen, path, recipe)

    monkeypatch.setattr(Kitchen, "made", noted)
    SOUND["a bound"](project / "contracts")
    assert both(project / "contracts", project / "generated").err.startswith("3 written")
    assert made.count("sguild_contracts/events/order_placed.py") == 2, "once without the record, once with it"
    assert made.count("sguild_contracts/events/parcel_sent.py") == 1
    assert made.count("sguild_contracts/registry.py") == 1


@pytest.mark.parametrize("change", ["edit", "empty", "remove"])
@pytest.mark.parametrize(
    "name", [MODULE, "sguild_contracts/__init__.py", "sguild_contracts/schemas/orders/order.placed-v1.json"]
)
def test_a_file_that_was_edited_by_hand_is_mended(name: str, change: str, project: Path) -> None:
    before = snapshot(project / "generated")
    path = project / "generated" / name
    if change == "remove":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes() + b"# mine\n" if change == "edit" else b"")
    assert both(project / "contracts", project / "generated").err.startswith("1 written")
    assert snapshot(project / "generated") == before


def records(output: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (output / RECORD).read_text("utf-8").splitlines()]


def test_the_check_believes_no_record(project: Path) -> None:
    """A file and the record edited alike: only a run that believes the record is deceived."""
    output = project / "generated"
    path = output / MODULE
    path.write_text(f"{path.read_text('utf-8')}FORGED = True\n", "utf-8")
    head, *lines = records(output)
    files = {name: content for name, content in snapshot(output).items() if name != RECORD}
    head["state"] = state_of(snapshot(project / "contracts"), files)
    for line in lines:
        if line.get("file") == MODULE:
            line["digest"] = digest(path.read_bytes())
    (output / RECORD).write_text("".join(f"{json.dumps(line)}\n" for line in (head, *lines)), "utf-8")

    assert run("generate", "--check", "--trust-record").code == 0
    checked = run("generate", "--check")
    assert (checked.code, checked.out.split(" ")[:2]) == (1, [f"generated/{MODULE}:", "SG071"])
    assert run("generate", "--no-trust-record").err.startswith("1 written")
    assert run("generate", "--check").code == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null\n{}",
        '{"made_by": 1}',
        "\x00",
        "[" * 100_000,
        "<<<<<<< ours\n",
        '{"made_by": "%s", "state": ""}\n{"event": "order.placed"}',
        '{"made_by": "%s", "state": 3}\n[]\n',
        '{"made_by": "%s", "state": ""}\n{"file": 1, "key": [], "digest": {}}',
        '{"made_by": "%s", "state": ""}\n{"word": "count", "attribute": "import os"}',
        '{"made_by": "%s", "state": ""}\n{"word": "count", "attribute": "class"}',
    ],
)
def test_no_record_makes_an_error(text: str, project: Path) -> None:
    (made_by,) = {line["made_by"] for line in records(project / "generated") if "made_by" in line}
    (project / "generated" / RECORD).write_text(text.replace("%s", str(made_by)), "utf-8")
    SOUND["a bound"](project / "contracts")
    assert run("generate", "--check", "--trust-record").code == 1
    assert both(project / "contracts", project / "generated").code == 0


@pytest.mark.parametrize("kind", ["folder", "not UTF-8"])
def test_something_else_in_the_place_of_the_record_is_no_error(kind: str, project: Path) -> None:
    place = project / "generated" / RECORD
    place.unlink()
    if kind == "folder":
        place.mkdir()
    else:
        place.write_bytes(b"\xff\n")
    SOUND["a bound"](project / "contracts")
    result = run("generate")
    assert (result.code, result.err.partition(" ")[0]) == (0, "3")


@pytest.mark.parametrize("place", [RECORD, "notes.txt", "sguild_contracts/notes.txt"])
def test_a_link_in_the_output_is_refused_wherever_it_is(place: str, project: Path, tmp_path: Path) -> None:
    outside, link = tmp_path / "outside", project / "generated" / place
    outside.write_text("mine", "utf-8")
    link.unlink(missing_ok=True)
    link.symlink_to(outside)
    SOUND["a bound"](project / "contracts")
    result = run("generate")
    assert (result.code, result.err) == (
        2,
        f"sguild-codegen: {place} is a symbolic link; remove it, or choose another folder with --output.\n",
    )
    assert outside.read_text("utf-8") == "mine"
    assert link.is_symlink()


def test_another_tool_or_package_makes_everything_again(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = records(project / "generated")[0]["made_by"]
    assert run("generate", "--package", "other_contracts", "--output", "other").code == 0
    assert records(project / "other")[0]["made_by"] != first
    monkeypatch.setattr("sguild_codegen.record.tool.version", lambda _: "99")
    assert run("generate", "--check", "--trust-record").code == 0, "made again, and the same"
    assert run("generate").code == 0
    assert records(project / "generated")[0]["made_by"] != first


def test_a_warning_is_repeated(project: Path) -> None:
    SOUND["a subject that is none"](project / "contracts")
    first = run("generate")
    assert "SG034 warning" in first.out
    for more in ((), ("--check", "--trust-record"), ("--check",)):
        assert run("generate", *more).out == first.out


def test_a_trusting_check_sees_what_differs(project: Path) -> None:
    assert run("generate", "--check", "--trust-record").code == 0
    foreign = project / "generated" / "notes.txt"
    foreign.write_text("mine", "utf-8")
    assert "SG072" in run("generate", "--check", "--trust-record").out
    foreign.unlink()
    (project / "generated" / MODULE).unlink()
    assert "SG070" in run("generate", "--check", "--trust-record").out
    assert run("generate").code == 0
    SOUND["a bound"](project / "contracts")
    assert "SG071" in run("generate", "--check", "--trust-record").out
    UNSOUND["a stray file"](project / "contracts")
    assert "SG033" in run("generate", "--check", "--trust-record").out


def test_a_trusting_check_imports_no_generator(project: Path) -> None:
    code = (
        "import sys; from sguild_codegen.cli import main\n"
        "assert main(['generate', '--check', '--trust-record']) == 0\n"
        "slow = {'black', 'jinja2', 'datamodel_code_generator', 'sguild_codegen.reader.tree'}\n"
        "print(sorted(slow & {*sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr
