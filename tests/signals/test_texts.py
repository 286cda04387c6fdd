"""Texts without markup, and what of them counts as the person's own words."""

import pytest

from enrich_stream.signals.texts import HIDDEN, MAX_CHARS, judged_part, plain_text, shortened


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One &amp; two</p><p>three<br>four</p>", "One & two\n\nthree\nfour"),
        (
            '<a href="#"><span class="invisible">https://</span><span>x.example/a</span></a>',
            "https://x.example/a",
        ),
        ("run <code>make</code> now", "run `make` now"),
        ("<pre><code>a = 1\n\n\nb</code></pre>", "```\na = 1\n\nb\n```"),
        ("<blockquote><p>hired</p></blockquote><p>No.</p>", "> hired\n\nNo."),
        ("<script>alert(1)</script><style>p{}</style>safe", "safe"),
        ("<p>not closed <b>bold", "not closed bold"),
        ("1 < 2 and <3", "1 < 2 and <3"),
    ],
)
def test_html_becomes_text(html, text):
    """Paragraphs stay apart, code and quotations stay recognisable, and scripts are gone."""
    assert plain_text(html) == text


@pytest.mark.parametrize(
    "foreign",
    [
        "`we are hiring`",
        "```\nwe are hiring\n```",
        "```\nwe are hiring",
        "> we are hiring",
        "    we are hiring",
        "<!-- we are hiring -->",
        "https://example.com/we-are-hiring",
    ],
)
def test_what_is_not_the_persons_own_words_is_hidden(foreign):
    """Code, quotations, templates and addresses; the length stays, so that places stay right."""
    text = f"Well.\n{foreign}"
    judged = judged_part(text)

    assert len(judged) == len(text)
    assert "hiring" not in judged
    assert judged.startswith("Well.\n")
    assert HIDDEN in judged


def test_own_words_stay():
    """Also beside what is hidden, on the same line."""
    assert judged_part("we `x` are 2 > 1 hiring") == f"we {HIDDEN * 3} are 2 > 1 hiring"


def test_a_long_text_is_cut_where_it_shows():
    """At the limit, with a mark; one within it stays."""
    assert shortened(f"  {'x' * MAX_CHARS} ") == "x" * MAX_CHARS
    assert shortened("x" * (MAX_CHARS + 1)) == "x" * (MAX_CHARS - 1) + "…"
