"""What is settled before a run sends anything: the input surveyed, the output chosen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from enrich_stream.errors import InputError
from enrich_stream.person import Field, IdentifierKind
from enrich_stream.submit.client import base_url
from enrich_stream.submit.columns import find_identifier_columns
from enrich_stream.submit.journal import RunHeader
from enrich_stream.submit.people_file import STDIN, Layout, Survey, detect_layout, survey
from enrich_stream.submit.results_file import ResultColumns, output_layout

DEFAULT_FIELDS = (Field.EMAIL, Field.PHONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What the user wants done.

    Attributes:
        source: A CSV or JSON Lines file; ``-`` for standard input.
        output: Where to write; None for ``<name>.enriched.<suffix>`` beside the input.
        url: The service.
        fields: What to ask about each person.
        columns: Which columns name a person; empty to recognise them by name.
        access_key: Sent as ``X-Access-Key`` unless empty.
        secret_key: Sent as ``X-Secret-Key`` unless empty.
        in_flight: How many batches may be with the server at once.
        patience_seconds: How long the server may serve nothing before the run gives up.
        restart: Forget an earlier run, replace its output and ask everything again.
    """

    source: Path
    output: Path | None = None
    url: str = "http://127.0.0.1:8000"
    fields: tuple[Field, ...] = DEFAULT_FIELDS
    columns: Mapping[str, IdentifierKind] = field(default_factory=dict)
    access_key: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)
    in_flight: int = 8
    patience_seconds: float = 300.0
    restart: bool = False

    @property
    def keys(self) -> dict[str, str]:
        """The headers that say who asks."""
        named = {"X-Access-Key": self.access_key, "X-Secret-Key": self.secret_key}
        return {name: key for name, key in named.items() if key}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A submission whose input has been read and found good.

    Attributes:
        given: How the input is written.
        survey: What is in it.
        identified_by: The columns that name a person, best first.
        output: Where to write.
        written: How to write it.
        columns: What stands in it.
        header: What the run is known by when it is continued.
    """

    given: Layout
    survey: Survey
    identified_by: tuple[tuple[str, IdentifierKind], ...]
    output: Path
    written: Layout
    columns: ResultColumns
    header: RunHeader

    @property
    def journal(self) -> Path:
        """Where the run notes how far it has come."""
        return self.output.with_name(self.output.name + ".journal")


async def plan_run(stream: BinaryIO, submission: Submission) -> Plan:
    """Read the whole input once and settle everything else.

    Raises:
        InputError: Anything about the input or the options is wrong; nothing was written yet.
    """
    url = base_url(submission.url)
    given = detect_layout(stream)
    output = submission.output or _default_output(submission.source, given)
    written = output_layout(output, given)
    if submission.source.exists() and output.exists() and output.samefile(submission.source):
        raise InputError("--output is the input file itself")
    surveyed = await survey(stream, given)
    identified_by = find_identifier_columns(surveyed.columns, submission.columns)
    return Plan(
        given=given,
        survey=surveyed,
        identified_by=identified_by,
        output=output,
        written=written,
        columns=ResultColumns.beside(surveyed.columns, submission.fields),
        header=RunHeader(
            input=surveyed.digest,
            fields=tuple(str(name) for name in submission.fields),
            identified_by=tuple((name, str(kind)) for name, kind in identified_by),
            url=url,
        ),
    )


def _default_output(source: Path, given: Layout) -> Path:
    if source == STDIN:
        raise InputError("with standard input, --output must say where to write")
    if given.delimiter is None:
        return source.with_name(f"{source.stem}.enriched.jsonl")
    suffix = ".tsv" if source.suffix.lower() == ".tsv" else ".csv"
    return source.with_name(f"{source.stem}.enriched{suffix}")


def parse_fields(text: str) -> tuple[Field, ...]:
    """Read the comma-separated names of ``--fields``, each once, in one order."""
    names = {name.strip() for name in text.split(",")} - {""}
    if not names or names - set(Field):
        raise InputError(f"--fields takes any of {', '.join(Field)}, parted by commas")
    return tuple(name for name in Field if name in names)
