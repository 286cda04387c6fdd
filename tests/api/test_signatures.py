"""Signed requests: what lets in, what does not, and that a repeat is in vain."""

import base64
import hashlib
import json
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import which

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from front_door import MemoryKafka, add_key, front_door, put_key
from http_message_signatures import MappingKeyResolver
from http_message_signatures.algorithms import ED25519
from http_message_signatures.httpx2 import SignatureHooks, SignatureHooksMode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from running_door import running_door

from enrich_stream.access_keys import create_signing_key, revoke

EXAMPLE = Path(__file__).parents[2] / "examples" / "signed_request.sh"
PATH = "/api/enrichments"
BODY = json.dumps({"identifiers": [{"email": "a@b.example"}], "fields": ["contact.email"]}).encode()
ALWAYS = ("@method", "@path", "@query")
OF_A_POST = (*ALWAYS, "idempotency-key", "content-digest")


def signing_key(kafka, organisation="acme", **details):
    """A new key on the topic of keys, and the private half that goes with it."""
    private = Ed25519PrivateKey.generate()
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    key = create_signing_key(organisation, pem, **details)
    put_key(kafka, key)
    return key, private


def digest(body):
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def signed(key, private, method="GET", path="/nowhere", **changed):
    """Headers that sign a request, made by the letter of RFC 9421 and without a library."""
    query, covered = changed.pop("query", ""), changed.pop("covered", ALWAYS)
    headers = changed.pop("headers", {})
    values = {"@method": method, "@path": path, "@query": f"?{query}", **headers}
    parameters = {"created": int(time.time()), "keyid": key.id, "alg": "ed25519"} | changed
    listed = " ".join(f'"{name}"' for name in covered)
    written = "".join(
        f";{name}={json.dumps(value)}" for name, value in parameters.items() if value is not None
    )
    lines = [f'"{name}": {values[name]}' for name in covered]
    base = "\n".join([*lines, f'"@signature-params": ({listed}){written}'])
    signature = base64.b64encode(private.sign(base.encode())).decode()
    return headers | {
        "Signature-Input": f"sig=({listed}){written}",
        "Signature": f"sig=:{signature}:",
    }


def signed_post(key, private, body=BODY, covered=OF_A_POST, path=PATH, **changed):
    """The same for a POST of ``body``."""
    headers = {
        "content-type": "application/json",
        "idempotency-key": "import-7",
        "content-digest": digest(body),
    }
    return signed(key, private, "POST", path, covered=covered, headers=headers, **changed)


async def test_a_signature_lets_in_and_the_job_is_its_organisations(tmp_path):
    """The private half stays with its owner; the request carries the id and the proof."""
    kafka = MemoryKafka()
    key, private = signing_key(kafka)
    async with front_door(tmp_path, kafka) as http:
        posted = await http.post(PATH, content=BODY, headers=signed_post(key, private))
        polled = f"{PATH}/{posted.json()['id']}"
        headers = signed(key, private, path=polled, query="include=items")
        found = await http.get(f"{polled}?include=items", headers=headers)
        listed = await http.get(
            "/api/operations", headers=signed(key, private, path="/api/operations")
        )

    assert posted.status_code == 202
    assert kafka.requests[0].job.organisation == "acme"
    assert (found.status_code, listed.status_code) == (200, 200)
    assert found.headers["ratelimit-limit"]


async def test_a_client_library_needs_nothing_special(tmp_path):
    """What signs requests by the same RFC elsewhere does so here."""
    kafka = MemoryKafka()
    key, private = signing_key(kafka)
    hooks = SignatureHooks(
        SignatureHooksMode.SIGN_REQUEST,
        sign_options={
            "origin": "http://door.example",
            "signature_algorithm": ED25519,
            "key_id": key.id,
            "key_resolver": MappingKeyResolver(public_keys={}, private_keys={key.id: private}),
            "covered_component_ids": (*ALWAYS, "@authority", "idempotency-key"),
        },
    )
    async with front_door(tmp_path, kafka) as http:
        http.event_hooks = hooks.async_event_hooks
        posted = await http.post(
            PATH, content=BODY, headers={"Idempotency-Key": "7", "Content-Type": "application/json"}
        )

    assert posted.status_code == 202


@pytest.mark.skipif(not (which("openssl") and which("curl")), reason="needs openssl and curl")
def test_the_example_signs_with_openssl_and_curl(tmp_path):
    """What the README shows: the public half in the form openssl writes, a POST, and a GET."""
    kafka = MemoryKafka()
    private, public, body = (tmp_path / name for name in ("private.pem", "public.pem", "body"))
    body.write_bytes(BODY)
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", private], check=True)
    subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True)
    put_key(kafka, key := create_signing_key("acme", public.read_bytes()))
    with running_door(tmp_path / "door", kafka) as (host, port):

        def ask(method, *rest):
            asked = [EXAMPLE, key.id, private, method, f"http://{host}:{port}", *rest]
            done = subprocess.run(asked, check=True, capture_output=True, text=True)
            return json.loads(done.stdout)

        posted = ask("POST", PATH, body, "import-7")
        again = ask("POST", PATH, body, "import-7")
        found = ask("GET", f"{PATH}/{posted['id']}?include=items")

    assert found["id"] == again["id"] == posted["id"]
    assert kafka.requests[0].job.organisation == "acme"


@pytest.mark.parametrize(
    "changed",
    [
        {"path": "/elsewhere"},
        {"query": "a=1"},
        {"method": "DELETE"},
        {"covered": ("@path", "@query")},
        {"covered": ("@method", "@query")},
        {"covered": ("@method", "@path")},
        {"covered": ()},
        {"created": 1_700_000_000},
        {"created": 4_000_000_000},
        {"created": None},
        {"created": 10**14},
        {"expires": 1_700_000_000},
        {"keyid": "ak_nobody"},
        {"keyid": None},
        {"alg": "hmac-sha256"},
        {"alg": "none"},
        {"other": "parameter"},
    ],
    ids=str,
)
async def test_what_is_not_signed_as_it_was_sent_and_now_is_a_401(tmp_path, changed):
    """Another request, too little of it, another time, another key or another algorithm."""
    kafka = MemoryKafka()
    key, private = signing_key(kafka)
    async with front_door(tmp_path, kafka) as http:
        welcome = await http.get("/nowhere", headers=signed(key, private))
        refused = await http.get("/nowhere", headers=signed(key, private, **changed))

    assert welcome.status_code == 404
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"]
    assert refused.json()["message"].startswith("The signature does not hold.")


@pytest.mark.parametrize(
    ("sent", "covered"),
    [
        (BODY.replace(b"a@b", b"x@y"), OF_A_POST),
        (BODY + b" ", OF_A_POST),
        (b"", OF_A_POST),
        (BODY, (*ALWAYS, "idempotency-key")),
        (BODY, (*ALWAYS, "content-digest")),
    ],
    ids=["another body", "a longer one", "none", "an unsigned digest", "an unsigned key"],
)
async def test_a_body_that_is_not_signed_starts_nothing(tmp_path, sent, covered):
    """Its digest is part of what is signed, and so is the key that makes a repeat harmless."""
    kafka = MemoryKafka()
    key, private = signing_key(kafka)
    headers = signed_post(key, private, covered=covered)
    async with front_door(tmp_path, kafka) as http:
        refused = await http.post(PATH, content=sent, headers=headers)

    assert refused.status_code == 401
    assert kafka.requests == []


async def test_a_signed_post_needs_an_idempotency_key(tmp_path):
    """Without one, whoever has recorded the request could have it done again."""
    kafka = MemoryKafka()
    key, private = signing_key(kafka)
    headers = {"content-type": "application/json", "content-digest": digest(BODY)}
    headers = signed(
        key, private, "POST", PATH, covered=(*ALWAYS, "content-digest"), headers=headers
    )
    async with front_door(tmp_path, kafka) as http:
        refused = await http.post(PATH, content=BODY, headers=headers)

    assert refused.status_code == 401
    assert "idempotency-key" in refused.json()["message"]
    assert kafka.requests == []


async def test_a_recorded_request_that_is_sent_again_starts_nothing_on_any_door(tmp_path):
    """The same bytes within their time are the same job, and say so."""
    kafka = MemoryKafka()
    key, private = signing_key(kafka)
    headers = signed_post(key, private)
    async with front_door(tmp_path / "a", kafka) as one, front_door(tmp_path / "b", kafka) as other:
        first = await one.post(PATH, content=BODY, headers=headers)
        again = [await door.post(PATH, content=BODY, headers=headers) for door in (one, other)]

    assert {answer.json()["id"] for answer in again} == {first.json()["id"]}
    assert all(answer.headers["idempotency-replayed"] == "true" for answer in again)
    assert len(kafka.requests) == 1


async def test_the_clock_of_a_caller_may_differ_by_what_is_set(tmp_path):
    """Both ways, and no further."""
    kafka = MemoryKafka()
    key, private = signing_key(kafka)
    now = int(time.time())
    async with front_door(tmp_path, kafka, signature_seconds=1000) as http:
        statuses = [
            (await http.get("/nowhere", headers=signed(key, private, created=now + by))).status_code
            for by in (-900, 900, -5000, 5000)
        ]

    assert statuses == [404, 404, 401, 401]


async def test_a_key_lets_in_by_its_own_way_only(tmp_path):
    """A key that signs has no secret, not even its public half; one with a secret never signs."""
    kafka = MemoryKafka()
    key, private = signing_key(kafka)
    secret_key, _ = add_key(kafka)
    async with front_door(tmp_path, kafka) as http:
        secrets = ["", "sk_", key.public_key, key.digest or "0" * 64]
        answers = [
            await http.get("/nowhere", headers={"X-Access-Key": key.id, "X-Secret-Key": secret})
            for secret in secrets
        ]
        answers.append(await http.get("/nowhere", headers=signed(secret_key, private)))
        answers.append(
            await http.get("/nowhere", headers=signed(key, Ed25519PrivateKey.generate()))
        )

    assert {answer.status_code for answer in answers} == {401}


async def test_a_revoked_or_expired_key_signs_for_nobody(tmp_path, monkeypatch):
    """As with a secret."""
    kafka = MemoryKafka()
    end = datetime.now(UTC) + timedelta(hours=1)
    gone, its = signing_key(kafka)
    put_key(kafka, revoke(gone))
    key, private = signing_key(kafka, expires_at=end)
    async with front_door(tmp_path, kafka) as http:
        revoked = await http.get("/nowhere", headers=signed(gone, its))
        valid = await http.get("/nowhere", headers=signed(key, private))
        monkeypatch.setattr("enrich_stream.access_keys.clock.present", lambda: end)
        expired = await http.get("/nowhere", headers=signed(key, private))

    assert [answer.status_code for answer in (revoked, valid, expired)] == [401, 404, 401]


async def test_beside_a_secret_a_signature_is_not_looked_at(tmp_path):
    """A proxy may sign what it passes on, for its own purposes; and no signature mends a secret."""
    kafka = MemoryKafka()
    key, private = signing_key(kafka)
    _, headers = add_key(kafka)
    theirs = {"Signature-Input": 'proxy=("@method");keyid="p"', "Signature": "proxy=:AAAA:"}
    async with front_door(tmp_path, kafka) as http:
        right = await http.get("/nowhere", headers=headers | theirs)
        wrong = await http.get(
            "/nowhere", headers=signed(key, private) | headers | {"X-Secret-Key": "sk_wrong"}
        )

    assert (right.status_code, wrong.status_code) == (404, 401)


@pytest.mark.parametrize(("padding", "status"), [(1, 404), (5000, 401)])
async def test_a_signature_is_short(tmp_path, padding, status):
    """Strangers cannot keep a front door busy with reading what nobody needs."""
    kafka = MemoryKafka()
    key, private = signing_key(kafka)
    async with front_door(tmp_path, kafka) as http:
        headers = signed(key, private, nonce="n" * padding)
        assert (await http.get("/nowhere", headers=headers)).status_code == status


async def test_open_paths_stay_open(tmp_path):
    """A wrong signature is as good as none where none is needed."""
    kafka = MemoryKafka()
    signing_key(kafka)
    async with front_door(tmp_path, kafka) as http:
        headers = {"Signature-Input": "sig=()", "Signature": "sig=::"}
        assert (await http.get("/health/live", headers=headers)).status_code == 200


PIECES = st.lists(
    st.sampled_from(
        [
            *(
                "sig",
                "=",
                "(",
                ")",
                '"@method"',
                '"@path"',
                '"@query"',
                '"x";sf',
                '"x";bs',
                ";",
                ",",
            ),
            *(
                "created=1",
                "created=99999999999999",
                'keyid="ak_x"',
                ":AAAA:",
                "::",
                "?1",
                "@1",
                " ",
            ),
            *('"@authority"', '"@query-param";name="a"', '"@status"', '"host";key="a"', "1.5", "é"),
        ]
    ),
    max_size=14,
).map("".join)


async def test_no_signature_is_an_error_of_ours(tmp_path):
    """Whatever stands in the two headers, and in that of the digest, the answer is a 401."""
    kafka = MemoryKafka()
    key, private = signing_key(kafka)
    sound = signed_post(key, private)
    cases = []

    @settings(
        max_examples=300, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(st.sampled_from(["Signature-Input", "Signature", "host", "content-digest"]), PIECES)
    def draw(name, text):
        cases.append(sound | {name: text.encode()})

    draw()
    async with front_door(tmp_path, kafka) as http:
        for headers in cases:
            response = await http.post(PATH, content=BODY, headers=headers)
            assert response.status_code == 401 or headers["Signature"] == sound["Signature"]
            assert response.status_code < 500, headers
    assert len(cases) >= 300
