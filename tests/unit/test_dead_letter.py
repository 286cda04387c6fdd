"""What a dead letter carries, and that nothing of it is shown unasked."""

from types import SimpleNamespace

import pytest

from enrich_stream.cli.dead_letters_display import print_letter
from enrich_stream.dead_letters.letter import DeadLetter, Origin, headers_of
from enrich_stream.errors import InputError

ORIGIN = Origin("enrichment-tasks", 3, 1234)


def a_letter(headers):
    return DeadLetter.of(
        SimpleNamespace(
            partition=2,
            offset=17,
            timestamp=1_700_000_000_000,
            key=b"mira",
            value=b'{"email":"mira@x.example"}',
            headers=headers,
        )
    )


def test_origin_reason_and_own_headers_come_back_as_they_were_put_in():
    """What the burial writes is what the operator's commands read."""
    letter = a_letter(headers_of("settle_job", "too new", ORIGIN, [("trace", b"\xff")]))

    assert (letter.id, letter.stage, letter.reason) == ("2/17", "settle_job", "too new")
    assert letter.return_address() == ORIGIN
    assert letter.headers == (("trace", b"\xff"),)


def test_a_record_that_is_put_aside_again_tells_of_the_last_time_only():
    """A replay that fails again does not pile up headers, nor go back to where it was first."""
    first = headers_of("split_request", "bug", Origin("enrichment-requests", 0, 1), [])

    letter = a_letter(headers_of("settle_job", "too new", ORIGIN, first))

    assert letter.return_address() == ORIGIN
    assert letter.headers == ()


@pytest.mark.parametrize("headers", [(), [("dead-letter-topic", b"t")]])
def test_a_letter_without_an_address_is_listed_and_not_sent_anywhere(headers):
    """Somebody else's record on the topic must not break the list."""
    letter = a_letter(headers)

    assert letter.reason == ""
    with pytest.raises(InputError, match="2/17 does not say where it is from"):
        letter.return_address()


def test_a_letter_is_shown_without_its_content_unless_that_is_asked_for(capsys):
    """Key, value and headers may be somebody's data."""
    letter = a_letter(headers_of("settle_job", "too new", ORIGIN, [("who", b"mira")]))

    print_letter(letter, None, reveal=False)
    shown = capsys.readouterr().out
    print_letter(letter, None, reveal=True)
    revealed = capsys.readouterr().out

    assert "enrichment-tasks/3/1234" in shown
    assert "26 bytes" in shown
    assert "mira" not in shown
    assert '{"email":"mira@x.example"}' in revealed
    assert "who: mira" in revealed
