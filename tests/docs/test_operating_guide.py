"""docs/operating.md names each metric and attribute that there is, and its alarms ask for no other."""

import re
from typing import Any

import pytest
import yaml
from command_kit import ROOT
from prometheus_client import CollectorRegistry

from sguild_dispatcher.telemetry import names
from sguild_dispatcher.telemetry.prometheus import Prometheus

GUIDE = (ROOT / "docs" / "operating.md").read_text("utf-8")
SCRAPING, RULES = [yaml.safe_load(each) for each in re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)]
ALARMS: list[dict[str, Any]] = [rule for group in RULES["groups"] for rule in group["rules"]]
CONVENTIONS = {
    value
    for name, value in vars(names).items()
    if name.isupper() and re.match(r"(messaging|sguild_dispatcher|error)\.", str(value))
}


@pytest.fixture
def series() -> dict[str, set[str]]:
    """The labels of each series, by its name."""
    registry = CollectorRegistry()
    Prometheus(registry)
    collectors: dict[Any, list[str]] = registry._collector_to_names
    return {name: set(each._labelnames) for each, found in collectors.items() for name in found}


def test_the_metrics_of_prometheus_are_told_with_their_labels(series: dict[str, set[str]]) -> None:
    found = re.findall(r"`(sguild_dispatcher_\w+)\{([^}]*)\}`", GUIDE)
    told = {name: set(labels.split(",")) for name, labels in found}
    assert told == {each: series[each] for each in told}
    assert {_metric(each) for each in told} == {_metric(each) for each in series}


def _metric(name: str) -> str:
    return re.sub(r"_(total|created|bucket|sum|count)$", "", name)


def test_the_names_of_opentelemetry_are_told() -> None:
    assert [each for each in sorted(CONVENTIONS) if f"`{each}`" not in GUIDE] == []


@pytest.mark.parametrize("rule", ALARMS, ids=[each["alert"] for each in ALARMS])
def test_an_alarm_asks_for_what_there_is(rule: dict[str, Any], series: dict[str, set[str]]) -> None:
    used = re.findall(r"(sguild_dispatcher_\w+)(?:\{(\w+)!?=)?", rule["expr"])
    assert used
    for name, label in used:
        assert name in series
        assert not label or label in series[name]
    for by in re.findall(r"by \(([^)]*)\)", rule["expr"]):
        assert set(by.split(", ")) <= {"le", *series[used[0][0]]}
