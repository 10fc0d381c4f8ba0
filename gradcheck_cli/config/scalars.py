"""YAML 1.2 scalars: text to value and value to text; it knows nothing of mappings, lists or the config."""

from __future__ import annotations

import math
import re

Scalar = str | int | float | bool | None

_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_OCTAL = re.compile(r"0o[0-7]+")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_LEADING_ZERO = re.compile(r"([-+]?)0+([0-9]+)")
_GROUPED = re.compile(r"[-+]?[0-9][0-9_]*_[0-9_]*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?")
_SEXAGESIMAL = re.compile(r"[-+]?[0-9]+(?::[0-5]?[0-9])+(?:\.[0-9]*)?")
_BINARY = re.compile(r"[-+]?0b[01_]+")
_DECIMAL_COMMA = re.compile(r"[-+]?[0-9]+,[0-9]+")
_OLD_BOOLEANS = {
    **dict.fromkeys(("yes", "on", "y"), "true"),
    **dict.fromkeys(("no", "off", "n"), "false"),
}
_FOREIGN_WORDS = {"none": "null", "inf": ".inf", "+inf": ".inf", "-inf": "-.inf", "infinity": ".inf", "nan": ".nan"}
# Python refuses to read longer integers, to save time; no setting of a training run comes near it.
_LONGEST_INTEGER = 400


def read_scalar(text: str) -> Scalar:
    """The value of a plain (unquoted) scalar by the core schema of YAML 1.2, with one deviation.

    Whole numbers with a leading zero stay text, because 1.1 and 1.2 read them differently (see `misreading_hint`); so
    do numbers too large for a 64-bit float.

    Source: YAML 1.2.2, 10.3.2 Tag Resolution.
    """
    if text in _WORDS:
        return _WORDS[text]
    if len(text) <= _LONGEST_INTEGER:
        if _INTEGER.fullmatch(text):
            return int(text)
        if _OCTAL.fullmatch(text):
            return int(text[2:], 8)
        if _HEXADECIMAL.fullmatch(text):
            return int(text[2:], 16)
    if _FLOAT.fullmatch(text) and not _LEADING_ZERO.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    return text


def misreading_hint(text: str) -> str:
    """What to write instead of a plain scalar that looks like a number or a word but is text; empty for others."""
    if not isinstance(read_scalar(text), str):
        return ""
    lower = text.lower()
    if lower in _OLD_BOOLEANS:
        return f"{text} is text in YAML 1.2; write {_OLD_BOOLEANS[lower]}"
    if lower in _FOREIGN_WORDS:
        return f"{text} is text in YAML; write {_FOREIGN_WORDS[lower]}"
    return _number_hint(text)


def _number_hint(text: str) -> str:
    if match := _LEADING_ZERO.fullmatch(text):
        sign, digits = match.groups()
        octal = f", or 0o{digits} for octal" if not sign and re.fullmatch(r"[0-7]+", digits) else ""
        return f"a number has no leading zero here; write {sign}{digits}{octal}"
    if _GROUPED.fullmatch(text):
        return f"a number has no underscores in YAML 1.2; write {text.replace('_', '')}"
    if _SEXAGESIMAL.fullmatch(text):
        return f"YAML 1.1 read {text} in base 60; write a plain number, or quote it if text is meant"
    if _BINARY.fullmatch(text):
        return f"binary numbers are text in YAML 1.2; write {int(text.replace('_', ''), 2)}"
    if _DECIMAL_COMMA.fullmatch(text):
        return f"the decimal sign is a point; write {text.replace(',', '.')}"
    if _FLOAT.fullmatch(text):
        return "the number is too large for a 64-bit float; write .inf if infinity is meant"
    return ""


def write_float(value: float) -> str:
    """The shortest text that reads back as the same float: `1e-3`, `0.01`, `100.0`, `.inf`."""
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    plain = repr(value)
    if 1 <= abs(value) < 1e6 or value == 0:
        return plain
    scientific = _scientific(value)
    return scientific if "e" in plain or len(scientific) < len(plain) else plain


def _scientific(value: float) -> str:
    digits = repr(value).lstrip("-").lower()
    mantissa, _, exponent = digits.partition("e")
    whole, _, fraction = mantissa.partition(".")
    power = int(exponent or 0) + len(whole) - 1
    figures = (whole + fraction).lstrip("0")
    power -= len(whole + fraction) - len(figures)
    figures = figures.rstrip("0")
    point = f".{figures[1:]}" if len(figures) > 1 else ""
    return f"{'-' if value < 0 else ''}{figures[0]}{point}e{power}"
