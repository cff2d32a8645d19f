"""What the official test suite of JSON Schema says about generated models."""

from collections import Counter

import pytest
from suite import SUITE, groups, outcomes

pytestmark = pytest.mark.skipif(not SUITE.is_dir(), reason="../shared/json-schema-suite is not here")


def test_no_model_is_wrong_and_few_schemas_are_refused() -> None:
    found = [each for group in groups() for each in outcomes(group)]
    counts = Counter(each.kind for each in found)
    assert [each for each in found if each.kind not in ("agree", "refused by name")] == []
    assert counts["refused by name"] <= len(found) / 10
    assert counts["agree"] > 1_000


def test_no_format_is_refused() -> None:
    kinds = {each.kind for group in groups() if group.asserts_formats for each in outcomes(group)}
    assert kinds <= {"agree", "refused by name"}
