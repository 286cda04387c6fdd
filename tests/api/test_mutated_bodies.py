"""Ten thousand bodies that no honest client sends: each is accepted or refused, and none hurts."""

import resource
from collections import Counter
from pathlib import Path

import pytest
from front_door import MemoryKafka, front_door
from mutated_bodies import mutated_bodies

BODIES = 10_000
MEBIBYTE_PAGES = 1024 * 1024 // resource.getpagesize()


def resident_mebibytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) / MEBIBYTE_PAGES


@pytest.mark.timeout(300)
async def test_no_body_is_an_error_of_ours_and_memory_stays_flat(tmp_path):
    """Deep, huge, broken or doubled: 202, or a 4xx in the one shape."""
    bodies, seen, memory = mutated_bodies(BODIES), Counter(), []
    async with front_door(tmp_path, MemoryKafka(), sync_budget_seconds=0.0) as http:
        for body in bodies:
            response = await http.post("/api/enrichments", content=body)
            assert response.status_code < 500, body[:300]
            if response.status_code >= 400:
                answer = response.json()
                assert answer["statusCode"] == response.status_code
                assert answer.keys() >= {"error", "message", "path", "requestId", "timestamp"}
            seen[response.status_code] += 1
            memory.append(resident_mebibytes())

    assert len(bodies) == BODIES
    assert seen[202] > BODIES / 50
    assert seen[400] > BODIES / 2
    # What was accepted stays in the lists that stand for Kafka.
    assert memory[-1] - memory[BODIES // 10] < 32, memory[:: BODIES // 10]
