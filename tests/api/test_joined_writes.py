"""Writes that leave together: nothing is lost, reordered, or held for longer than a turn."""

import asyncio

import pytest

from api.joined_writes import MOST_HELD_BYTES, JoinedWrites


class Client:
    """What a transport has brought to the other side."""

    def __init__(self):
        self.heard = []

    def write(self, data):
        self.heard.append(data)

    def write_eof(self):
        self.heard.append("eof")

    def close(self):
        self.heard.append("closed")


@pytest.fixture
async def said():
    client = Client()
    return JoinedWrites(client, asyncio.get_running_loop()), client.heard


async def test_head_and_body_leave_together_in_the_next_turn(said):
    """And what is said later by itself."""
    transport, heard = said
    transport.write(b"head")
    transport.write(b"body")
    await asyncio.sleep(0)
    transport.write(b"more")
    await asyncio.sleep(0)

    assert heard == [b"headbody", b"more"]


async def test_nothing_is_lost_at_the_end(said):
    """What is held leaves before the connection ends."""
    transport, heard = said
    transport.write(b"body")
    transport.write_eof()
    transport.write(b"rest")
    transport.close()

    assert heard == [b"body", "eof", b"rest", "closed"]


async def test_no_more_is_held_than_a_client_may_leave_unread(said):
    """Or whoever reads nothing would not be noticed before memory is full."""
    transport, heard = said
    transport.write(b"a" * MOST_HELD_BYTES)
    assert heard == []
    transport.write(b"b")

    assert heard == [b"a" * MOST_HELD_BYTES + b"b"]
