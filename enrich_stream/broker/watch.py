"""The watcher: runs a server as long as its parent lives, and not longer.

It is a process of its own, with nothing but the standard library, started from this file. Its
standard input is a pipe from the parent: a byte is an order, and the end of the pipe means that
the parent is gone, however it died. Its one argument is a JSON object, see ``Spec``.
"""

import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from types import FrameType
from typing import TypedDict

STOP = b"s"
KILL = b"k"
PARENT_GONE = b""
CHILD_ENDED = b"e"

_LOOK_AT_PARENT_SECONDS = 1.0
_STOP_GRACE_SECONDS = 20.0
_COMMAND_TIMEOUT_SECONDS = 60.0
_PR_SET_PDEATHSIG = 1


class Spec(TypedDict):
    """What to watch.

    Attributes:
        command: The server.
        log: The file its output goes to, begun anew.
        parent: The process id of the parent.
        cleanup: Commands to run after each end of the server.
        discard: Commands that throw its data away; run when the parent is gone.
        discard_dir: A directory to remove with them, or None when data is to be kept.
    """

    command: list[str]
    log: str
    parent: int
    cleanup: list[list[str]]
    discard: list[list[str]]
    discard_dir: str | None


def main() -> int:
    """Run the server of the first argument until it ends, is told to, or has no parent."""
    spec: Spec = json.loads(sys.argv[1])
    for asked_to_end in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(asked_to_end, _exit)
    order = STOP
    child, child_ended = _start(spec)
    try:
        print(child.pid, flush=True)  # noqa: T201 - the parent reads it
        order = _next_order(child_ended, spec["parent"])
    finally:
        _end(child, order)
        run_all(spec["cleanup"])
    if order == PARENT_GONE:
        discard(spec)
    return child.returncode


def discard(spec: Spec) -> None:
    """Throw away the data of a server that has ended."""
    run_all(spec["discard"])
    if spec["discard_dir"] is not None:
        shutil.rmtree(spec["discard_dir"], ignore_errors=True)


def run_all(commands: Sequence[Sequence[str]]) -> None:
    """Run each command, whatever became of the one before."""
    for command in commands:
        try:
            subprocess.run(  # noqa: S603 - given by our own parent
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=_COMMAND_TIMEOUT_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            continue


def _start(spec: Spec) -> tuple["subprocess.Popen[bytes]", int]:
    """The server, and a descriptor that becomes readable when it has ended."""
    ended, held_by_child = os.pipe()
    with open(spec["log"], "wb") as log:  # noqa: PTH123 - pathlib would double the start time
        child = subprocess.Popen(  # noqa: S603 - given by our own parent
            spec["command"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            # A group of its own: Ctrl-C in the terminal is for the parent, which then stops us.
            start_new_session=True,
            pass_fds=(held_by_child,),
            preexec_fn=_die_with_watcher(),  # noqa: PLW1509 - one thread only
        )
    os.close(held_by_child)
    return child, ended


def _die_with_watcher() -> Callable[[], None] | None:
    """On Linux the kernel also ends the server when the watcher itself is killed."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _next_order(child_ended: int, parent: int) -> bytes:
    stdin = sys.stdin.fileno()
    while True:
        readable, _, _ = select.select([stdin, child_ended], [], [], _LOOK_AT_PARENT_SECONDS)
        if child_ended in readable:
            return CHILD_ENDED
        if stdin in readable:
            return os.read(stdin, 1)
        # The pipe stays open when another child of the parent inherited it; its id does not lie.
        if os.getppid() != parent:
            return PARENT_GONE


def _end(child: "subprocess.Popen[bytes]", order: bytes) -> None:
    if order != KILL:
        _signal_group(child, signal.SIGTERM)
        try:
            child.wait(_STOP_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        else:
            return
    _signal_group(child, signal.SIGKILL)
    child.wait()


def _signal_group(child: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    # Once waited for, the id may belong to somebody else.
    if child.poll() is None:
        os.killpg(child.pid, number)


def _exit(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
