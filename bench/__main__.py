"""``make bench``: measure everything side by side and write one Markdown file.

python -m bench [--only items,posts] [--rounds 5] [--quick] [--output bench/results.md]
"""

import argparse
import logging
import tempfile
from pathlib import Path

import uvloop

from bench.run import SECTIONS, Plan, run
from bench.surroundings import surroundings
from enrich_stream.cli.running import errors_as_one_line


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", default=",".join(SECTIONS), help="of " + ", ".join(SECTIONS))
    parser.add_argument("--rounds", type=int, default=5, help="of everything, in turns")
    parser.add_argument("--quick", action="store_true", help="little of everything, to try it out")
    parser.add_argument("--output", type=Path, default=Path("bench/results.md"))
    chosen = parser.parse_args()
    unknown = set(chosen.only.split(",")) - set(SECTIONS)
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    # Clients report that a topic is not led yet; everything here waits for that anyway.
    logging.disable(logging.WARNING)
    plan = Plan(rounds=chosen.rounds, is_quick=chosen.quick)
    with (
        errors_as_one_line(),
        tempfile.TemporaryDirectory(prefix="enrich-stream-bench-") as home,
        surroundings(Path(home)) as around,
    ):
        uvloop.run(run(around, plan, chosen.only.split(","), chosen.output))


if __name__ == "__main__":
    main()
