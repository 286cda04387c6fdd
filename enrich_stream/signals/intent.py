"""What a person may be up to, by rules that can be read and disagreed with.

A rule finds words in a post, or a kind of event; every match is shown with its words and its rule,
so that nobody has to believe a number. The score of an intent puts its posts together as if each
were an independent witness: ``1 - (1 - w1)(1 - w2)...``, where ``w`` is the weight of the best rule
that matched in one post. A second post makes it surer, a second match in the same post does not.

The caller's own labels are looked for as they are written, in any case and with any of space,
hyphen and underscore between their words. A label that is the name of a signal here asks for that.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import msgspec

from enrich_stream.errors import SetupError
from enrich_stream.signals.shape import Event, Intent, Match, Post
from enrich_stream.signals.texts import judged_part

RULES_SETTING = "ENRICH_SIGNALS_INTENT_RULES_FILE"
CALLER_WEIGHT = 0.7
"""Of a label found as it was written: words on the subject, which say nothing of a purpose."""
MAX_MATCHES = 5
"""Of one intent that are shown; all of them count."""

_NAME = r"(?-i:[A-Z0-9])(?:[\w.+#-]*[\w+#])?"
_BETWEEN_WORDS = re.compile(r"[\s_-]+")


class _Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    weight: Annotated[float, msgspec.Meta(gt=0, lt=1)]
    phrase: str | None = None
    event: str | None = None


class _Signal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    signal: str
    label: str
    rules: tuple[_Rule, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to recognise a signal: by words, or by the type of an event."""

    id: str
    weight: float
    phrase: re.Pattern[str] | None = None
    event: str | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """What is recognised, and how."""

    name: str
    label: str
    rules: tuple[Rule, ...]


def load_rules(path: Path | None = None) -> tuple[Signal, ...]:
    """The signals of a file of rules; the shipped one when none is given.

    Raises:
        SetupError: It cannot be read, or a rule in it is none; the message names it.
    """
    try:
        text = path.read_bytes() if path else _shipped()
        return tuple(_signal(one) for one in msgspec.yaml.decode(text, type=list[_Signal]))
    except (OSError, msgspec.DecodeError, ValueError) as error:
        raise SetupError(f"{RULES_SETTING}: {error}") from None


def read_intent(
    said: Sequence[Post | Event], signals: Sequence[Signal], labels: Iterable[str] = ()
) -> tuple[Intent, ...]:
    """What the posts and events may mean, the surest first.

    Args:
        said: Newest first.
        signals: What to look for.
        labels: What the caller asked to look for.
    """
    asked = {_name(label): label for label in labels if _name(label)}
    known = {name: signal for signal in signals for name in (signal.name, _name(signal.label))}
    own = [_callers(label) for name, label in asked.items() if name not in known]
    asked_for = {known[name].name for name in asked if name in known} | {s.name for s in own}
    texts = [judged_part(one.text) for one in said]
    found = (_intent(signal, said, texts, asked_for) for signal in (*signals, *own))
    return tuple(sorted(filter(None, found), key=lambda intent: -intent.score))


def _intent(
    signal: Signal, said: Sequence[Post | Event], texts: Sequence[str], asked_for: set[str]
) -> Intent | None:
    matches: list[Match] = []
    weights: defaultdict[tuple[str, str], float] = defaultdict(float)
    for one, text in zip(said, texts, strict=True):
        for rule in signal.rules:
            for start, end in _spans(rule, one, text):
                matches.append(_match(rule, one, start, end))
                weights[one.platform, one.id] = max(weights[one.platform, one.id], rule.weight)
    if not matches:
        return None
    return Intent(
        signal=signal.name,
        label=signal.label,
        score=round(1 - math.prod(1 - weight for weight in weights.values()), 3),
        asked_for=signal.name in asked_for,
        matches=tuple(matches[:MAX_MATCHES]),
    )


def _spans(rule: Rule, one: Post | Event, text: str) -> Iterator[tuple[int, int]]:
    if rule.phrase:
        yield from (match.span() for match in rule.phrase.finditer(text))
    elif isinstance(one, Event) and one.type == rule.event:
        yield 0, len(text)


def _match(rule: Rule, one: Post | Event, start: int, end: int) -> Match:
    return Match(
        platform=one.platform,
        id=one.id,
        rule=rule.id,
        excerpt=one.text[start:end],
        start=start,
        end=end,
    )


def _shipped() -> bytes:
    return files("enrich_stream.signals").joinpath("intent_rules.yaml").read_bytes()


def _signal(given: _Signal) -> Signal:
    return Signal(given.signal, given.label, tuple(_rule(rule) for rule in given.rules))


def _rule(given: _Rule) -> Rule:
    if (given.phrase is None) == (given.event is None):
        raise ValueError(f"rule {given.id}: needs either a phrase or an event")
    if given.phrase is None:
        return Rule(given.id, given.weight, event=given.event)
    try:
        return Rule(given.id, given.weight, phrase=_pattern(given.phrase))
    except re.error as error:
        raise ValueError(f"rule {given.id}: its phrase is no regular expression: {error}") from None


def _pattern(phrase: str) -> re.Pattern[str]:
    stands_for: Mapping[str, str] = {" ": r"\s", "'": "['’]", "NAME": _NAME}  # noqa: RUF001 - meant
    written = re.sub(r" |'|NAME", lambda match: stands_for[match[0]], phrase)
    return _whole_words(written)


def _whole_words(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{pattern})(?!\w)", re.IGNORECASE)


def _callers(label: str) -> Signal:
    words = map(re.escape, _BETWEEN_WORDS.split(label.strip()))
    phrase = _whole_words(_BETWEEN_WORDS.pattern.join(words))
    return Signal(label, label, (Rule(f"caller:{label}", CALLER_WEIGHT, phrase=phrase),))


def _name(label: str) -> str:
    """A label as the names of signals are written."""
    return _BETWEEN_WORDS.sub("_", label.strip()).strip("_").lower()
