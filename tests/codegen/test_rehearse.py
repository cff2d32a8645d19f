"""`sguild-codegen rehearse`: what subscribers see on the day of a cutover, shown by samples."""

import json
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from command_kit import ROOT, run
from rehearsal_kit import family, readers, rehearse

from sguild_codegen.model.contract import EventType
from sguild_codegen.model.reading import EventReading
from sguild_codegen.versions.reading import reading

CONTRACTS = ROOT / "contracts"
RELEASED = ("rehearse", "credit.released", "--from", "1", "--to", "2", "--contracts", str(CONTRACTS))

_RELEASED = """\
credit.released: revenue goes from version 1 to version 2 on 2026-05-22 at 00:00 UTC.
Subscribers: delivery, sales, coaching and platform. None of them refuses an event. What each has deployed \
is not known here: one or more of these readers.

   reader                                        meets      sees           not recognised  checked
1  package from before version 2, as version 1   version 2  read directly  /reason_code    22 samples
2  handler of version 1 (on_credit_released_v1)  version 2  adapted        /reason_code    22 samples
3  handler of version 2 (on_credit_released)     version 2  read directly  -               22 samples
4  handler of version 2 (on_credit_released)     version 1  hook needed    -               20 samples

hook needed (4): as version 2 of version 1, "/reason_code" is required.
    /reason_code: required (/required of version 2), 20 of 20: sample 1, sample 2, sample 3
help: register a function with @subscriber.adapt_credit_released_v1_to_v2; without one, a service with \
this handler does not start.

sample 1 of version 2, met by 1, 2 and 3:
    {
      "credit_reservation_id": "crr_"""
AMOUNT = {"amount": {"type": "integer", "minimum": 1}}
STATES = {"state": {"enum": ["new", "paid"]}}
MORE_STATES = {"state": {"enum": ["new", "paid", "returned"]}}


def test_text_says_when_who_and_what() -> None:
    result = run(*RELEASED)
    assert result.out.startswith(_RELEASED)
    assert "\nsample 1 of version 1, met by 4:\n    {\n" in result.out
    assert (result.code, result.err) == (0, "4 readings: 2 read directly, 1 adapted, 1 hook needed.\n")


def test_json_says_the_same_with_every_count() -> None:
    result = run(*RELEASED, "--format", "json")
    found = json.loads(result.out)
    assert result.code == 0
    head = {key: found[key] for key in ("event_type", "from", "to", "cutover", "refuses", "evidence")}
    assert head == {
        "event_type": "credit.released",
        "from": 1,
        "to": 2,
        "cutover": "2026-05-22",
        "refuses": False,
        "evidence": "samples",
    }
    assert found["subscribers"] == ["delivery", "sales", "coaching", "platform"]
    earlier, first, _, second = found["readers"]
    assert (earlier["reader"], earlier["handler"], earlier["reads_as"]) == ("earlier package", None, 1)
    assert first["unrecognised"] == [{"pointer": "/reason_code", "count": 22}]
    assert first["sample"]["payload"]["reason_code"]
    assert (second["sees"], second["hook"]) == ("hook needed", "adapt_credit_released_v1_to_v2")
    [refusal] = second["refusals"]
    assert (refusal["pointer"], refusal["rule"], refusal["count"]) == ("/reason_code", "required", 20)


def test_a_command_is_one_piece_of_code(tmp_path: Path) -> None:
    contracts = family(tmp_path, AMOUNT, {"amount": {"type": "string"}})
    result = rehearse(contracts, "--format", "markdown")
    assert "; `sguild-codegen diff order.placed 1 2` says by which edits it breaks." in result.out


def test_markdown_is_a_table_and_folds_nothing_away() -> None:
    result = run(*RELEASED, "--format", "markdown")
    assert "| 2 | handler of version 1 `(on_credit_released_v1)` | version 2 | adapted |" in result.out
    assert '```json\n{\n  "credit_reservation_id": "crr_' in result.out


def test_what_an_earlier_package_cannot_read_ends_with_1(tmp_path: Path) -> None:
    contracts = family(tmp_path, AMOUNT, {"amount": {"type": "string"}})
    result = rehearse(contracts)
    assert result.code == 1
    assert "Those that are reader 1 break." in result.out
    assert (
        "refused (1): such an event goes to the dead letters with the reason unknown_version.\n" in result.out
    )
    assert "\n    /amount: type (/properties/amount/type of version 1), " in result.out
    assert '"sguild-codegen diff order.placed 1 2" says by which edits it breaks.' in result.out
    assert [each["sees"] for each in readers(rehearse(contracts, "--format", "json"))] == [
        "refused",
        "hook needed",
        "read directly",
        "hook needed",
    ]


def test_every_value_of_an_enum_is_met_and_an_unknown_one_is_not_recognised(tmp_path: Path) -> None:
    contracts = family(tmp_path, STATES, MORE_STATES)
    result = rehearse(contracts, "--samples", "1", "--format", "json")
    earlier, first, _, _ = readers(result)
    assert result.code == 0
    assert earlier["sees"] == "read directly"
    for each in (earlier, first):
        assert each["unrecognised"] == [{"pointer": "/state", "count": 1}]
        assert each["sample"]["payload"]["state"] == "returned"
        assert each["checked"] >= 4  # without, and with each value


def test_a_value_that_a_closed_enum_does_not_list_is_refused(tmp_path: Path) -> None:
    contracts = family(tmp_path, STATES, MORE_STATES, lambda entry: entry.update(closed_enums=["state"]))
    result = rehearse(contracts, "--samples", "1")
    assert result.code == 1
    assert "\n    /state: enum (/properties/state/enum of version 1), 1 of " in result.out
    assert '"state": "returned"' in result.out


def test_a_refusal_that_no_sample_meets_is_shown_by_its_proof(tmp_path: Path) -> None:
    old, new = ({"amount": {"type": "integer", "minimum": 1, "maximum": each}} for each in (10**9, 10**9 + 1))
    contracts = family(tmp_path, old, new)
    result = rehearse(contracts, "--samples", "1", "--seed", "3")
    as_json = rehearse(contracts, "--samples", "1", "--seed", "3", "--format", "json")
    assert (result.code, readers(as_json)[0]["refusals"][0]["count"]) == (1, 0)
    assert (
        "/amount: maximum (/properties/amount/maximum of version 1), proven by the document below"
        in result.out
    )
    assert (
        f'witness of version 2, met by 1 and 2:\n    {{"amount": {10**9 + 1}, "order_id": ""}}' in result.out
    )


def test_places_inside_of_a_payload_are_named(tmp_path: Path) -> None:
    def line(**more: Any) -> dict[str, Any]:
        properties = {"sku": {"type": "string"}, **more}
        of_line = {
            "type": "object",
            "additionalProperties": False,
            "required": [*properties],
            "properties": properties,
        }
        return {"lines": {"type": "array", "minItems": 1, "maxItems": 1, "items": of_line}}

    contracts = family(tmp_path, line(), line(note={"type": "string"}), required=["order_id", "lines"])
    earlier, *_, second = readers(rehearse(contracts, "--format", "json"))
    assert [each["pointer"] for each in earlier["unrecognised"]] == ["/lines/0/note"]
    assert {each["pointer"] for each in second["refusals"]} == {"/lines", "/lines/0/note"}


def test_of_a_union_only_the_branch_that_is_meant_counts(tmp_path: Path) -> None:
    def ways(**more: Any) -> dict[str, Any]:
        branches = [
            {
                "type": "object",
                "additionalProperties": False,
                "required": ["kind", name],
                "properties": {"kind": {"const": name}, name: {"type": "string"}, **more},
            }
            for name in ("card", "bank")
        ]
        return {"way": {"type": "object", "oneOf": branches}}

    contracts = family(tmp_path, ways(), ways(fee={"type": "integer"}), required=["order_id", "way"])
    earlier, *_ = readers(rehearse(contracts, "--format", "json"))
    assert earlier["sees"] == "read directly"
    assert [each["pointer"] for each in earlier["unrecognised"]] == ["/way/fee"]


LOST = {"state": {"enum": ["new", "paid", "lost"]}}
EARLIER = (("earlier package", 2), ("earlier package", 1))


def three_versions(
    folder: Path, first: Any = MappingProxyType({}), second: Any = STATES, third: Any = LOST
) -> Path:
    def add(entry: dict[str, Any]) -> None:
        entry["versions"][1] |= {"status": "superseded", "emit_from": "2026-08-01"}
        entry["versions"].append({"version": 3, "status": "current", "emit_from": "2026-09-01"})

    contracts = family(folder, first, second, add)
    payloads = contracts / "shop" / "schema" / "payloads"
    schema = json.loads((payloads / "order.placed-v2.json").read_text("utf-8").replace("v2", "v3"))
    schema["properties"] = {"order_id": {"type": "string"}, **third}
    (payloads / "order.placed-v3.json").write_text(json.dumps(schema), "utf-8")
    return contracts


@pytest.mark.parametrize(
    ("old", "new", "cutover", "sights"),
    [
        (1, 3, "2026-09-01", [*EARLIER, ("handler", 1), ("handler", 3), ("handler", 3)]),
        (3, 2, None, [("handler", 3), ("handler", 2), ("handler", 2)]),
    ],
    ids=["newest known", "way back"],
)
def test_an_earlier_package_reads_through_the_newest_version_that_it_knows(
    tmp_path: Path, old: int, new: int, cutover: str | None, sights: list[tuple[str, int]]
) -> None:
    arguments = ("--from", str(old), "--to", str(new), "--contracts", three_versions(tmp_path))
    result = run("rehearse", "order.placed", *arguments, "--format", "json")
    assert json.loads(result.out)["cutover"] == cutover
    assert [(each["reader"], each["reads_as"]) for each in readers(result)] == sights


def test_an_earlier_handler_is_met_through_the_newest_version_that_its_package_knows(tmp_path: Path) -> None:
    contracts = three_versions(tmp_path, AMOUNT, {}, {"amount": {"type": "string"}})
    arguments = ("rehearse", "order.placed", "--from", "1", "--to", "3", "--contracts", contracts)
    result = run(*arguments)
    assert result.code == 1
    assert [each["sees"] for each in readers(run(*arguments, "--format", "json"))] == [
        "read directly",
        "refused",
        "hook needed",
        "read directly",
        "hook needed",
    ]
    assert "\n2  package from before version 3, handler of version 1  version 3  refused " in result.out
    assert "\nrefused (2): such an event goes to the dead letters with the reason unknown_ver" in result.out
    assert "\n    /amount: type (/properties/amount/type of version 1), " in result.out
    assert '"sguild-codegen diff order.placed 1 3" says by which edits it breaks.' in result.out


def test_what_a_function_of_the_service_makes_is_not_rehearsed(tmp_path: Path) -> None:
    contracts = three_versions(tmp_path, AMOUNT, {"amount": {"type": "string"}}, {})
    arguments = ("--from", "1", "--to", "3", "--contracts", contracts, "--format", "json")
    found = readers(run("rehearse", "order.placed", *arguments))
    assert [each["reads_as"] for each in found if each["reader"] == "earlier package"] == [2]


def test_what_is_not_proven_may_be_refused(tmp_path: Path) -> None:
    old, new = ({"at": {"type": "string", **each}} for each in ({"maxLength": 99}, {"format": "date-time"}))
    result = rehearse(family(tmp_path, old, new))
    assert result.code == 1
    assert "not proven (1): that version 2 is read as version 1: it is not proven: " in result.out


def test_where_nobody_subscribes_nobody_refuses(tmp_path: Path) -> None:
    contracts = family(
        tmp_path, AMOUNT, {"amount": {"type": "string"}}, lambda entry: entry.update(subscribers=[])
    )
    result = rehearse(contracts)
    assert result.code == 0
    assert "Nobody subscribes to it." in result.out


def test_a_way_back_has_no_earlier_package() -> None:
    arguments = ("--from", "2", "--to", "1", "--contracts", CONTRACTS, "--format", "json")
    result = run("rehearse", "credit.released", *arguments)
    assert json.loads(result.out)["cutover"] is None
    assert [(each["reads_as"], each["meets"], each["sees"]) for each in readers(result)] == [
        (2, 1, "hook needed"),
        (1, 1, "read directly"),
        (1, 2, "adapted"),
    ]


def test_a_seed_gives_the_same_samples() -> None:
    first, again, other = (run(*RELEASED, "--seed", each) for each in ("1", "1", "2"))
    assert first.out == again.out
    assert first.out != other.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("credit.relased", "1", "2"), 'no event type "credit.relased": did you mean "credit.released"?'),
        (("credit.released", "1", "3"), "--to 3: credit.released has no version 3: choose from 1, 2."),
        (
            ("intake.captured", "1", "2"),
            "--from 1: intake.captured version 1 is withdrawn and has no schema: choose from 2.",
        ),
        (("credit.released", "2", "2"), "--from and --to are both 2: name the version before the cutover"),
    ],
)
def test_what_is_not_there_is_a_wrong_use(arguments: tuple[str, str, str], said: str) -> None:
    name, old, new = arguments
    result = run("rehearse", name, "--from", old, "--to", new, "--contracts", CONTRACTS)
    assert (result.code, result.out) == (2, "")
    assert said in result.err


@pytest.mark.parametrize(("option", "most"), [("--samples", 10_000), ("--limit", 1_000_000)])
def test_more_than_memory_holds_is_a_wrong_use(option: str, most: int) -> None:
    result = run(*RELEASED, option, str(10**9))
    assert (result.code, result.out) == (2, "")
    [error] = [each for each in result.err.splitlines() if each.startswith("Error: ")]
    assert error == f"Error: Invalid value for '{option}': Input should be less than or equal to {most}"
    assert f"x<={most}]" in " ".join(run("rehearse", "--help").out.split())


def test_a_sample_that_contradicts_the_proof_is_an_internal_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_sure(event: EventType) -> EventReading:
        found = reading(event)
        return replace(found, adapters=tuple(replace(each, gaps="") for each in found.adapters))

    monkeypatch.setattr("sguild_codegen.versions.rehearsal.reading", too_sure)
    result = rehearse(family(tmp_path, AMOUNT, {"amount": {"type": "string"}}))
    assert (result.code, result.out) == (3, "")
    assert "It is proven that readers of order.placed version 1 take every payload of version 2" in result.err
