"""The front door: HTTP in, one record per job out, answers read from a standby of the tables."""
