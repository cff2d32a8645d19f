import copy
import pickle
from uuid import UUID

import pytest
from pydantic import BaseModel, ValidationError

from sample_contracts import CreditAccountId, LessonId, PersonId
from sguild_dispatcher.errors import InvalidIdError
from sguild_dispatcher.fields import PrefixedId

TEXT = "per_01890a5d-ac96-774b-bcce-b302099a8057"


class Member(BaseModel):
    person_id: PersonId


def test_minted_ids_sort_by_age_and_show_their_kind() -> None:
    ids = [PersonId.mint() for _ in range(100)]
    assert sorted(set(ids)) == ids
    assert str(ids[0]).startswith("per_")
    assert ids[0].uuid.version == 7


def test_an_id_is_its_text() -> None:
    person = PersonId.parse(TEXT)
    assert person == TEXT
    assert hash(person) == hash(TEXT)
    assert f"{person}" == TEXT
    assert repr(person) == f"PersonId({TEXT!r})"
    assert person.uuid == UUID(TEXT.removeprefix("per_"))


def test_a_prefix_may_have_an_underscore() -> None:
    account = CreditAccountId.mint()
    assert account == f"crd_acct_{account.uuid}"


@pytest.mark.parametrize("make", [copy.copy, copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])  # noqa: S301
def test_copies_keep_the_type(make: object) -> None:
    assert callable(make)
    copied = make(PersonId(TEXT))
    assert (type(copied), copied) == (PersonId, TEXT)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "per_",
        TEXT.upper(),
        TEXT + "\n",
        " " + TEXT,
        TEXT.replace("-774b", "-474b"),
        TEXT.replace("-bcce", "-7cce"),
        TEXT.replace("per_", "les_"),
        TEXT.replace("0189", "\u0660189"),
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(InvalidIdError, match="PersonId must be per_ followed by a UUID of version 7"):
        PersonId(text)
    with pytest.raises(ValidationError):
        Member.model_validate({"person_id": text})


def test_another_kind_is_named_but_not_the_id() -> None:
    lesson = LessonId.mint()
    with pytest.raises(InvalidIdError, match="not an id that begins with les_") as caught:
        PersonId(lesson)
    assert str(lesson.uuid) not in str(caught.value)


@pytest.mark.parametrize("value", [5, None, b"per_"])
def test_what_is_no_text_is_refused(value: object) -> None:
    with pytest.raises(InvalidIdError):
        PersonId(value)  # type: ignore[arg-type]


def test_a_model_gives_the_type_from_json_and_from_python() -> None:
    from_json = Member.model_validate_json(f'{{"person_id":"{TEXT}"}}')
    from_text = Member.model_validate({"person_id": TEXT})
    from_id = Member(person_id=PersonId(TEXT))
    assert {type(each.person_id) for each in (from_json, from_text, from_id)} == {PersonId}
    assert from_id.model_dump_json() == f'{{"person_id":"{TEXT}"}}'


def test_a_model_refuses_another_kind_at_run_time() -> None:
    with pytest.raises(ValidationError, match="must be per_ followed by"):
        Member(person_id=LessonId.mint())  # type: ignore[arg-type]


def test_a_bad_prefix_is_a_mistake_in_the_class() -> None:
    with pytest.raises(ValueError, match="'Per' is no id prefix"):
        type("Wrong", (PrefixedId,), {}, prefix="Per")


def test_the_base_has_no_ids() -> None:
    with pytest.raises(InvalidIdError):
        PrefixedId(TEXT)


def test_json_schema_has_the_pattern() -> None:
    schema = Member.model_json_schema()["properties"]["person_id"]
    assert schema["pattern"].startswith("^per_[0-9a-f]{8}-")
