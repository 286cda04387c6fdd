"""Short-lived commands of the machine: Java, Maven, Docker."""

import subprocess
from collections.abc import Mapping, Sequence


def run(
    command: Sequence[str], *, environ: Mapping[str, str], timeout_seconds: float
) -> "subprocess.CompletedProcess[str]":
    """Run to the end with output captured, stderr into stdout.

    Raises:
        OSError: The program cannot be started.
        subprocess.TimeoutExpired: It did not end in time; it has been killed.
    """
    return subprocess.run(  # noqa: S603 - our own commands, no shell
        list(command),
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=timeout_seconds,
        check=False,
    )


def succeeds(command: Sequence[str], *, environ: Mapping[str, str], timeout_seconds: float) -> bool:
    """Whether the command can be started and ends well in time."""
    try:
        return run(command, environ=environ, timeout_seconds=timeout_seconds).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def last_lines(text: str, count: int = 15) -> str:
    """The end of some output, as it is quoted in an error message."""
    return "\n".join(text.rstrip().splitlines()[-count:])
