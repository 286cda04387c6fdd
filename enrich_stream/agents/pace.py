"""How much is done at once, and for how long: the lanes by which persons are looked up."""

from dataclasses import dataclass, replace
from typing import Self

from enrich_stream.memory import MaxAge
from enrich_stream.settings import Settings

_ANSWER_SECONDS = 1.0
"""What is left of a caller's patience for an answer to get there."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The pace of one lane.

    Attributes:
        task_concurrency: Task records in hand at once.
        item_concurrency: Persons looked up at once by this worker.
        item_deadline_seconds: How long one person may take.
        in_place_seconds: How long one who is not put back may wait where it is for who is busy.
        result_window_seconds: Persons of a task settled within this share a result record.
        job_deadline_seconds: How long one may be put back, from when it is first looked up.
        somebody_waits: Whether a part of the answer at once is better than all of it later.
        max_age: How long an earlier answer stands for asking again.
    """

    task_concurrency: int
    item_concurrency: int
    item_deadline_seconds: float
    in_place_seconds: float
    result_window_seconds: float
    job_deadline_seconds: float
    somebody_waits: bool
    max_age: MaxAge

    @classmethod
    def of_batches(cls, settings: Settings) -> Self:
        """The pace of the lane of batches."""
        return cls(
            task_concurrency=settings.task_concurrency,
            item_concurrency=settings.item_concurrency,
            item_deadline_seconds=settings.item_deadline_seconds,
            in_place_seconds=settings.item_deadline_seconds,
            result_window_seconds=settings.result_window_seconds,
            job_deadline_seconds=settings.job_deadline_seconds,
            somebody_waits=False,
            max_age=MaxAge.of(settings),
        )

    @classmethod
    def of_sync(cls, settings: Settings) -> Self:
        """The pace of the lane of those who wait: one person in each record."""
        return replace(
            cls.of_batches(settings),
            task_concurrency=settings.sync_concurrency,
            item_concurrency=settings.sync_concurrency,
            in_place_seconds=settings.sync_budget_seconds - _ANSWER_SECONDS,
            somebody_waits=True,
        )

    @classmethod
    def of_retries(cls, settings: Settings) -> Self:
        """The pace of those who were put back: many wait, and hold nothing while they do."""
        return replace(cls.of_batches(settings), task_concurrency=settings.waiting_retries)
