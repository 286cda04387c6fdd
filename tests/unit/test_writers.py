"""Who assigns rows of the tables, and that nobody else has a turn meanwhile."""

import ast
from collections import defaultdict
from pathlib import Path

import enrich_stream

AGENTS = Path(enrich_stream.__file__).parent / "agents"
TABLES = {"_jobs", "_job_items", "_contacts"}


def rows_assigned(node):
    """The tables of which a statement assigns a row."""
    match node:
        case ast.Assign(targets=[ast.Subscript(value=ast.Attribute(attr=table))]):
            return {table} & TABLES
    return set()


def functions():
    """Of all agents, with the nodes in each."""
    for path in sorted(AGENTS.glob("*.py")):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                yield path.stem, function.name, list(ast.walk(function))


def test_the_rows_of_a_table_are_assigned_in_one_module():
    """Two that write the same rows would have to agree; a job is opened, settled or cancelled."""
    writers = defaultdict(set)
    for module, _, nodes in functions():
        for table in set().union(*map(rows_assigned, nodes)):
            writers[table].add(module)

    assert writers.keys() == TABLES
    assert writers["_jobs"] == {"split_request", "settle_job", "cancel_job"}
    assert len(writers["_job_items"]) == len(writers["_contacts"]) == 1


def test_nobody_has_a_turn_between_the_reading_of_a_row_and_its_assignment():
    """Whoever assigns one has awaited nothing before: what another has written would be lost."""
    for module, name, nodes in functions():
        assigned = [node.lineno for node in nodes if rows_assigned(node)]
        awaited = [node.lineno for node in nodes if isinstance(node, ast.Await)]
        if assigned and awaited:
            assert max(assigned) < min(awaited), f"{module}.{name}"
