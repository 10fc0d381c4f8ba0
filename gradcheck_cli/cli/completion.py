"""What the shell offers where rules are asked for; it loads the rules only when the shell asks."""

from __future__ import annotations

from collections.abc import Iterator


def complete_rules(incomplete: str) -> list[tuple[str, str]]:
    """Codes, prefixes and names that begin with the last word of a list with commas, with what they find."""
    before, comma, word = incomplete.rpartition(",")
    return [
        (f"{before}{comma}{name}", text) for name, text in _list_words() if name.casefold().startswith(word.casefold())
    ]


def complete_names(incomplete: str) -> list[tuple[str, str]]:
    """As `complete_rules` for a single rule, and the names that other tools use."""
    from gradcheck_cli.rules import ALL

    aliases = [(alias, rule.summary) for rule in ALL for alias in rule.aliases]
    words = [*_list_words(), *aliases]
    return [(name, text) for name, text in words if name.casefold().startswith(incomplete.casefold())]


def _list_words() -> Iterator[tuple[str, str]]:
    from gradcheck_cli.rules import ALL

    for rule in ALL:
        yield rule.code, rule.summary
        yield rule.name, rule.summary
    families = {rule.code[:3]: rule.family for rule in ALL}
    for prefix, family in families.items():
        yield prefix, f"all rules on {family.value}"
