"""What the DNS is asked about a domain's mail, and what its answers mean."""

import asyncio

import dns.rcode
import pytest

from enrich_stream.errors import SetupError
from enrich_stream.verification import mail_hosts
from enrich_stream.verification.mail_hosts import MailHosts
from enrich_stream.verification.mail_route import MailRoute

SECONDS = 20
"""How long anything may take that should happen."""


@pytest.fixture
async def hosts(dns):
    made = MailHosts(dns.address, timeout_seconds=SECONDS)
    yield made
    await made.stop()


def soon(seconds=SECONDS):
    return asyncio.get_running_loop().time() + seconds


async def test_mx_records_say_where_mail_goes(dns, hosts):
    """A domain with a mail server takes mail, and nothing else is asked."""
    dns.add("acme.example", "MX", "10 mx1.acme.example.", "20 mx2.acme.example.")

    assert await hosts.route("acme.example", soon()) is MailRoute.TAKES_MAIL
    assert dns.questions("acme.example") == ["MX"]


async def test_a_null_mx_refuses_all_mail(dns, hosts):
    """RFC 7505: one record that names the root, and no address is looked for behind it."""
    dns.add("refuses.example", "MX", "0 .")
    dns.add("refuses.example", "A", "192.0.2.1")

    assert await hosts.route("refuses.example", soon()) is MailRoute.REFUSES_MAIL
    assert dns.questions("refuses.example") == ["MX"]


async def test_a_root_beside_a_host_is_no_refusal(dns, hosts):
    """RFC 7505 forbids it; mail still goes to the host."""
    dns.add("odd.example", "MX", "0 .", "10 mx.odd.example.")

    assert await hosts.route("odd.example", soon()) is MailRoute.TAKES_MAIL


@pytest.mark.parametrize(("kind", "address"), [("A", "192.0.2.1"), ("AAAA", "2001:db8::1")])
async def test_without_mx_the_domain_itself_is_the_host(dns, hosts, kind, address):
    """RFC 5321, section 5.1: an address record of either kind will do."""
    dns.add("small.example", kind, address)

    assert await hosts.route("small.example", soon()) is MailRoute.TAKES_MAIL


async def test_a_domain_with_neither_has_no_mail_server(dns, hosts):
    """It exists, and no mail arrives there."""
    assert await hosts.route("parked.example", soon()) is MailRoute.NO_HOST
    assert dns.questions("parked.example") == ["MX", "A", "AAAA"]


async def test_an_alias_is_followed(dns, hosts):
    """The MX of what the name stands for counts."""
    dns.add("alias.example", "CNAME", "real.example.")
    dns.add("real.example", "MX", "10 mx.real.example.")

    assert await hosts.route("alias.example", soon()) is MailRoute.TAKES_MAIL


async def test_a_name_that_does_not_exist(dns, hosts):
    """NXDOMAIN is certain, and needs no second question."""
    dns.rcodes["gone.example"] = dns_rcode("NXDOMAIN")

    assert await hosts.route("gone.example", soon()) is MailRoute.NO_DOMAIN
    assert dns.questions("gone.example") == ["MX"]


@pytest.mark.parametrize("rcode", ["SERVFAIL", "REFUSED"])
async def test_a_failing_dns_is_not_a_missing_domain(dns, hosts, rcode):
    """A server that cannot say is unknown, and the domain is not condemned."""
    dns.rcodes["broken.example"] = dns_rcode(rcode)
    dns.add("broken.example", "MX", "10 mx.broken.example.")

    route = await hosts.route("broken.example", soon())

    assert route is MailRoute.FAILED
    assert not route.is_closed
    assert route.is_unknown


async def test_a_silent_dns_times_out(dns):
    """Within the time for one domain, having tried more than once: a packet may be lost."""
    dns.mute.add("slow.example")
    hosts = MailHosts(dns.address, timeout_seconds=0.3)

    assert await hosts.route("slow.example", soon()) is MailRoute.TIMED_OUT
    assert len(dns.questions("slow.example")) > 1


async def test_the_deadline_ends_the_wait_and_not_the_look_up(dns, hosts):
    """Who comes later still gets the answer of the first question."""
    dns.add("acme.example", "MX", "10 mx.acme.example.")
    dns.mute.add("acme.example")

    assert await hosts.route("acme.example", soon(0.05)) is MailRoute.TIMED_OUT
    waiting = asyncio.create_task(hosts.route("acme.example", soon()))
    await asyncio.sleep(0)
    dns.mute.clear()
    dns.released.set()

    assert await waiting is MailRoute.TAKES_MAIL
    assert dns.questions("acme.example") == ["MX"]


async def test_a_truncated_answer_is_asked_for_again_over_tcp(dns, hosts):
    """A long list of mail servers does not fit a packet."""
    dns.truncated.add("many.example")
    dns.add("many.example", "MX", *(f"{n} mx{n}.many.example." for n in range(1, 60)))

    assert await hosts.route("many.example", soon()) is MailRoute.TAKES_MAIL
    assert [transport for *_, transport in dns.asked] == ["udp", "tcp"]


async def test_many_who_ask_at_once_are_one_question(dns, hosts):
    """A list of a company's people costs one look-up."""
    dns.add("acme.example", "MX", "10 mx.acme.example.")

    routes = await asyncio.gather(*(hosts.route("acme.example", soon()) for _ in range(50)))

    assert set(routes) == {MailRoute.TAKES_MAIL}
    assert dns.questions("acme.example") == ["MX"]


class Clock:
    """The clock of the memory of answers, set by the test."""

    seconds = 0.0

    def __call__(self):
        return self.seconds


@pytest.mark.parametrize(
    ("ttl", "negative_ttl", "has_mx", "kept"),
    [
        pytest.param(60, None, True, 60, id="as long as the record says"),
        pytest.param(10_000_000, None, True, 24 * 3600, id="a day at most"),
        pytest.param(None, 120, False, 120, id="as long as the zone says there is none"),
        pytest.param(None, 500_000, False, 3 * 3600, id="three hours at most"),
    ],
)
async def test_an_answer_is_kept_for_its_ttl(dns, ttl, negative_ttl, has_mx, kept):
    """Within it nothing is asked again, after it the DNS has the word."""
    dns.negative_ttl = negative_ttl
    if has_mx:
        dns.add("acme.example", "MX", "10 mx.acme.example.", ttl=ttl)
    else:
        dns.rcodes["acme.example"] = dns_rcode("NXDOMAIN")
    hosts = MailHosts(dns.address, timer=(clock := Clock()))

    await hosts.route("acme.example", soon())
    clock.seconds = kept - 1
    await hosts.route("acme.example", soon())
    assert len(dns.asked) == 1
    clock.seconds = kept
    await hosts.route("acme.example", soon())
    assert len(dns.asked) == 2


async def test_a_failure_is_remembered_briefly(dns):
    """The next person of a domain whose servers are down does not wait once more; later ones do."""
    dns.rcodes["broken.example"] = dns_rcode("SERVFAIL")
    hosts = MailHosts(dns.address, timer=(clock := Clock()))

    for clock.seconds in (0, 29, 30):
        await hosts.route("broken.example", soon())

    assert len(dns.asked) == 2


async def test_the_memory_is_bounded(dns, monkeypatch):
    """A list of a million companies does not stay in memory."""
    monkeypatch.setattr(mail_hosts, "MAX_DOMAINS", 2)
    hosts = MailHosts(dns.address)
    for name in ("a.example", "b.example", "c.example", "a.example"):
        dns.add(name, "MX", f"10 mx.{name}.")
        await hosts.route(name, soon())

    assert dns.questions("a.example") == ["MX", "MX"]


@pytest.mark.parametrize(
    ("server", "host", "port"),
    [
        ("127.0.0.1", "127.0.0.1", 53),
        ("127.0.0.1:5353", "127.0.0.1", 5353),
        ("2001:db8::53", "2001:db8::53", 53),
        ("::1", "::1", 53),
        ("[::1]:5353", "::1", 5353),
    ],
)
def test_a_resolver_is_an_address_with_or_without_a_port(server, host, port):
    """Both kinds of address, as operators write them."""
    (made,) = MailHosts(server)._resolver.nameservers

    assert (made.address, made.port) == (host, port)


@pytest.mark.parametrize("server", ["dns.example", "127.0.0.1:x", "127.0.0.1,", "[::1"])
def test_what_is_no_resolver_stops_the_start(server):
    """The message names the setting and what one looks like."""
    with pytest.raises(SetupError, match=r"^ENRICH_DNS_SERVERS: .* is not an address like"):
        MailHosts(server)


def dns_rcode(name):
    return dns.rcode.from_text(name)
