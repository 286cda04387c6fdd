"""One run of ``enrich-stream submit``: a file of people in, the same file enriched out.

Batches are asked about side by side and written in the order of the input. What the journal
holds is never asked again: a batch the server has accepted is polled by its job, and one that
was on its way when the run died is repeated under the same key.
"""

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from typing import BinaryIO

import msgspec

from enrich_stream.errors import InputError, UnavailableError
from enrich_stream.submit.answers import RowResult, RowStatus, invalid, read_operation
from enrich_stream.submit.batches import (
    Batch,
    cut,
    fault_of,
    idempotency_key,
    identifiers_of,
    request_body,
)
from enrich_stream.submit.client import Accepted, EnrichmentClient
from enrich_stream.submit.journal import (
    AcceptedBatch,
    Journal,
    RunHeader,
    WrittenBatch,
    differences,
)
from enrich_stream.submit.patience import Patience
from enrich_stream.submit.people_file import open_people, read_people
from enrich_stream.submit.plan import Plan, Submission, plan_run
from enrich_stream.submit.progress import ProgressMeter, Summary, Watch
from enrich_stream.submit.results_file import ResultsFile

# Answers that wait for an earlier batch to be written; a slow batch stops the rest only then.
_WAITING_PER_SLOT = 3
_ROUNDS_FOR_A_LOST_JOB = 3
_SKIPPED_PER_TURN = 50


async def submit_file(submission: Submission, watch: Watch = lambda _: None) -> Summary:
    """Enrich a file of people, or go on with it where an earlier run stopped.

    Args:
        submission: What is wanted.
        watch: Called with the progress whenever it changes.

    Raises:
        InputError: The file, an option or the state of an earlier run is not as it must be.
        SetupError: The server wants other keys, or is not this service.
        UnavailableError: The server could not be reached for too long.
    """
    with open_people(submission.source) as stream:
        return await submit_people(stream, submission, watch)


async def submit_people(stream: BinaryIO, submission: Submission, watch: Watch) -> Summary:
    """The same for a file that is open already."""
    started = time.monotonic()
    plan = await plan_run(stream, submission)
    with ExitStack() as files:
        journal = files.enter_context(_open_journal(plan))
        header = _begin_or_resume(journal, plan, restart=submission.restart)
        results = files.enter_context(
            ResultsFile(plan.output, plan.written, plan.columns, journal.written_bytes)
        )
        before = journal.counts.total()
        meter = ProgressMeter(watch)
        meter.begin(plan.survey.rows, before)
        patience = Patience(submission.patience_seconds, meter.note)
        async with EnrichmentClient(submission.url, submission.keys, patience) as client:
            run = _Run(
                submission,
                client=client,
                journal=journal,
                results=results,
                meter=meter,
                salt=header.salt,
            )
            await run.settle_all(cut(read_people(stream, plan.given, plan.identified_by)))
        results.flush()
        journal.remove()
    return Summary(
        counts={status: journal.counts[status] for status in RowStatus},
        fresh_rows=journal.counts.total() - before,
        seconds=time.monotonic() - started,
        output=plan.output,
    )


def _open_journal(plan: Plan) -> Journal:
    try:
        return Journal(plan.journal)
    except OSError as error:
        raise InputError(f"{plan.journal}: {error.strerror}") from None


def _begin_or_resume(journal: Journal, plan: Plan, *, restart: bool) -> RunHeader:
    if restart:
        # A new salt: the server is to ask again, not to repeat what it answered before.
        header = msgspec.structs.replace(plan.header, salt=secrets.token_hex(8))
        journal.begin(header)
        return header
    earlier = journal.resume()
    if earlier is None:
        return _begin(journal, plan)
    changed = differences(earlier, plan.header)
    if changed and journal.has_batches:
        raise InputError(
            f"an unfinished run into {plan.output} was started with another "
            f"{' and '.join(changed)}; run it as before, or --restart to start over"
        )
    if changed:
        # Nothing came of that run, as with a mistyped address: there is nothing to mix up.
        journal.begin(msgspec.structs.replace(plan.header, salt=earlier.salt))
    return earlier


def _begin(journal: Journal, plan: Plan) -> RunHeader:
    if plan.output.exists():
        journal.remove()
        raise InputError(
            f"{plan.output} exists already; --restart asks everything again and replaces it"
        )
    journal.begin(plan.header)
    return plan.header


class _Run:
    """The batches of one run on their way through the server."""

    def __init__(
        self,
        submission: Submission,
        *,
        client: EnrichmentClient,
        journal: Journal,
        results: ResultsFile,
        meter: ProgressMeter,
        salt: str,
    ) -> None:
        self._fields = submission.fields
        self._client = client
        self._journal = journal
        self._results = results
        self._meter = meter
        self._salt = salt
        self._slots = asyncio.Semaphore(submission.in_flight)
        self._most_held = submission.in_flight * (1 + _WAITING_PER_SLOT)

    async def settle_all(self, batches: Iterator[Batch]) -> None:
        """Settle and write every batch that is not written yet."""
        try:
            async with asyncio.TaskGroup() as group:
                await self._settle_in_order(batches, group)
        except BaseExceptionGroup as failures:
            # One failure ends the run; the others are the same or follow from it.
            raise failures.exceptions[0] from None

    async def _settle_in_order(self, batches: Iterator[Batch], group: asyncio.TaskGroup) -> None:
        held: deque[tuple[Batch, asyncio.Task[list[RowResult]]]] = deque()
        for batch in batches:
            if batch.index < self._journal.written_batches:
                if batch.index % _SKIPPED_PER_TURN == 0:
                    await asyncio.sleep(0)
                continue
            if len(held) == self._most_held:
                await self._write(*held.popleft())
            held.append((batch, group.create_task(self._settle(batch))))
        while held:
            await self._write(*held.popleft())

    async def _write(self, batch: Batch, settling: asyncio.Task[list[RowResult]]) -> None:
        results = await settling
        size = self._results.append(batch.rows, results)
        counts: dict[str, int] = {}
        for result in results:
            counts[result.status] = counts.get(result.status, 0) + 1
        self._journal.write(WrittenBatch(batch=batch.index, size=size, counts=counts))
        self._meter.written(batch.index, len(batch.rows))

    async def _settle(self, batch: Batch) -> list[RowResult]:
        async with self._slots:
            accepted = self._journal.accepted.get(batch.index)
            for _ in range(_ROUNDS_FOR_A_LOST_JOB):
                # The same key each time: a job that is there after all is only found again.
                accepted = accepted or await self._offer(batch)
                results = await self._results_of(batch, accepted)
                if results is not None:
                    self._meter.report(batch.index, len(batch.rows))
                    return results
                accepted = None
            raise UnavailableError("the server accepts a batch and then does not know it")

    async def _offer(self, batch: Batch) -> AcceptedBatch:
        """Have the server take what it can of a batch."""
        faults = {n: why for n, row in enumerate(batch.rows) if (why := fault_of(row))}
        job_id = ""
        while not job_id and len(faults) < len(batch.rows):
            sent = [n for n in range(len(batch.rows)) if n not in faults]
            body = request_body([batch.rows[n] for n in sent], self._fields)
            answer = await self._client.submit(body, idempotency_key(body, self._salt))
            if isinstance(answer, Accepted):
                job_id = answer.job_id
            elif all(position < len(sent) for position in answer.faults):
                faults |= {sent[position]: why for position, why in answer.faults.items()}
            else:
                raise InputError("the server refuses rows that were not sent; is --url right?")
        accepted = AcceptedBatch(batch=batch.index, job_id=job_id, faults=faults)
        self._journal.accept(accepted)
        return accepted

    async def _results_of(self, batch: Batch, accepted: AcceptedBatch) -> list[RowResult] | None:
        """Every row's result; None when the server no longer knows the job."""
        faults = accepted.faults
        sent = [row for position, row in enumerate(batch.rows) if position not in faults]
        answers: Iterator[RowResult] = iter(())
        if accepted.job_id:
            operation = await self._client.outcome(
                accepted.job_id,
                lambda percent: self._meter.report(batch.index, len(sent) * percent / 100),
            )
            if operation is None:
                return None
            answers = iter(read_operation(operation, identifiers_of(sent), self._fields))
        return [
            invalid(faults[position]) if position in faults else next(answers)
            for position in range(len(batch.rows))
        ]
