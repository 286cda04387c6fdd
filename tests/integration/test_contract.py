"""The suite of the public contract, against the real service."""

import os
import subprocess
import sys
from pathlib import Path

SUITE = Path(__file__).parents[1] / "contract"


def test_the_service_keeps_the_public_contract(service):
    """Every row of the contract, over HTTP, with the limits that it has by default."""
    service.stack.environ |= {
        "ENRICH_REQUESTS_PER_MINUTE": "600",
        "ENRICH_POLLS_PER_MINUTE": "300",
    }
    service.workers(1)
    door = service.front_door()

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *sorted(SUITE.glob("test_contract_*.py"))],
        env=os.environ
        | {
            "CONTRACT_URL": str(door.http.base_url),
            "CONTRACT_KNOWN": "in/person-1",
            "ENRICH_ACCESS_KEY": service.headers["X-Access-Key"],
            "ENRICH_SECRET_KEY": service.headers["X-Secret-Key"],
        },
        cwd=SUITE.parents[1],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-8000:]
