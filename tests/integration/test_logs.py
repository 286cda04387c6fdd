"""What a whole run logs names no person and no secret."""

import socket

from service import TOPICS, until

SOUGHT = [
    {"linkedin_url": "https://www.linkedin.com/in/person-7/"},
    {"email": "sought.person@private.example"},
    {"x_handle": "@sought_handle"},
    {"github_username": "sought-login"},
]
SECRETS = ["sk_a-wrong-secret", "sk_another-wrong-secret", "+442079460190", "person-7"]
TELLING = ["private.example", "x.example", "sought", "linkedin.com/in", *SECRETS]


def test_no_line_of_any_log_names_a_person_or_a_secret(service):
    """Found, not found, refused, broken and poisoned: neither what was asked nor what came back."""
    service.stack.environ["ENRICH_LOG_LEVEL"] = "debug"
    service.workers(2)
    door = service.front_door()
    _use(door)
    _misuse(door)
    poison = b'{"version": 1, "items": [{"given": {"email": "sought.person@private.example"}}]}'
    service.produce(TOPICS.requests, b"sought.person@private.example", poison)
    until(
        lambda: any(r.value == poison for r in service.records(TOPICS.dead_letters)),
        "the poison is buried",
    )
    service.stack.stop()

    logs = {process.name: process.log.read_text() for process in service.stack.processes}
    assert "api.listening" in logs["api-1"]
    assert all("worker.started" in logs[name] for name in ("worker-1", "worker-2"))
    secret = service.headers["X-Secret-Key"]
    for name, text in logs.items():
        for line in text.splitlines():
            told = [needle for needle in (*TELLING, secret) if needle in line]
            assert not told, f"{name}: {told}"


def _use(door):
    body = {"identifiers": SOUGHT, "fields": ["contact.email", "contact.phone", "profile"]}
    door.result(door.http.post("/api/enrichments", json=body).json()["id"])
    single = {"identifier": SOUGHT[0], "fields": ["contact.email"]}
    assert door.post(single).json()["data"]["contact"]["email"] == ["person-7@x.example"]


def _misuse(door):
    """Everything that is refused, with something in it that must not be told."""
    person = SOUGHT[1]["email"]
    bodies = [{"identifier": {"email": f"{person}, {person}"}}, {person: person}, [person]]
    for body in bodies:
        assert door.http.post("/api/enrichments", json=body).status_code == 400
    assert door.http.post("/api/enrichments", content=person).status_code == 400
    assert door.http.get(f"/api/enrichments/{person}", params={"q": person}).status_code == 404
    assert door.http.get(f"/{person}").status_code == 404
    for headers in (
        {"X-Secret-Key": "sk_a-wrong-secret"},
        {
            "X-Access-Key": "",
            "X-Secret-Key": "",
            "Authorization": "Bearer ak.sk_another-wrong-secret",
        },
    ):
        assert door.http.get("/nowhere", headers=headers).status_code == 401
    with socket.create_connection(("127.0.0.1", door.port), timeout=20) as connection:
        connection.sendall(f"GET /{person} nonsense\r\n\r\n".encode())
        assert b" 400 " in connection.recv(65536)
