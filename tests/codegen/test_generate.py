"""``sguild-codegen generate`` through the command: writing, checking, and what it refuses to touch."""

import json
import os
import shutil
from pathlib import Path

import pytest
from command_kit import minimal_tree, run, snapshot

IDS = "generated/sguild_contracts/ids.py"
MODULE = "generated/sguild_contracts/events/order_placed.py"
SCHEMA = "generated/sguild_contracts/schemas/shop/order.placed-v1.json"


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with generated code, made once."""
    folder = tmp_path_factory.mktemp("project")
    contracts = minimal_tree(folder)
    assert run("generate", "--contracts", contracts, "--output", folder / "generated").code == 0
    return folder


@pytest.fixture
def project(once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh copy of the project, as the current folder."""
    folder = Path(shutil.copytree(once, tmp_path / "project"))
    monkeypatch.chdir(folder)
    return folder


def test_a_clean_tree_passes_the_check(project: Path) -> None:
    before = snapshot(project)
    result = run("generate", "--check")
    assert (result.code, result.out) == (0, "")
    assert "0 missing, 0 stale, 0 foreign" in result.err
    assert snapshot(project) == before


def test_a_second_run_writes_nothing(project: Path) -> None:
    times = {path: path.stat().st_mtime_ns for path in project.rglob("*")}
    assert run("generate").err.startswith("0 written")
    assert {path: path.stat().st_mtime_ns for path in project.rglob("*")} == times


@pytest.mark.parametrize("name", [IDS, MODULE, SCHEMA, "generated/pyproject.toml", "generated/README.md"])
@pytest.mark.parametrize(("change", "rule"), [("edit", "SG071"), ("empty", "SG071"), ("remove", "SG070")])
def test_a_changed_file_fails_the_check_and_is_mended(
    project: Path, name: str, change: str, rule: str
) -> None:
    before = snapshot(project)
    path = project / name
    if change == "edit":
        path.write_bytes(path.read_bytes() + b"\n")
    elif change == "empty":
        path.write_bytes(b"")
    else:
        path.unlink()

    checked = run("generate", "--check")
    assert checked.code == 1
    assert [line for line in checked.out.splitlines() if line.startswith(f"{name}: {rule} error: ")]
    assert 'Run "sguild-codegen generate".' in checked.out
    assert len(checked.out.splitlines()) == 1

    assert run("generate").err.startswith("1 written")
    assert snapshot(project) == before


@pytest.mark.parametrize(
    "name",
    [
        "notes.txt",
        "sguild_contracts/extra.py",
        "sguild_contracts/schemas/x.json",
    ],
)
def test_a_foreign_file_is_named_and_stays(project: Path, name: str) -> None:
    path = project / "generated" / name
    path.write_text("{}", "utf-8")
    checked = run("generate", "--check")
    assert checked.code == 1
    assert checked.out.startswith(f"generated/{name}: SG072 error: ")
    assert "Move or delete it." in checked.out
    assert run("generate").code == 0
    assert path.read_text("utf-8") == "{}"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("myapp/__init__.py", ""),
        ("myapp/py.typed", ""),
        ("myapp/schemas/order.json", '{"$id": "https://contracts.sguild/order.json"}'),
        ("sguild_contracts/__draft__.py", ""),
    ],
)
def test_what_others_wrote_beside_the_package_stays(project: Path, name: str, content: str) -> None:
    path = project / "generated" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, "utf-8")
    assert f"generated/{name}: SG072 error: " in run("generate", "--check").out
    assert run("generate").code == 0
    assert path.read_text("utf-8") == content


@pytest.mark.parametrize("name", ["json", "typing", "pydantic", "sguild_dispatcher"])
@pytest.mark.usefixtures("project")
def test_a_package_may_not_hide_a_module_that_it_imports(name: str) -> None:
    result = run("generate", "--package", name)
    assert (result.code, result.out) == (2, "")
    assert "would hide a module" in result.err


def test_a_foreign_file_in_the_way_stops_the_run(project: Path) -> None:
    (project / MODULE).write_text("mine = True\n", "utf-8")
    (project / IDS).unlink()
    result = run("generate")
    assert (result.code, result.out.split(":")[0]) == (1, MODULE)
    assert (project / MODULE).read_text("utf-8") == "mine = True\n"
    assert not (project / IDS).exists()


def test_what_no_contract_asks_for_is_stale_and_removed(project: Path) -> None:
    old = project / "generated/sguild_contracts/events/order_lost.py"
    shutil.copyfile(project / MODULE, old)
    schema = project / "generated/sguild_contracts/schemas/lost/order.lost-v1.json"
    schema.parent.mkdir()
    shutil.copyfile(project / SCHEMA, schema)
    assert run("generate", "--check").out.count("SG071 error") == 2
    assert "2 removed" in run("generate").err
    assert not old.exists()
    assert not schema.parent.exists()


@pytest.mark.parametrize(
    "name",
    [
        "dist/x.whl",
        "build/x.py",
        "a.egg-info/PKG-INFO",
        "sguild_contracts/__pycache__/x.pyc",
        ".mypy_cache/x",
    ],
)
def test_caches_and_build_folders_are_ignored(project: Path, name: str) -> None:
    path = project / "generated" / name
    path.parent.mkdir(parents=True)
    path.write_text("x", "utf-8")
    assert run("generate", "--check").code == 0


def test_what_a_killed_run_left_is_cleared_away(project: Path) -> None:
    left = project / "generated/sguild_contracts/.ids.py.sguild-codegen-new"
    left.write_text("half", "utf-8")
    assert run("generate", "--check").code == 1
    assert run("generate").code == 0
    assert not left.exists()


@pytest.mark.parametrize("name", ["generated", "generated/sguild_contracts", IDS])
def test_links_in_the_output_are_refused(project: Path, tmp_path: Path, name: str) -> None:
    target = tmp_path / "elsewhere"
    (project / name).rename(target)
    (project / name).symlink_to(target)
    before = snapshot(tmp_path)
    result = run("generate")
    assert result.code == 2
    assert "symbolic link" in result.err
    assert snapshot(tmp_path) == before


def test_a_folder_in_the_place_of_a_file_is_refused(project: Path) -> None:
    (project / IDS).unlink()
    (project / IDS).mkdir()
    result = run("generate")
    assert result.code == 2
    assert "ids.py is a folder" in result.err


def test_diff_shows_what_would_change(project: Path) -> None:
    (project / IDS).write_bytes((project / IDS).read_bytes() + b"# mine\n")
    before = snapshot(project)
    result = run("generate", "--diff")
    assert result.code == 0
    assert "--- a/sguild_contracts/ids.py" in result.out
    assert "-# mine\n" in result.out
    assert run("generate", "--diff", "--check").code == 1
    assert snapshot(project) == before


def test_another_package_name(project: Path) -> None:
    assert run("generate", "--output", "other", "--package", "shop_events").code == 0
    assert (project / "other/shop_events/ids.py").is_file()
    assert run("generate", "--output", "other", "--package", "shop_events", "--check").code == 0


def test_json_format(project: Path) -> None:
    nothing = {"version": 1, "checked": "generated against contracts", "findings": []}
    assert json.loads(run("generate", "--check", "--format", "json").out) == nothing
    (project / IDS).unlink()
    finding = json.loads(run("generate", "--check", "--format", "json").out)["findings"][0]
    assert (finding["rule"], finding["path"], finding["level"]) == ("SG070", IDS, "error")


def test_github_format(project: Path) -> None:
    path = project / "contracts/shop/schema/payloads/order.placed-v1.json"
    path.write_text(path.read_text("utf-8").replace('"minimum"', '"100%,::minimum"'), "utf-8")
    line = run("generate", "--format", "github").out.splitlines()[0]
    place = "file=contracts/shop/schema/payloads/order.placed-v1.json,line=10,col=36"
    assert line.startswith(f"::error {place},title=SG040 unknown-keyword::")
    assert '"100%25,::minimum"' in line


def test_paths_are_relative_to_the_repository(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / ".git").mkdir()
    (project / IDS).unlink()
    monkeypatch.chdir(project / "contracts")
    result = run("generate", "--contracts", ".", "--output", "../generated", "--check")
    assert result.out.startswith(f"{IDS}: ")


@pytest.mark.parametrize(
    ("environment", "option", "colored"),
    [({}, "always", True), ({"NO_COLOR": "1"}, "auto", False), ({}, "auto", False), ({}, "never", False)],
)
def test_color(
    project: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], option: str, colored: bool
) -> None:
    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    (project / IDS).unlink()
    assert ("\x1b[" in run("generate", "--check", "--color", option).out) is colored


def test_settings_of_pyproject(project: Path) -> None:
    table = '[tool.sguild-codegen]\noutput = "python"\npackage = "shop_events"\n'
    (project / "pyproject.toml").write_text(table, "utf-8")
    assert run("generate").code == 0
    assert (project / "python/shop_events/ids.py").is_file()
    assert run("generate", "--package", "given").code == 0
    assert (project / "python/given/ids.py").is_file()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool.sguild-codegen]\ncontract = 'x'", 'no key "contract": did you mean "contracts"?'),
        ("[tool.sguild-codegen]\npackage = 1", "package has to be a text"),
        ("[tool]\nsguild-codegen = 1", "has to be a table"),
        ("not toml", "cannot be read"),
    ],
)
def test_wrong_settings_of_pyproject(project: Path, text: str, message: str) -> None:
    (project / "pyproject.toml").write_text(text, "utf-8")
    result = run("generate")
    assert (result.code, result.out) == (2, "")
    assert message in result.err
    assert len(result.err.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["generate", "--chek"],
        ["genrate"],
        ["generate", "--format", "xml"],
        ["generate", "--package", "a.b"],
        ["generate", "--package", "class"],
        ["generate", "--package", "../x"],
        ["generate", "--output", "contracts"],
        ["generate", "--output", "contracts/generated"],
        ["generate", "--contracts", "nowhere"],
        ["generate", "extra"],
    ],
)
def test_wrong_usage_ends_with_2(project: Path, arguments: list[str]) -> None:
    before = snapshot(project)
    result = run(*arguments)
    assert result.code == 2
    assert result.out + result.err
    assert "Traceback" not in result.err
    assert snapshot(project) == before


@pytest.mark.usefixtures("project")
def test_a_crash_is_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: object) -> None:
        raise LookupError("broken\x1b[2J")

    monkeypatch.setattr("sguild_codegen.emit.package.emit_package", crash)
    result = run("generate", "--no-trust-record")
    assert (result.code, result.out) == (3, "")
    assert "internal error (LookupError: broken\\x1b[2J)" in result.err
    assert "SGUILD_CODEGEN_DEBUG=1" in result.err
    assert len(result.err.splitlines()) == 1
    monkeypatch.setenv("SGUILD_CODEGEN_DEBUG", "1")
    assert "Traceback" in run("generate", "--no-trust-record").err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission(project: Path) -> None:
    (project / IDS).unlink()
    (project / "generated/sguild_contracts").chmod(0o500)
    result = run("generate")
    assert result.code == 2
    assert "cannot be written" in result.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("generate", "--output", "a" * 300),
        ("generate", "--contracts", "a" * 300),
        ("generate", "--output", "/dev/null/generated"),
        ("model", "a" * 300),
    ],
)
@pytest.mark.usefixtures("project")
def test_a_path_that_the_system_does_not_take_is_one_sentence(arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert (result.code, result.out) == (2, "")
    assert len(result.err.splitlines()) == 1
    assert "cannot be" in result.err
    assert "internal error" not in result.err
