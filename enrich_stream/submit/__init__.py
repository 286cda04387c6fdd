"""Submitting a file of people over HTTP and writing it back enriched."""

from enrich_stream.submit.plan import Submission, parse_fields
from enrich_stream.submit.progress import Progress, Summary
from enrich_stream.submit.submission import submit_file, submit_people

__all__ = ["Progress", "Submission", "Summary", "parse_fields", "submit_file", "submit_people"]
