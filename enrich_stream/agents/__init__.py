"""The agents, in the order a request meets them: split, enrich, settle, remember."""
