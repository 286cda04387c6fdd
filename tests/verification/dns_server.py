"""A DNS server on the loopback, over UDP and TCP, that answers what a test says."""

import asyncio
import contextlib
import struct
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset


@dataclass
class DnsServer:
    """What it knows, by name and type; whatever else exists has no records.

    Attributes:
        asked: Each question as (name, type, transport).
    """

    address: str = ""
    asked: list = field(default_factory=list)
    records: dict = field(default_factory=dict)
    rcodes: dict = field(default_factory=dict)
    mute: set = field(default_factory=set)
    truncated: set = field(default_factory=set)
    negative_ttl: int | None = 300
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, name, kind, *data, ttl=300):
        """Records of one type: ``add("a.example", "MX", "10 mx.a.example.")``."""
        self.records[name, kind] = dns.rrset.from_text_list(f"{name}.", ttl, "IN", kind, data)

    def questions(self, name):
        """The types that were asked of a name, in order."""
        return [kind for asked, kind, _ in self.asked if asked == name]

    async def answer(self, wire, transport):
        """The answer to a question; a mute name has none until it is released."""
        query = dns.message.from_wire(wire)
        name = query.question[0].name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(query.question[0].rdtype)
        self.asked.append((name, kind, transport))
        if name in self.mute:
            await self.released.wait()
        response = dns.message.make_response(query)
        if name in self.truncated and transport == "udp":
            response.flags |= dns.flags.TC
            return response.to_wire()
        response.set_rcode(self.rcodes.get(name, dns.rcode.NOERROR))
        self._fill(response, name, kind)
        return response.to_wire()

    def _fill(self, response, name, kind):
        found = self.records.get((name, kind)) or self.records.get((name, "CNAME"))
        if found:
            response.answer.append(found)
            if found.rdtype == dns.rdatatype.CNAME:
                self._fill(response, found[0].target.to_text(omit_final_dot=True), kind)
        elif self.negative_ttl is not None:
            ttl = self.negative_ttl
            soa = f"ns.example. root.example. 1 3600 600 86400 {ttl}"
            response.authority.append(dns.rrset.from_text("example.", ttl, "IN", "SOA", soa))


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, server):
        self._server = server
        self.tasks = set()

    def connection_made(self, transport):
        self._transport = transport

    def datagram_received(self, data, peer):
        task = asyncio.create_task(self._reply(data, peer))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _reply(self, data, peer):
        answer = await self._server.answer(data, "udp")
        self._transport.sendto(answer, peer)


@contextlib.asynccontextmanager
async def dns_server():
    """A server on a free port, the same for both transports."""
    server = DnsServer()

    async def serve(reader, writer):
        (length,) = struct.unpack("!H", await reader.readexactly(2))
        answer = await server.answer(await reader.readexactly(length), "tcp")
        writer.write(struct.pack("!H", len(answer)) + answer)
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as tcp:
        host, port = tcp.sockets[0].getsockname()
        transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Udp(server), (host, port)
        )
        server.address = f"{host}:{port}"
        yield server
        for waiting in protocol.tasks:
            waiting.cancel()
        transport.close()
