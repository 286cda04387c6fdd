"""What operators see of a running process: metrics, and whether it can do its work."""
