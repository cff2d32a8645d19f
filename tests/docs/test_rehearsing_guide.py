"""What docs/rehearsing.md shows is what its command prints."""

from typing import get_args

from command_kit import ROOT, run

from sguild_codegen.versions.rehearsal import Outcome

GUIDE = (ROOT / "docs" / "rehearsing.md").read_text("utf-8")


def test_the_output_is_real() -> None:
    command, shown = GUIDE.split("\nprints\n")
    arguments = command.rstrip().rpartition("\n")[2].split()[1:]
    lines = [
        each.removeprefix("    ") for each in shown.partition("\nand below that")[0].strip("\n").split("\n")
    ]
    result = run(*arguments, "--contracts", ROOT / "contracts")
    assert result.code == 0
    assert len(lines) > 10
    assert result.out.startswith("\n".join(lines) + "\n")


def test_every_outcome_is_explained() -> None:
    for each in get_args(Outcome):
        assert f"| {each} | " in GUIDE
