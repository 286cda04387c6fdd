"""How records flow into the streams, and when a worker lets go of its partitions."""

from types import SimpleNamespace

import pytest

from enrich_stream.engine import REBALANCE_SECONDS, Buffer, Engine, FlowControl
from enrich_stream.lease import Lease


def buffer(flow, *, in_recovery=False, size=2):
    app = SimpleNamespace(in_recovery=in_recovery)
    return Buffer(size, app=app, flow_control=flow, clear_on_resume=True)


def flowing():
    flow = FlowControl()
    flow.resume()
    return flow


def test_a_full_buffer_holds_nobody_up():
    """What was fetched for it is taken; from its high-water mark on no more is fetched for it."""
    stream = buffer(flowing())
    paused = []
    for record in range(5):
        assert not stream.full()
        stream.put_nowait_enhanced(
            record, on_pressure_high=lambda: paused.append(True), on_pressure_drop=print
        )

    assert stream.qsize() == 5
    assert paused


def test_while_tables_are_read_back_a_full_buffer_holds_up():
    """Nothing else is fetched then, and what is read back has no other bound."""
    stream = buffer(flowing(), in_recovery=True)
    stream.put_nowait(1)
    stream.put_nowait(2)

    assert stream.full()


def test_resuming_a_flow_that_is_under_way_loses_nothing():
    """What has been fetched would not come again."""
    flow = flowing()
    stream = buffer(flow)
    stream.put_nowait(1)

    flow.resume()

    assert stream.qsize() == 1


def test_resuming_a_suspended_flow_drops_what_came_before():
    """It is of partitions that may have moved on, and comes again to whoever has them."""
    flow = flowing()
    stream = buffer(flow)
    stream.put_nowait(1)

    flow.suspend()
    flow.resume()

    assert stream.qsize() == 0


@pytest.fixture
async def engine():
    lost = []
    engine = Engine("e", lease=Lease(10.0, on_lost=lambda: lost.append(True)), grace_seconds=20.0)
    engine.lost = lost
    engine.waited = []
    engine.stages = [stage(engine)]
    return engine


def stage(engine):
    async def hand_back(seconds):
        engine.waited.append(seconds)
        return {}

    return SimpleNamespace(hand_back=hand_back)


def consumer(generation):
    coordinator = SimpleNamespace(generation=generation)
    client = SimpleNamespace(_coordinator=coordinator)
    return SimpleNamespace(unacked=set(), _thread=SimpleNamespace(_ensure_consumer=lambda: client))


async def test_in_a_rebalance_the_others_are_not_kept_waiting(engine):
    """Nobody works meanwhile: what takes longer is let go of and comes again."""
    await engine._consumer_wait_empty(consumer(generation=5), None)

    assert engine.waited == [REBALANCE_SECONDS]
    assert engine.lost == []


async def test_at_the_end_running_work_gets_most_of_the_grace_period(engine):
    """The others have gone on already; what is left is for committing and leaving."""
    engine._stopped.set()
    await engine._consumer_wait_empty(consumer(generation=5), None)

    assert engine.waited == [15.0]


async def test_whom_the_group_has_left_behind_starts_over(engine):
    """Others have its partitions already: what it has in hand must not be written any more."""
    await engine._consumer_wait_empty(consumer(generation=-1), None)

    assert engine.lost
