"""What a run was made on: figures are of one machine in one hour."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from enrich_stream.broker.jars import kafka_version

_PACKAGES = (
    *("aiokafka", "faust-streaming", "rocksdict", "starlette", "uvicorn", "aiohttp", "msgspec"),
    *("faststream", "celery", "arq", "redis"),
)


def machine() -> str:
    """One paragraph: machine, load before the run, versions."""
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    load = ", ".join(f"{number:.1f}" for number in os.getloadavg())
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {os.cpu_count()} processors ({_processor()}),"
        f" {_memory_gib():.0f} GiB; load averages before the run {load}; {platform.system()}"
        f" {platform.release()}, Python {platform.python_version()}, Apache Kafka"
        f" {kafka_version()}; {packages}."
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory_gib() -> float:
    pages: int = os.sysconf("SC_PHYS_PAGES")
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**30
