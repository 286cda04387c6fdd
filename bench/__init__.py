"""What enrich-stream costs, beside the limit and beside what people would use instead."""
