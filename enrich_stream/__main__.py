"""``python -m enrich_stream``: the same as the ``enrich-stream`` command."""

from enrich_stream.cli import app

app()
