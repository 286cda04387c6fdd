"""What a job's options change: who is asked, and which earlier answers stand for asking."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from enrich_stream.person import Field, Outcome
from enrich_stream.providers.base import Provider
from enrich_stream.records import FieldResult, Job

EVIDENCE = "evidence"
"""In ``include``: where the values are from, and who was asked."""


def chosen(providers: Sequence[Provider], names: Sequence[str]) -> Sequence[Provider]:
    """The providers that may be asked, in the caller's order; all of them when it names none."""
    if not names:
        return providers
    by_name = {provider.name: provider for provider in providers}
    return [by_name[name] for name in names if name in by_name]


def still_answering(results: Mapping[Field, FieldResult], job: Job) -> Mapping[Field, FieldResult]:
    """Those of the earlier results that answer this job."""
    return {
        name: result
        for name, result in results.items()
        if is_young_enough(result, job) and _is_from_chosen(result, job.options.providers)
    }


def is_young_enough(result: FieldResult, job: Job) -> bool:
    """Whether the job's ``max_age_seconds`` allows an answer of that age.

    The age is measured when the job is accepted: what was found out after that is never too old,
    so neither a repeat in the batch nor a restart of a worker asks twice.
    """
    if job.options.max_age_seconds is None:
        return True
    age = datetime.fromisoformat(job.accepted_at) - datetime.fromisoformat(result.as_of)
    return age <= timedelta(seconds=job.options.max_age_seconds)


def ask_alike(one: Job, other: Job) -> bool:
    """Whether two jobs put the same question to the same providers, but for the fields."""
    return (
        one.signals_config == other.signals_config
        and one.options.providers == other.options.providers
    )


def _is_from_chosen(result: FieldResult, names: Sequence[str]) -> bool:
    # That somebody else said no does not mean that the chosen ones were asked.
    if not names:
        return True
    return result.outcome is Outcome.FOUND and all(v.provider in names for v in result.values)
