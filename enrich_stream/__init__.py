"""enrich-stream: contact enrichment as an event-driven stream processor."""
