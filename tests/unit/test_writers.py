"""Who writes what: one agent for each topic of the workers, and few places for each table."""

import ast
from collections import defaultdict
from pathlib import Path

import enrich_stream

ROOT = Path(enrich_stream.__file__).parent
TABLES = {"_jobs", "_job_items", "_contacts"}


def written():
    """By module of the agents, the attributes it sends to or assigns rows of."""
    topics, tables = defaultdict(set), defaultdict(set)
    for path in sorted((ROOT / "agents").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case (
                    ast.Call(
                        func=ast.Attribute(attr="put" | "put_in"),
                        args=[ast.Attribute(attr=topic), *_],
                    )
                    | ast.Call(
                        func=ast.Attribute(attr="put" | "put_in"),
                        args=[
                            ast.Call(args=[ast.Attribute(value=ast.Attribute(attr=topic)), *_]),
                            *_,
                        ],
                    )
                ):
                    topics[topic.removeprefix("_")].add(path.stem)
                case ast.Assign(targets=[ast.Subscript(value=ast.Attribute(attr=table))]) if (
                    table in TABLES
                ):
                    tables[table].add(path.stem)
    return topics, tables


def test_a_topic_has_one_writer_and_a_table_the_writers_that_are_known():
    """Two that write the same rows or records would have to agree; one need not."""
    topics, tables = written()

    assert topics == {
        "tasks": {"split_request"},
        "results": {"enrich_identifier"},
        "contacts": {"enrich_identifier"},
        "retries": {"enrich_identifier"},
        "topic": {"dead_letters"},
    }
    assert tables == {
        "_jobs": {"split_request", "settle_job", "cancel_job"},
        "_job_items": {"settle_job"},
        "_contacts": {"recollection"},
    }
