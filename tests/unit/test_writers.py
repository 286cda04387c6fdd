"""Who writes what: one agent for each topic of the workers, and few places for each table."""

import ast
from collections import defaultdict
from pathlib import Path

import enrich_stream

ROOT = Path(enrich_stream.__file__).parent
SENDS = {"send", "send_soon"}
TABLES = {"_jobs", "_job_items", "_contacts"}


def written():
    """By module of the agents, the attributes it sends to or assigns rows of."""
    topics, tables = defaultdict(set), defaultdict(set)
    for path in sorted((ROOT / "agents").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Attribute(attr=topic), attr=call)) if (
                    call in SENDS
                ):
                    topics[topic].add(path.stem)
                case ast.Assign(targets=[ast.Subscript(value=ast.Attribute(attr=table))]) if (
                    table in TABLES
                ):
                    tables[table].add(path.stem)
    return topics, tables


def test_a_topic_has_one_writer_and_a_table_the_writers_that_are_known():
    """Two that write the same rows or records would have to agree; one need not."""
    topics, tables = written()

    assert topics == {
        "_tasks": {"split_request"},
        "_results": {"enrich_identifier"},
        "_contacts": {"enrich_identifier"},
        "_retries": {"enrich_identifier"},
        "_topic": {"dead_letters"},
    }
    assert tables == {
        "_jobs": {"split_request", "settle_job", "cancel_job"},
        "_job_items": {"settle_job"},
        "_contacts": {"remember_contact"},
    }
