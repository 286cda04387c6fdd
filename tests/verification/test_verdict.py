"""What each provider's word for an address means."""

import pytest

from enrich_stream.verification.verdict import Verdict, provider_verdict


@pytest.mark.parametrize(
    ("provider", "word", "verdict"),
    [
        ("hunter", "valid", Verdict.VERIFIED),
        ("hunter", "accept_all", Verdict.ACCEPT_ALL),
        ("hunter", "webmail", Verdict.RISKY),
        ("hunter", "invalid", Verdict.INVALID),
        ("hunter", "disposable", Verdict.INVALID),
        ("hunter", "unknown", Verdict.UNKNOWN),
        ("leadmagic", "valid", Verdict.VERIFIED),
        ("leadmagic", "valid_catch_all", Verdict.VERIFIED),
        ("leadmagic", "catch_all", Verdict.ACCEPT_ALL),
        ("leadmagic", "invalid", Verdict.INVALID),
        ("leadmagic", "unknown", Verdict.UNKNOWN),
        ("prospeo", "VERIFIED", Verdict.VERIFIED),
        ("prospeo", "UNVERIFIED", Verdict.RISKY),
    ],
)
def test_a_providers_word_is_read_by_the_table(provider, word, verdict):
    """Only those that say that somebody asked the mail server are verified."""
    assert provider_verdict(provider, word) is verdict


@pytest.mark.parametrize(
    ("provider", "word"),
    [("hunter", "superb"), ("hunter", "VALID"), ("hunter", None), ("hunter", ["valid"]), ("x", "")],
)
def test_a_new_word_verifies_nothing(provider, word):
    """What is in no table is unknown, also when it is no word at all."""
    assert provider_verdict(provider, word) is Verdict.UNKNOWN
