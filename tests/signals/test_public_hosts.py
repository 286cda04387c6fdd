"""Which servers a caller may have asked."""

import pytest
from yarl import URL

from enrich_stream.errors import InputError
from enrich_stream.signals.public_hosts import NOT_PUBLIC, PublicResolver, check_url, is_public


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - refused here
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:224.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:db8::1",
    ],
)
def test_addresses_around_here_are_not_public(address):
    """Also those that carry one of IPv4 within."""
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_addresses_of_the_internet_are_public(address):
    """Of either kind."""
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://127.0.0.1./",
        "http://①27.0.0.1/",
        "http://[::ffff:7f00:1]/",
        "https://[fd00::1]:8443/feed",
    ],
)
def test_a_private_address_is_refused_however_it_is_written(url):
    """What the network would read as one is one."""
    with pytest.raises(InputError, match=NOT_PUBLIC):
        check_url(URL(url))


def test_an_operator_may_allow_private_addresses():
    """For servers of the company's own; what is no address stays refused."""
    check_url(URL("http://127.0.0.1:8080/feed"), allow_private=True)
    with pytest.raises(InputError):
        check_url(URL("file:///etc/passwd"), allow_private=True)


async def test_a_name_is_judged_by_what_it_resolves_to():
    """Nothing private is handed to whoever connects."""
    with pytest.raises(OSError, match=NOT_PUBLIC):
        await PublicResolver().resolve("localhost", 80)
