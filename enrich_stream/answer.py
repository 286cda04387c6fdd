"""What the HTTP contract shows of an enriched person: plain values, verified ones only."""

from collections.abc import Mapping
from typing import Any

from enrich_stream.enrichment import Enriched
from enrich_stream.person import Field, Outcome
from enrich_stream.records import FieldResult
from enrich_stream.replies import NOBODY_TO_ASK


def item_answer(given: Mapping[str, str], enriched: Enriched) -> dict[str, Any]:
    """One entry of ``result.items``.

    A field of which nobody could be asked is left out of ``data``, so that an outage never reads
    as "has none"; ``error`` then names it, also beside values that were found.
    """
    unknown = [name for name, r in enriched.fields.items() if r.outcome is Outcome.UNKNOWN]
    answer: dict[str, Any] = {"identifier": dict(given), "status": "failed"}
    if enriched.outcome is Outcome.FOUND:
        answer |= {"status": "success", "data": _data(enriched)}
    elif enriched.outcome is Outcome.ABSENT:
        answer["error"] = {"message": "No matching person was found.", "retryable": False}
    if unknown:
        answer["error"] = _unknown_error(unknown, enriched)
    return answer


def _data(enriched: Enriched) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for name, result in enriched.fields.items():
        if result.outcome is Outcome.UNKNOWN:
            continue
        section, _, member = name.partition(".")
        if member:
            data.setdefault(section, {})[member] = _verified(result)
        else:
            data[section] = next(iter(_verified(result)), {})
    return data


def _verified(result: FieldResult) -> list[Any]:
    values = [evidence.value for evidence in result.values if evidence.verified]
    # Two providers may give the same value; values may be objects, which no set can hold.
    return [value for place, value in enumerate(values) if value not in values[:place]]


def _unknown_error(unknown: list[Field], enriched: Enriched) -> dict[str, Any]:
    reasons = {name: enriched.fields[name].reason for name in unknown}
    listed = ", ".join(f"{name} ({reason})" for name, reason in reasons.items())
    return {
        "message": f"Could not be determined: {listed}.",
        "retryable": any(reason != NOBODY_TO_ASK for reason in reasons.values()),
    }
