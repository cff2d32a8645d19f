"""What a tolerant reader takes in the branches of unions: everything but the tag that tells them apart."""

import importlib
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from command_kit import run

from families_kit import BRANCHES, installed, write_families
from laws_kit import Service, drawn
from sguild_codegen.compat.tolerance import tolerant
from sguild_dispatcher.models import Envelope
from sguild_dispatcher.reading import Refusal

CARD = {"kind": "card", "n": "new"}
CASH = {"kind": "cash", "n": "c", "m": 1}
N = {"/by/n"}
TAKEN: list[tuple[str, Any, set[str]]] = [
    *((f"branches.{name}", CARD, N) for name in ("referred", "mixed", "described", "behind", "chained")),
    *((f"branches.{name}", CARD, N) for name in ("orabsent", "ornull", "elsewhere", "constant", "any")),
    *((f"branches.{name}", CARD, N) for name in ("listed", "listedelsewhere", "anylisted", "anyreferred")),
    *((f"branches.{name}", None, set[str]()) for name in ("orabsent", "ornull", "anyreferred", "textornull")),
    ("branches.referred", {**CASH, "more": 1}, {"/by/more"}),
    ("branches.items", [CARD, CASH], {"/by/0/n"}),
    ("branches.numbered", {"kind": 1, "n": "b"}, N),
    (
        "branches.tree",
        {"kind": "and", "n": "a", "of": [{"kind": "and", "n": "new", "of": [], "more": 1}]},
        {"/by/of/0/n", "/by/of/0/more"},
    ),
    ("branches.textornull", "new", {"/by"}),
    ("branches.textor", "new", {"/by"}),
    ("branches.referredornull", {"n": "new"}, N),
    ("branches.types", ["new"], {"/by/0"}),
    ("branches.types", "new", {"/by"}),
]
REFUSED: list[tuple[str, Any]] = [
    *((name, {"kind": "new", "n": "a"}) for name in BRANCHES if name != "branches.referredornull"),
    *((name, {"n": "a"}) for name in BRANCHES if name != "branches.referredornull"),
    ("branches.items", [{"kind": "new"}]),
    ("branches.tree", {"kind": "and", "n": "a", "of": [{"kind": "new"}]}),
    ("branches.numbered", {"kind": 3, "n": "a"}),
    ("branches.overlapping", "b"),
    ("branches.overlapping", "new"),
]


@pytest.fixture(scope="module")
def families(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("branches")
    with installed(folder, write_families(folder, BRANCHES), "branch_contracts") as module:
        yield Service.of(module.registry, importlib.import_module("branch_contracts.schemas"))


def read(families: Service, name: str, by: Any) -> Any:
    event = families.registry.event_type(name)
    document = {"order_id": drawn(families.maker(event, 1), 1, name)[0]["order_id"], "by": by}
    found = families.read(event, 1, document)
    assert families.tolerates(event, 1, document) == isinstance(found, Envelope)
    return found


@pytest.mark.parametrize(("name", "by", "told"), TAKEN)
def test_a_branch_is_read_with_what_it_does_not_know(
    families: Service, name: str, by: Any, told: set[str]
) -> None:
    event = read(families, name, by)
    assert isinstance(event, Envelope)
    assert {each.removeprefix("/payload") for each in event.unrecognised} == told


@pytest.mark.parametrize(("name", "by"), REFUSED)
def test_what_no_branch_takes_is_refused(families: Service, name: str, by: Any) -> None:
    found = read(families, name, by)
    assert isinstance(found, Refusal)
    assert found.reason == "invalid_payload"


def test_contracts_with_recursive_branches_are_compared(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("compared")
    tree = {"branches.tree": [*BRANCHES["branches.tree"], *BRANCHES["branches.tree"]]}
    contracts = write_families(folder, tree)
    paths = [contracts / f"shop/schema/payloads/branches.tree-v{version}.json" for version in (1, 2)]
    done = run("diff", *paths)
    assert done.code == 0, done.out + done.err
    assert "undecided" not in done.out


def test_the_root_as_a_branch_keeps_its_tag() -> None:
    other = {"type": "object", "required": ["k"], "properties": {"k": {"enum": ["b"]}}}
    root = {
        "type": "object",
        "required": ["k"],
        "properties": {
            "k": {"enum": ["a"]},
            "e": {"enum": ["x"]},
            "in": {"oneOf": [{"$ref": "#"}, other]},
        },
    }
    opened = jsonschema_rs.Draft202012Validator(tolerant(root, ["e"]))
    assert opened.is_valid({"k": "new", "in": {"k": "a", "in": {"k": "b"}}})
    assert not opened.is_valid({"k": "a", "in": {"k": "new"}})
    assert not opened.is_valid({"k": "a", "in": {"k": "a", "e": "new"}})
