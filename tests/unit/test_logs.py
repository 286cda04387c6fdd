"""What gets into the log."""

import logging

from enrich_stream.logs import SeldomRepeated


def line(message, created, logger="aiokafka.client"):
    record = logging.LogRecord(logger, logging.ERROR, __file__, 1, message, (), None)
    record.created = created
    return record


def test_while_kafka_is_away_its_client_says_so_every_few_seconds():
    """Not a hundred times a second; anything else it says is written at once."""
    damper = SeldomRepeated()
    times = [0.01 * n for n in range(1_000)]

    written = [at for at in times if damper.filter(line("Unable to connect to %s", at))]

    assert len(written) == 2
    assert damper.filter(line("Something else", 0.0))


def test_what_others_say_is_written_always():
    """Our own lines are told from each other by their fields."""
    damper = SeldomRepeated()
    assert all(damper.filter(line("job.completed", 0.0, "enrich_stream.job")) for _ in range(3))
