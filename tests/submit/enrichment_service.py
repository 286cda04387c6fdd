"""A service on loopback that speaks the HTTP contract, with scripted troubles."""

import asyncio
import json
import math
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

DROP = "drop the connection"


@dataclass
class Job:
    number: int
    body: dict[str, Any]
    polls: int = 0

    @property
    def batch(self) -> int:
        """Which batch of a file of person0, person1, ... it is; arrival order says nothing."""
        ((_, name),) = self.body["identifiers"][0].items()
        return int(name.removeprefix("person")) // 100


@dataclass
class EnrichmentService:
    """Identifiers decide what becomes of them: see ``item_for``."""

    url: str = ""
    jobs: dict[str, Job] = field(default_factory=dict)
    posts: Counter = field(default_factory=Counter)
    accepted: dict[str, str] = field(default_factory=dict)
    requests: list[web.Request] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    # Answers given instead of the real one, oldest first.
    post_troubles: deque = field(default_factory=deque)
    get_troubles: deque = field(default_factory=deque)
    always: web.Response | None = None
    fault_property: str = "identifiers.{position}.{kind}"
    # Batches from this one on stay at work; batches from that one on are taken, not answered.
    busy_from: float = math.inf
    silent_from: float = math.inf
    polls_needed: dict = field(default_factory=dict)
    forgotten: set = field(default_factory=set)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    on_post: Any = int
    open_jobs: set = field(default_factory=set)
    most_open: int = 0

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/api/enrichments", self.post)
        app.router.add_get("/api/enrichments/{id}", self.get)
        return app

    async def until(self, holds) -> None:
        async with self.changed, asyncio.timeout(20):
            await self.changed.wait_for(holds)

    def posts_of(self, job_id: str) -> int:
        (key,) = (key for key, accepted in self.accepted.items() if accepted == job_id)
        return self.posts[key]

    async def post(self, request: web.Request) -> web.StreamResponse:
        await self._note(request)
        if trouble := self._trouble(request, self.post_troubles):
            return trouble
        self.on_post()
        key = request.headers["Idempotency-Key"]
        text = await request.text()
        body = json.loads(text)
        if faults := self._faults(body):
            return problem(400, "Validation failed", errors=faults)
        self.posts[key] += 1
        if key in self.accepted:
            job_id = self.accepted[key]
            assert self.jobs[job_id].body == body, "one key for two bodies"
        else:
            job_id = self.accepted[key] = f"op_{len(self.jobs):026d}"
            self.jobs[job_id] = Job(len(self.jobs), body)
        self.open_jobs.add(job_id)
        self.most_open = max(self.most_open, len(self.open_jobs))
        async with self.changed:
            self.changed.notify_all()
            await self.changed.wait_for(lambda: not self._reaches(job_id, self.silent_from))
        return web.json_response(
            {"id": job_id, "operationId": job_id, "status": "queued"}, status=202
        )

    async def get(self, request: web.Request) -> web.StreamResponse:
        await self._note(request)
        if trouble := self._trouble(request, self.get_troubles):
            return trouble
        job_id = request.match_info["id"]
        if job_id in self.forgotten:
            self.forgotten.remove(job_id)
            return problem(404, "Resource not found.")
        job = self.jobs[job_id]
        job.polls += 1
        async with self.changed:
            self.changed.notify_all()
        needed = self.polls_needed.get(job.number, 1)
        if job.polls < needed or self._reaches(job_id, self.busy_from):
            progress = min(90, 100 * job.polls // (needed + 1))
            operation = {"id": job_id, "status": "processing", "progress": progress}
            return web.json_response(operation, headers={"Retry-After": "0"})
        self.open_jobs.discard(job_id)
        items = [item_for(i, job.body["fields"]) for i in job.body["identifiers"]]
        return web.json_response(
            {"id": job_id, "status": "succeeded", "progress": 100, "result": {"items": items}}
        )

    async def _note(self, request) -> None:
        self.requests.append(request)
        self.times.append(asyncio.get_running_loop().time())

    def _reaches(self, job_id: str, limit: float) -> bool:
        return limit < math.inf and self.jobs[job_id].batch >= limit

    def _trouble(self, request, scripted) -> web.Response | None:
        trouble = scripted.popleft() if scripted else None
        if trouble == DROP:
            request.transport.abort()
            return web.Response(status=500)
        if trouble is None and self.always is not None:
            # A response can be sent only once.
            return web.Response(status=self.always.status, body=self.always.body)
        return trouble

    def _faults(self, body) -> list[dict[str, Any]]:
        faults = []
        for position, identifier in enumerate(body["identifiers"]):
            ((kind, value),) = identifier.items()
            if value.startswith("bad"):
                where = self.fault_property.format(position=position, kind=kind)
                faults.append({"property": where, "message": f"{kind} cannot be read"})
        return faults


def item_for(identifier: dict[str, str], fields: list[str]) -> dict[str, Any]:
    (value,) = identifier.values()
    if value.startswith("absent"):
        return failed(identifier, "No matching person was found.", retryable=False)
    if value.startswith("unknown"):
        return failed(identifier, "Nobody could be asked.", retryable=True)
    contact = {"email": [f"{value}@northwind.example"], "phone": ["+14155550132", "+14155550133"]}
    if value.startswith("half"):
        del contact["phone"]
    found = {"contact": contact}
    if "profile" in fields:
        found["profile"] = {"headline": "Engineer"}
    return {"identifier": identifier, "status": "success", "data": found}


def failed(identifier, message, *, retryable) -> dict[str, Any]:
    error = {"message": message, "retryable": retryable}
    return {"identifier": identifier, "status": "failed", "error": error}


def operation(**members) -> web.Response:
    return web.json_response({"progress": None, "result": None, "error": None, **members})


def problem(status: int, message: str, *, retry_after: str | None = None, **more) -> web.Response:
    body = {"statusCode": status, "message": message, "path": "/api/enrichments", **more}
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return web.json_response(body, status=status, headers=headers)
