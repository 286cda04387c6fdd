"""How many calls a look-up needs, walked through step by step, to hold the waterfall against."""

from itertools import pairwise

from worker import trail_of

from enrich_stream.person import Field, IdentifierKind, Outcome

LINKEDIN, X, GITHUB = IdentifierKind.LINKEDIN, IdentifierKind.X, IdentifierKind.GITHUB


def least_calls(person, wanted, ranking, item):
    """How many answers are needed to know what can be known of the person.

    Args:
        person: Who is looked up.
        wanted: The fields to look for.
        ranking: Who answers a field by a kind of name, first to ask first.
        item: How the person ended; tells who failed meanwhile, so that others had to be asked.
    """
    passed_over, answered = passed_over_in(item), answered_in(item)
    wanted = map(Field, wanted)
    names, open_, asked, calls = [person.kind], set(wanted), set(), 0
    while steps := _steps(names, open_, ranking, asked):
        # Whoever answers everything at once goes first, for all that is open.
        field = min(sorted(steps), key=lambda f: not steps[f][0].answers_at_once)
        provider, kind = steps[field]
        fields = {f for f, step in steps.items() if step == (provider, kind)}
        if provider.answers_at_once:
            able = {f for f in open_ if provider in ranking[kind, f]}
            fields = {f for f in able if (provider.name, f) not in asked}
        asked |= {(provider.name, f) for f in fields}
        heard = {f for f in fields if (provider.name, f) not in passed_over}
        calls += bool(heard or {(provider.name, f) for f in fields} & answered)
        open_ -= {f for f in heard if person.holds(provider.name, f)}
        told = learned_from(person, provider.name, fields) if heard else ()
        names += [kind for kind in told if kind not in names]
    return calls


def _steps(names, open_, ranking, asked):
    steps = {}
    for field in open_:
        for kind in names:
            left = [p for p in ranking[kind, field] if (p.name, field) not in asked]
            if left:
                steps[field] = left[0], kind
                break
    return steps


def learned_from(person, provider, fields):
    """Which kinds of names the provider tells when it is asked for those fields."""
    known = person.known.get(provider)
    if known is None or known.is_suppressed:
        return ()
    told = {
        "github": (GITHUB, X, LINKEDIN),
        "gravatar": (GITHUB, X),
        "prospeo": (LINKEDIN,),
        "leadmagic": (),
    }.get(provider, (LINKEDIN, X, GITHUB))
    has = {Field.EMAIL: known.email, Field.PHONE: known.has_phone, Field.PROFILE: True}
    if provider == "peopledatalabs":  # charges only for what it has, and says nothing otherwise
        return told if any(has[field] for field in fields) else ()
    if provider == "hunter" and Field.EMAIL in fields and Field.PROFILE not in fields:
        return (X,) if known.email else ()  # as its finder does
    return told


def passed_over_in(item):
    """Pairs of provider and field that had nothing to say when another provider was asked."""
    lines = _asked(item)
    pairs = set()
    for field in {Field(name) for line in lines for name in line["outcomes"]}:
        about = [line for line in lines if field in line["outcomes"]]
        for line, after in pairwise([*about, None]):
            is_left = after is None or after["provider"] != line["provider"]
            if line["outcomes"][field] == Outcome.UNKNOWN and is_left:
                pairs.add((line["provider"], field))
    return pairs


def answered_in(item):
    """Pairs of provider and field that were answered in the end."""
    return {
        (line["provider"], Field(name))
        for line in _asked(item)
        for name, outcome in line["outcomes"].items()
        if outcome != Outcome.UNKNOWN
    }


def calls_in(item):
    """How often providers were asked, and how often of that in vain."""
    lines = _asked(item)
    in_vain = [line for line in lines if Outcome.UNKNOWN in line["outcomes"].values()]
    return _times(lines), _times(in_vain)


def _asked(item):
    return [line for line in trail_of(item) if "checked_for" not in line]


def _times(lines):
    return sum(line.get("times", 1) for line in lines)
