"""The ``enrich-stream`` command."""
