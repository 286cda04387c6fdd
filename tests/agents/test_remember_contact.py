"""Enriched contacts become the memory."""

from recording import TOPICS, agent_under_test
from samples import tasks_of
from test_enrich_identifier import Provider

from enrich_stream.person import Field
from enrich_stream.records import RememberedContact, decode, encode


async def test_what_enrich_identifier_publishes_is_remembered_under_the_same_key(tmp_path):
    """The record on the public topic is all that the memory needs."""
    async with agent_under_test("enrich_identifier", tmp_path, Provider()) as enrich:
        await enrich.handle(b"op_1", encode(tasks_of(1)))
        (contact,) = enrich.producer.on(TOPICS.contacts)

    async with agent_under_test("remember_contact", tmp_path) as agent:
        await agent.handle(contact.key, contact.value)

        known = decode(agent.table("contacts")[contact.key], RememberedContact)
        assert known.fields[Field.EMAIL].values[0].value == "person-0@x.example"
