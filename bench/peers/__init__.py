"""The contenders: each takes batches of persons and makes every item's result readable by id."""
