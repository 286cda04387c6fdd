"""Texts as people wrote them: markup taken off, and what is not theirs kept out of judging."""

import re
from html.parser import HTMLParser
from typing import ClassVar

MAX_CHARS = 2000
"""Of one text that is kept; few posts are longer, and a hundred long ones are a large answer."""

HIDDEN = "\ufffc"
"""Stands for a character that is not judged; no phrase has it."""

_UNJUDGED = re.compile(
    r"```.*?(?:```|\Z)"  # fenced code, also when its end was cut off
    r"|~~~.*?(?:~~~|\Z)"
    r"|`[^`\n]+`"
    r"|<!--.*?(?:-->|\Z)"  # templates of issues explain themselves in comments
    r"|^[ ]{0,3}>.*?$"  # somebody else's words
    r"|^(?:[ ]{4}|\t).*?$"  # indented code
    r"|https?://\S+",
    re.DOTALL | re.MULTILINE,
)
_SPACES = re.compile(r"[^\S\n]+")
_EMPTY_QUOTES = re.compile(r"^> *$", re.MULTILINE)
_LINES = re.compile(r"\s*\n\s*\n\s*")


def shortened(text: str) -> str:
    """A text of at most ``MAX_CHARS``."""
    text = text.strip()
    return text if len(text) <= MAX_CHARS else text[: MAX_CHARS - 1] + "…"


def judged_part(text: str) -> str:
    """The text at the same length with code, quotations, comments and addresses hidden.

    What stands in it are the person's own words: nothing else may count for what they are up to.
    """
    return _UNJUDGED.sub(lambda match: HIDDEN * len(match[0]), text)


def plain_text(html: str) -> str:
    """The text of HTML.

    Code stays between backticks and quotations behind ``>``, as people mark them in plain text, so
    that ``judged_part`` knows them.
    """
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.text()


class _Reader(HTMLParser):
    _BLOCKS: ClassVar = {"p", "div", "li", "tr", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6"}
    _DROPPED: ClassVar = {"script", "style", "template", "head"}

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._dropped = 0
        self._code = 0
        self._quotes = 0

    def handle_starttag(self, tag: str, _attrs: object) -> None:
        self._dropped += tag in self._DROPPED
        if tag == "br":
            self._break()
        elif tag in self._BLOCKS:
            self._break(2)
        elif tag == "pre":
            self._parts.append("\n```\n")
        elif tag == "code" and not self._code:
            self._parts.append("`")
        elif tag == "blockquote":
            self._quotes += 1
            self._break(2)
        self._code += tag == "pre"

    def handle_endtag(self, tag: str) -> None:
        if tag in self._DROPPED:
            self._dropped = max(0, self._dropped - 1)
        elif tag in self._BLOCKS:
            self._break(2)
        elif tag == "pre" and self._code:
            self._code -= 1
            self._parts.append("\n```\n")
        elif tag == "code" and not self._code:
            self._parts.append("`")
        elif tag == "blockquote" and self._quotes:
            self._quotes -= 1
            self._break(2)

    def handle_data(self, data: str) -> None:
        if not self._dropped:
            self._parts.append(data if self._code else _SPACES.sub(" ", data.replace("\n", " ")))

    def text(self) -> str:
        """All that was read."""
        text = _EMPTY_QUOTES.sub("", "".join(self._parts))
        return _LINES.sub("\n\n", text).strip()

    def _break(self, lines: int = 1) -> None:
        self._parts.append("\n" * lines + "> " * bool(self._quotes))
