"""Strategies for config-like data and for the many ways to write it as YAML; it reads nothing."""

from __future__ import annotations

import json
import re
from random import Random
from typing import Any

from hypothesis import strategies as st

_WORDS = ["ReLU", "Linear", "lr", "SGD", "a b", "yes", "on", "010", "1e-3", "null", "", " x", "# no", "a: b", "- x"]
_ODD_TEXTS = [
    "é",
    "😀 x",
    "it's",
    'say "hi"',
    "a\\b",
    "line\nbreak\n",
    "[x",
    "{y}",
    "*z",
    "&w",
    "!t",
    "1_000",
    "a#b",
    "<<",
]
_KEYS = ["type", "lr", "layers", "name", "p", "std", "weight_init", "optimizer", "data", "a b", "on", "1", "x.y", "é"]
_PLAIN = re.compile(r"[A-Za-z_é][\w.]*(?: \w+)*")

texts = st.sampled_from(_WORDS + _ODD_TEXTS)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1000, 1000),
    st.floats(allow_nan=False, width=32),
    st.sampled_from([1e-3, 1e-8, 5e4, 0.1, 1.0]),
    texts,
)


def _nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(_KEYS), inner, max_size=4),
    )


values = st.recursive(scalars, _nested, max_leaves=6)
_layers = st.dictionaries(st.sampled_from(_KEYS), scalars, min_size=1, max_size=3) | st.sampled_from(["ReLU", "Tanh"])
_groups = st.fixed_dictionaries({"repeat": st.integers(1, 3), "layers": st.lists(_layers, max_size=3)})
_lists = st.lists(_layers | _groups | st.lists(scalars, max_size=2), max_size=4)
mappings = st.dictionaries(st.sampled_from(_KEYS), values | _lists, min_size=1, max_size=4)


class Writer:
    """Writes data as YAML in a random mix of styles; every comment has text of its own."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._comments = 0

    def document(self, data: dict[str, Any]) -> str:
        body = [self._flow(data, 0)] if self._chance(0.1) else self._block(data, 0)
        # A block scalar that ends a file without a line break loses its own.
        text = "\n".join(body) + ("\n" if body[-1].strip() == "break" or self._chance(0.8) else "")
        head = self._random.choice(["", "", "---\n", "# start\n", "%YAML 1.2\n---\n"])
        text = (head + text).replace("\n", self._random.choice(["\n", "\n", "\r\n"]))
        return self._random.choice(["", "", "\ufeff"]) + text

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _comment(self, share: float = 0.25) -> str:
        if not self._chance(share):
            return ""
        self._comments += 1
        return f"{self._random.choice([' ', '   '])}# c{self._comments}."

    def _comment_lines(self, indent: int) -> list[str]:
        lines = []
        if self._chance(0.15):
            lines.append("")
        if comment := self._comment(0.2):
            lines.append(" " * self._random.choice([indent, indent, 0]) + comment.strip())
        return lines

    def _block(self, value: Any, indent: int) -> list[str]:
        """The lines of a mapping or list that is not empty."""
        lines: list[str] = []
        pairs = value.items() if isinstance(value, dict) else ((None, item) for item in value)
        for key, item in pairs:
            lines += self._comment_lines(indent)
            lead = " " * indent + ("-" if key is None else f"{self._text(key, True)}:")
            lines += self._entry(lead, item, indent, dash=key is None)
        return lines

    def _entry(self, lead: str, item: Any, indent: int, *, dash: bool) -> list[str]:
        collection = isinstance(item, dict | list) and bool(item)
        if not collection or self._chance(0.4):
            return self._inline_entry(lead, item, indent)
        if dash and self._chance(0.8):
            inner = self._block(item, indent + 2)
            while not inner[0].strip() or inner[0].strip().startswith("#"):
                inner.pop(0)
            return [f"{lead} {inner[0][indent + 2 :]}", *inner[1:]]
        step = self._random.choice([2, 4] if isinstance(item, dict) or dash else [0, 2])
        return [lead + self._comment(), *self._block(item, indent + step)]

    def _inline_entry(self, lead: str, item: Any, indent: int) -> list[str]:
        if item is None and self._chance(0.5):
            return [lead + self._comment()]
        if isinstance(item, str) and item.endswith("k\n") and self._chance(0.5):
            return [f"{lead} |", *(" " * (indent + 2) + line for line in item.splitlines())]
        return [f"{lead} {self._flow(item, indent + 2)}{self._comment()}"]

    def _flow(self, value: Any, indent: int) -> str:
        if not isinstance(value, dict | list):
            return self._scalar(value)
        opening, closing = "{}" if isinstance(value, dict) else "[]"
        if not value:
            return opening + closing
        several = self._chance(0.25)
        if isinstance(value, dict):
            parts = [self._pair(key, item, indent + 2) for key, item in value.items()]
        else:
            parts = [self._flow(item, indent + 2) for item in value]
        if not several:
            pad = self._random.choice(["", "", " "])
            return opening + pad + ", ".join(parts) + self._random.choice(["", "", ","]) + pad + closing
        return self._several_lines(parts, opening, closing, indent)

    def _several_lines(self, parts: list[str], opening: str, closing: str, indent: int) -> str:
        text = opening + self._comment()
        for index, part in enumerate(parts):
            last = index == len(parts) - 1
            own_line = index == 0 or self._chance(0.7)
            text += f"\n{' ' * indent}" if own_line or "#" in text[text.rfind("\n") + 1 :] else " "
            text += part + ("" if last and self._chance(0.5) else ",")
            text += self._comment()
        return (
            f"{text}\n{' ' * max(indent - 2, 1)}{closing}" if "#" in text or self._chance(0.5) else f"{text}{closing}"
        )

    def _pair(self, key: str, item: Any, indent: int) -> str:
        if item is None and self._chance(0.4):
            return self._text(key, True) + self._random.choice(["", ": "])
        return f"{self._text(key, True)}: {self._flow(item, indent)}"

    def _scalar(self, value: Any) -> str:
        if isinstance(value, str):
            return self._text(value, False)
        if value is None:
            return self._random.choice(["null", "~", "Null"])
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, float):
            return {"inf": ".inf", "-inf": "-.inf"}.get(repr(value), repr(value))
        return str(value)

    def _text(self, value: str, is_key: bool) -> str:
        safe = _PLAIN.fullmatch(value) and value not in {"null"}
        if safe and self._chance(0.7):
            return value
        if "\n" not in value and self._chance(0.5):
            return "'" + value.replace("'", "''") + "'"
        return json.dumps(value, ensure_ascii=False)


@st.composite
def documents(draw: st.DrawFn) -> tuple[dict[str, Any], str]:
    """Data and a text that holds it."""
    data = draw(mappings)
    return data, Writer(Random(draw(st.integers(0, 2**32)))).document(data)
