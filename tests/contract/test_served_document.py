"""The served OpenAPI document, taken at its word: schemathesis asks everything it allows, and not.

``make contract`` does the same with more cases than there is time for in every run of the tests.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from front_door import MemoryKafka, add_key
from running_door import running_door
from samples import settled

from enrich_stream.person import Outcome

CONFIG = Path(__file__).parent / "schemathesis.toml"
EXAMPLES = int(os.environ.get("CONTRACT_EXAMPLES", "40"))
"""Cases for each operation, on top of those that follow from its schema."""

EVIDENCE = {
    "fields": {
        "contact.email": {
            "outcome": "found",
            "values": [{"value": "mira@x.example", "provider": "hunter", "verified": True}],
            "as_of": "2026-11-25T14:17:35.451Z",
        }
    },
    "trail": [{"provider": "hunter", "outcomes": {"contact.email": "found"}, "cost": 1.0}],
}


def answer(kafka, job, items):
    """Settle a job as workers do: every person found."""
    data = {"contact": {"email": ["mira@x.example"]}}
    kafka.settle(
        job,
        *(
            settled(
                item.index,
                Outcome.FOUND,
                {"identifier": item.given, "status": "success", "data": data},
                EVIDENCE,
            )
            for item in items
        ),
    )


@pytest.mark.timeout(600)
def test_every_answer_is_a_documented_one(tmp_path):
    """All checks: no 5xx, no undocumented status, type or shape, nothing without a key."""
    kafka = MemoryKafka()
    _, headers = add_key(kafka)
    kafka.on_request = lambda request: answer(kafka, request.job, request.items)
    limits = {"requests_per_minute": 0, "polls_per_minute": 0, "sync_budget_seconds": 0.5}
    with running_door(tmp_path / "door", kafka, **limits) as (host, port):
        done = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "--config-file", CONFIG, "run"),
                *(f"http://{host}:{port}/openapi.json", "--checks", "all"),
                *("--phases", "examples,coverage,fuzzing", "--max-examples", str(EXAMPLES)),
                *(part for name, value in headers.items() for part in ("-H", f"{name}: {value}")),
                *("--seed", "1", "--continue-on-failure", "--no-color"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    report = done.stdout[-8000:] + done.stderr[-2000:]
    assert done.returncode == 0, report
    (cases,) = re.findall(r"(\d+) generated", done.stdout)
    assert int(cases) >= 3 * EXAMPLES, report
