"""What a YAML syntax error means, in plain words; it does not parse."""

from __future__ import annotations

import re
from dataclasses import dataclass

from yaml.error import MarkedYAMLError, YAMLError

from gradcheck_cli.config.lines import locate
from gradcheck_cli.errors import ConfigError, Problem

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class _Explanation:
    """Plain words for the messages that match; `opener` where the error belongs to the place that it began at."""

    pattern: str
    message: str
    hint: str = ""
    opener: bool = False


_EXPLANATIONS = (
    _Explanation(r"found character '\\t'", "a tab stands where spaces are needed", "indent with spaces"),
    _Explanation(r"found character (.+) that cannot start", r"a value cannot begin with \1", "put it in quotes"),
    _Explanation(
        r"found unexpected end of stream|found unexpected document separator",
        "the quote that opens here is never closed",
        opener=True,
    ),
    _Explanation(
        r"mapping values are not allowed",
        "a ':' stands where no key can be",
        "check the indentation, or quote a text that contains ': '",
    ),
    _Explanation(
        r"sequence entries are not allowed",
        "a '-' stands where no list entry can be",
        "put the list on lines of its own below its key",
    ),
    _Explanation(r"expected ',' or '\]'", "the list opened with '[' here lacks a ',' or its ']'", opener=True),
    _Explanation(r"expected ',' or '\}'", "the mapping opened with '{' here lacks a ',' or its '}'", opener=True),
    _Explanation(r"could not find expected ':'", "this key has no ':' after it", "write key: value", opener=True),
    _Explanation(r"expected <block end>", "this line does not fit the lines above", "check the indentation"),
    _Explanation(r"unknown escape character '(.+)'", r"\\\1 means nothing in double quotes", "use single quotes"),
    _Explanation(r"expected escape sequence", "a \\x, \\u or \\U in double quotes needs hexadecimal digits"),
    _Explanation(r"undefined tag handle|while (?:scanning|parsing) a tag", "the tag is malformed"),
    _Explanation(r"expected alphabetic or numeric", "'&' begins an anchor and '*' an alias", "put it in quotes"),
    _Explanation(r"expected the node content, but found '<stream end>'", "the file ends where a value is missing"),
    _Explanation(r"expected the node content, but found '(.+)'", r"a value is missing before '\1'"),
    _Explanation(r"expected the node content", "a value is missing"),
    _Explanation(
        r"expected '<document start>'|expected <document start>",
        "this line does not belong to the value above",
        "check the indentation",
    ),
)


def explain(error: YAMLError, text: str) -> Problem:
    """The problem that a parser's error stands for, at its place in the text."""
    if not isinstance(error, MarkedYAMLError):
        return Problem("", "this is not valid YAML")
    words = f"{error.context or ''}: {error.problem or ''}"
    for explanation in _EXPLANATIONS:
        if match := re.search(explanation.pattern, words):
            mark = (error.context_mark if explanation.opener else None) or error.problem_mark
            hint = explanation.hint or _stopped(text, _index(mark), _index(error.problem_mark))
            return problem_at(text, _index(mark), match.expand(explanation.message), hint=hint)
    return problem_at(text, _index(error.problem_mark), f"this is not valid YAML: {error.problem}")


def _stopped(text: str, begin: int, end: int) -> str:
    """Where the parser gave up, for an error that belongs to an earlier line."""
    line, _ = locate(text, end)
    return f"reading stopped in line {line}" if line > locate(text, begin)[0] else ""


def _index(mark: object) -> int:
    return int(getattr(mark, "index", 0))


def problem_at(text: str, offset: int, message: str, *, path: str = "", allowed: str = "", hint: str = "") -> Problem:
    """A problem at an offset of the text."""
    line, column = locate(text, offset)
    return Problem(path, message, allowed=allowed, hint=hint, line=line, column=column)


def refuse_unprintable(text: str) -> None:
    """Raise a `ConfigError` at the first character that YAML does not allow, such as a NUL."""
    if match := _UNPRINTABLE.search(text):
        message = f"the character U+{ord(match.group()):04X} is not allowed in YAML"
        raise ConfigError([problem_at(text, match.start(), message, hint="is this a text file?")])
