"""`sguild-codegen sample`: documents on stdout, what else there is to say on stderr."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from command_kit import ROOT, run
from golden_kit import GOLDEN

from sguild_contracts.registry import registry

CONTRACTS = ROOT / "contracts"
LIVE = [
    (event.name, version.version)
    for event in registry
    for version in event.versions
    if version.status != "withdrawn"
]


@pytest.mark.parametrize(("event_type", "version"), LIVE)
def test_documents_are_what_the_contract_accepts(event_type: str, version: int) -> None:
    options = ("--version", str(version), "--contracts", CONTRACTS, "--seed", "1", "--count", "20")
    result = run("sample", event_type, *options)
    assert (result.code, result.err) == (0, "")
    model = registry.payload_model(event_type, version)
    lines = result.out.splitlines()
    assert len(set(lines)) == 20
    for line in lines:
        model.model_validate_json(line)


def test_one_document_is_laid_out_and_more_are_one_a_line() -> None:
    options = ("sample", "credit.locked", "--contracts", CONTRACTS, "--seed", "7")
    one, more = run(*options), run(*options, "--count", "3")
    assert one.out.startswith('{\n  "credit_reservation_id": "crr_')
    assert json.loads(one.out) == json.loads(more.out.splitlines()[0])


def test_a_seed_gives_the_same_bytes_everywhere(tmp_path: Path) -> None:
    options = ("sample", "intake.captured", "--contracts", str(CONTRACTS), "--seed", "5", "--count", "10")
    program = f"from sguild_codegen.cli import main; main({[*options, '--invalid']!r}); main({[*options]!r})"
    seen = set()
    for seed, locale in (("0", "C"), ("1", "C.UTF-8"), ("2", "C")):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": locale}
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, check=True
        )
        seen.add((done.stdout, done.stderr))
    assert len(seen) == 1


def test_a_seed_of_its_own_is_named_so_that_it_can_be_repeated() -> None:
    first = run("sample", "lead.created", "--contracts", CONTRACTS)
    assert first.err.startswith("--seed ")
    assert first.err.endswith(" gives the same again.\n")
    again = run("sample", "lead.created", "--contracts", CONTRACTS, "--seed", first.err.split()[1])
    assert (again.out, again.err) == (first.out, "")
    assert run("sample", "lead.created", "--contracts", CONTRACTS).out != first.out


def test_an_invalid_document_comes_with_the_rule_that_it_breaks() -> None:
    options = ("--contracts", CONTRACTS, "--seed", "3", "--count", "30", "--invalid")
    result = run("sample", "payment.failed", *options)
    assert result.code == 0
    model = registry.payload_model("payment.failed", 1)
    for line in result.out.splitlines():
        with pytest.raises(ValueError, match=r".+"):
            model.model_validate_json(line)
    explained = result.err.splitlines()
    assert {line.partition(":")[0] for line in explained} == {f"document {n}" for n in range(1, 31)}
    assert any(line.startswith("document 3: / must not be accepted by ") for line in explained)
    assert any(": /next_retry_at must be in the format " in line for line in explained)


@pytest.mark.parametrize("options", [(), ("--invalid",)])
def test_an_envelope_is_that_of_the_registry(options: tuple[str, ...]) -> None:
    given = ("--contracts", CONTRACTS, "--seed", "1", "--count", "10", "--version", "1", "--envelope")
    result = run("sample", "credit.released", *given, *options)
    for line in result.out.splitlines():
        event = json.loads(line)
        assert (event["event_type"], event["producer"], event["schema_version"]) == (
            "credit.released",
            "revenue",
            1,
        )
        assert event["occurred_at"] < "2026-05-22"
        if not options:
            registry.event_model("credit.released", 1).model_validate_json(line)
            assert event["subject"] == event["payload"]["credit_reservation_id"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("credit.loked",), 'no event type "credit.loked": did you mean "credit.locked"?'),
        (("x",), 'no event type "x": the registry lists the event types.'),
        (
            ("credit.released", "--version", "3"),
            "credit.released has no schema of version 3: choose from 1, 2.",
        ),
        (("intake.captured", "--version", "1"), "intake.captured has no schema of version 1: choose from 2."),
        (("credit.locked", "--count", "0"), "greater than or equal to 1"),
    ],
)
def test_what_is_not_there_is_a_wrong_use(arguments: tuple[str, ...], said: str) -> None:
    result = run("sample", *arguments, "--contracts", CONTRACTS)
    assert (result.code, result.out) == (2, "")
    assert said in result.err


def test_a_contract_that_nothing_satisfies_is_named() -> None:
    folder = GOLDEN / "whole_conditions" / "contracts"
    result = run("sample", "odd.nothing", "--contracts", folder, "--seed", "1")
    assert (result.code, result.out) == (2, "")
    assert result.err == (
        "sguild-codegen: odd.nothing version 1: no document satisfies the schema: it allows nothing, or its "
        "rules contradict.\n"
    )
    assert run("sample", "odd.nothing", "--contracts", folder, "--invalid").code == 0


def test_broken_contracts_are_findings(tmp_path: Path) -> None:
    result = run("sample", "a.b", "--contracts", tmp_path)
    assert result.code == 2
    assert "event-types-registry.json" in result.out


def test_references_into_other_files_are_followed() -> None:
    folder = GOLDEN / "references" / "contracts"
    result = run("sample", "parcel.sent", "--contracts", folder, "--seed", "1", "--count", "20")
    assert result.code == 0
    assert len(result.out.splitlines()) == 20
