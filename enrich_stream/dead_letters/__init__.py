"""Records that could not be handled: how they are put aside, looked at and sent back."""
