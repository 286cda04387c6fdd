"""Server-sent events out of the lines of a stream, as a browser reads them."""

import json


class EventLines:
    """Takes one line after the other; an event counts once its empty line is there."""

    def __init__(self):
        self._fields = {}

    def take(self, line):
        """The event that ``line`` completes as (name, id, data), or None."""
        if line:
            name, _, value = line.partition(":")
            self._fields[name] = value.removeprefix(" ")
            return None
        fields, self._fields = self._fields, {}
        if "event" not in fields:
            return None
        return fields["event"], fields["id"], json.loads(fields["data"])


def events_of(text):
    """All events of a stream that has ended."""
    lines = EventLines()
    return [event for line in text.split("\n") if (event := lines.take(line))]


def indexes(events):
    """Which items the events are of."""
    return [data["index"] for name, _, data in events if name == "item"]
