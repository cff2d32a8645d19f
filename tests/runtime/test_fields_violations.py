import pytest
from pydantic import ValidationError

from sample_contracts import CreditAccountId, CreditReleasedV2, Event, LeadCreatedV1, LeadId, PersonId
from sguild_dispatcher.fields import IntegerRule, NumberRule, StringRule, problems
from sguild_dispatcher.fields.equality import json_key

SECRET = "jane.doe@example.org"  # noqa: S105 - stands for personal data


def complaints(model: type[LeadCreatedV1 | CreditReleasedV2], **values: object) -> tuple[str, ...]:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(values)
    assert SECRET not in str(caught.value)
    return problems(caught.value)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (StringRule(), "must be a string"),
        (StringRule(min_length=1, max_length=200), "must be a string of 1 to 200 characters"),
        (StringRule(min_length=1), "must be a string of at least 1 character"),
        (
            StringRule(max_length=5, format="uri"),
            "must be a string of at most 5 characters in the format uri",
        ),
        (StringRule(min_length=3, max_length=3), "must be a string of 3 characters"),
        (StringRule(pattern="^[A-Z]{3}$"), "must be a string that matches ^[A-Z]{3}$"),
        (IntegerRule(), "must be an integer"),
        (IntegerRule(minimum=1, maximum=5), "must be an integer of at least 1 and of at most 5"),
        (NumberRule(exclusive_minimum=0, multiple_of=0.01), "must be a number above 0 and divisible by 0.01"),
    ],
)
def test_a_rule_in_words(rule: StringRule | IntegerRule | NumberRule, words: str) -> None:
    assert rule.expectation() == words


def test_every_problem_names_the_field_and_the_rule() -> None:
    found = complaints(
        LeadCreatedV1,
        lead_id=SECRET,
        **{"class": ""},
        tags=["a", "a"],
        attributes={"A": "x", "b": 1},
        other=SECRET,
    )
    assert found == (
        "/lead_id: must be lead_ followed by a UUID of version 7 in lower case",
        "/class: must be a string of 1 to 200 characters",
        "/tags: must be an array of 1 to 5 items, all different",
        "/attributes/A: its name must be a string that matches ^[a-z]+$",
        "/attributes/b: must be a string",
        "/other: is not a known field",
    )


def test_rules_about_counts() -> None:
    lead = str(LeadId.mint())
    too_many = dict.fromkeys("abcd", "x")
    assert complaints(LeadCreatedV1, lead_id=lead, tags=[], attributes=too_many) == (
        "/tags: must be an array of 1 to 5 items, all different",
        "/attributes: must be an object of at most 3 properties",
    )
    assert complaints(LeadCreatedV1, lead_id=lead, tags=5, attributes=[]) == (
        "/tags: must be an array",
        "/attributes: must be an object",
    )


def test_a_rule_about_several_fields_names_one() -> None:
    ids = {"credit_account_id": CreditAccountId.mint(), "person_id": PersonId.mint()}
    assert complaints(CreditReleasedV2, **ids, automatic=True) == (
        "/reason: is required when automatic is true",
    )
    with pytest.raises(ValidationError) as caught:
        Event[CreditReleasedV2].model_validate({"payload": {**ids, "automatic": True}, "producer": SECRET})
    assert "/payload/reason: is required when automatic is true" in problems(caught.value)
    assert "/event_id: is required" in problems(caught.value)
    assert SECRET not in "".join(problems(caught.value))


def test_what_is_no_json_is_located_without_its_text() -> None:
    with pytest.raises(ValidationError) as caught:
        LeadCreatedV1.model_validate_json(f'{{"lead_id": {SECRET}')
    (line,) = problems(caught.value)
    assert line.startswith("/: is not JSON: ")
    assert SECRET not in line


def test_pointers_are_escaped_and_long_names_cut() -> None:
    found = complaints(LeadCreatedV1, lead_id=str(LeadId.mint()), **{"a/b~c": 1, "x" * 100: 1})
    assert found == ("/a~1b~0c: is not a known field", f"/{'x' * 64}...: is not a known field")


def test_only_json_values_have_a_key() -> None:
    assert json_key({"a": [1, None]}) == json_key({"a": (1.0, None)})
    assert json_key(LeadCreatedV1(lead_id=LeadId.mint())) != json_key(LeadCreatedV1(lead_id=LeadId.mint()))
    assert json_key(2**53) == json_key(2.0**53)
    assert json_key(2**63) != json_key(float(2**63)), "the float is written as 9.223372036854776e+18"
    with pytest.raises(TypeError, match="complex is not a JSON value"):
        json_key(1j)
