"""Sources of contact data: one module each, one interface for all."""
