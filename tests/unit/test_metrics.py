"""What may be counted, and that the README says what is."""

import re
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

import api.metrics
from enrich_stream import metrics, rocks
from enrich_stream.monitoring import consumer_lag
from enrich_stream.person import Outcome

MODULES = (api.metrics, metrics, consumer_lag, rocks)
README = Path(__file__).parents[2] / "README.md"
BOUNDED_LABELS = {
    *("lane", "outcome", "status", "stage", "table", "topic", "provider", "route", "method"),
    "part",
}


def ours():
    """Every metric of ours, wherever it is declared."""
    declared = [value for module in MODULES for value in vars(module).values()]
    return [metric for metric in declared if isinstance(metric, MetricWrapperBase)]


def test_the_readme_documents_exactly_the_metrics_there_are():
    """Each metric has its row with its meaning, and no row is of one that is gone."""
    row = re.compile(r"^\| `(enrich_\w+)` \| [a-z ]+ \| ([^|]*) \| ([^|]*) \|", re.MULTILINE)
    rows = {name: (labels.strip(), text) for name, labels, text in row.findall(README.read_text())}

    assert rows == {m._name: (", ".join(m._labelnames), m._documentation) for m in ours()}


def test_no_label_can_grow_without_bound_or_name_a_person():
    """Only what is known beforehand is a label: no organisation, no job, no person."""
    assert {label for metric in ours() for label in metric._labelnames} <= BOUNDED_LABELS


@pytest.mark.parametrize(
    ("outcomes", "overall"),
    [
        ({Outcome.FOUND, Outcome.UNKNOWN, Outcome.ABSENT}, "found"),
        ({Outcome.UNKNOWN, Outcome.ABSENT}, "unknown"),
        ({Outcome.ABSENT}, "absent"),
    ],
)
def test_a_call_counts_by_the_best_that_came_of_it_and_unknown_is_never_absent(outcomes, overall):
    """One call is one count, whatever number of fields it was for."""
    before = calls("some")

    metrics.provider_asked("some", outcomes, 0.1)

    after = calls("some")
    assert {name: after[name] - before[name] for name in after} == {
        name: float(name == overall) for name in after
    }


def calls(provider):
    name = "enrich_provider_calls_total"
    return {
        outcome.value: REGISTRY.get_sample_value(name, {"provider": provider, "outcome": outcome})
        or 0.0
        for outcome in Outcome
    }
