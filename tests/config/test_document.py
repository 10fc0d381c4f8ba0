"""Reading a config file: data, positions, and what is refused."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from gradcheck_cli.config.document import MAX_BYTES, Document, Position, parse_document, read_document
from gradcheck_cli.errors import ConfigError, Problem

TEXT = """\
# a run
data: {type: digits}
base: &base {lr: 0.1, betas: [0.9, 0.999]}
model:
  layers:
  - type: Linear  # first
    out_features: 10

  - ReLU
  - repeat: 010
optimizer:
  <<: *base
  type: Adam
copy: *base
"""


def parse(text: str, **options: Any) -> Document:
    return parse_document(text, source="run.yaml", **options)


def problems_of(text: str) -> list[Problem]:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    return list(caught.value.problems)


def test_data_is_plain_with_aliases_written_out() -> None:
    data = parse(TEXT).data
    assert data["optimizer"] == {"lr": 0.1, "betas": [0.9, 0.999], "type": "Adam"}
    assert data["copy"] == data["base"]
    assert data["copy"]["betas"] is not data["base"]["betas"]


@pytest.mark.parametrize(
    ("path", "position"),
    [
        ("", Position(2, 1, 14, 12)),
        ("data.type", Position(2, 14, 2, 20)),
        ("model", Position(5, 3, 10, 16)),
        ("model.layers[0]", Position(6, 5, 7, 21)),
        ("model.layers.0.type", Position(6, 11, 6, 17)),
        ("model.layers[1]", Position(9, 5, 9, 9)),
        ("model.layers[1].p", Position(9, 5, 9, 9)),
        ("model.layers[7]", Position(6, 3, 10, 16)),
        ("optimizer.lr", Position(3, 18, 3, 21)),
        ("copy", Position(14, 7, 14, 12)),
        ("copy.betas[1]", Position(3, 36, 3, 41)),
    ],
)
def test_positions(path: str, position: Position) -> None:
    assert parse(TEXT).position(path) == position


def test_positions_of_keys() -> None:
    document = parse(TEXT)
    assert document.key_position("model.layers[0].out_features") == Position(7, 5, 7, 17)
    assert document.key_position("model.layers[1]") == document.position("model.layers[1]")
    assert document.key_position("optimizer.nothing") == Position(11, 1, 11, 10)


@pytest.mark.parametrize("path", ["base", "base.lr", "optimizer.lr", "copy", "copy.betas[0]"])
def test_values_of_aliases_and_merge_keys_are_shared(path: str) -> None:
    assert parse(TEXT).shared(path)


@pytest.mark.parametrize("path", ["data", "optimizer", "optimizer.type", "model.layers[0]"])
def test_other_values_are_not_shared(path: str) -> None:
    assert not parse(TEXT).shared(path)


def test_an_anchor_that_nothing_uses_shares_nothing() -> None:
    assert not parse("a: &x {b: 1}").shared("a.b")


def test_hints_are_kept_for_texts_that_look_like_numbers() -> None:
    document = parse(TEXT + "quoted: '010'\n")
    assert document.data["model"]["layers"][2]["repeat"] == "010"
    assert "write 10" in document.hint("model.layers[2].repeat")
    assert not document.hint("quoted")
    assert not document.hint("optimizer.type")
    assert not document.hint("not.there")


def test_pickles_and_is_frozen() -> None:
    document = parse(TEXT, overrides=["seed=1"])
    copy = pickle.loads(pickle.dumps(document))
    assert copy == document
    assert copy.position("optimizer.lr") == document.position("optimizer.lr")
    with pytest.raises(AttributeError):
        document.text = ""  # type: ignore[misc]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_breaks_and_byte_order_mark_make_no_difference(newline: str, mark: str, tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_bytes((mark + TEXT.replace("\n", newline)).encode())
    document = read_document(file)
    assert document.data == parse(TEXT).data
    assert document.position("model.layers[1]") == Position(9, 5, 9, 9)
    assert document.position("data.type") == Position(2, 14, 2, 20)
    assert document.text == file.read_bytes().decode()
    assert document.source == str(file)


def test_merge_precedence() -> None:
    text = "a: &a {x: 1, y: 1, z: 1}\nb: &b {y: 2, w: 2}\nc: {<<: [*b, *a], x: 3}\nd: {x: 3, <<: {<<: *a, x: 9}}\n"
    data = parse(text).data
    assert data["c"] == {"x": 3, "y": 2, "z": 1, "w": 2}
    assert data["d"] == {"x": 3, "y": 1, "z": 1}


def test_a_quoted_merge_key_is_a_key() -> None:
    assert parse("a: {'<<': 1}").data == {"a": {"<<": 1}}


def test_core_tags_are_read() -> None:
    data = parse("a: !!str 3\nb: !!float 3\nc: !!int '4'\nd: !!map {x: !!null ''}\ne: !!seq []\nf: ! 1").data
    assert data == {"a": "3", "b": 3.0, "c": 4, "d": {"x": None}, "e": [], "f": "1"}
    assert isinstance(data["b"], float)


def test_all_duplicates_are_reported_with_both_places() -> None:
    problems = problems_of("a: 1\nb: {c: 1, d: 2, c: 3}\na: 2\na: 3\n")
    assert [(problem.path, problem.line, problem.column) for problem in problems] == [
        ("b.c", 2, 17),
        ("a", 3, 1),
        ("a", 4, 1),
    ]
    assert problems[1].message == "the key 'a' appears twice, here and in line 1, column 1"


def test_duplicates_in_a_shared_value_are_one_problem() -> None:
    assert len(problems_of("a: &a {b: 1, b: 2}\nc: *a\nd: *a\n")) == 1


def test_different_faults_are_reported_together() -> None:
    text = "a: !!python/object/apply:os.system [x]\n1: b\n? [c]\n: d\ne: {<<: 3}\nf: !!int x\ng: {{ name }}\n~: h\n"
    messages = [f"{problem.line}: {problem.message}" for problem in problems_of(text)]
    assert messages == [
        "1: the tag '!!python/object/apply:os.system' is not read here",
        "2: the key 1 is a number, but keys are text",
        "3: a mapping or a list stands where a key must be",
        "5: '<<' merges something that is not a mapping",
        "6: 'x' does not fit its tag '!!int'",
        "7: a mapping or a list stands where a key must be",
        "8: the key ~ is null, but keys are text",
    ]


def test_collected_problems_leave_the_rest_readable() -> None:
    document = parse("a: 1\na: 2\nb: 3\n", collect=True)
    assert [problem.line for problem in document.problems] == [2]
    assert document.data == {"a": 1, "b": 3}


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("a:\n\tb: 1", (2, 1), "a tab stands where spaces are needed"),
        ("a: [1, 2\nb: 3\n", (1, 4), "the list opened with '[' here lacks a ',' or its ']'"),
        ("a: {x: 1\nb: 3\n", (1, 4), "the mapping opened with '{' here lacks a ',' or its '}'"),
        ('a: "x\nb: 3\n', (1, 4), "the quote that opens here is never closed"),
        ("a: b: c", (1, 5), "a ':' stands where no key can be"),
        ("a: 1\n b: 2", (2, 3), "a ':' stands where no key can be"),
        ("a: - b", (1, 4), "a '-' stands where no list entry can be"),
        ("a: @x", (1, 4), "a value cannot begin with '@'"),
        ('a: "\\q"', (1, 6), r"\q means nothing in double quotes"),
        ("a: 1\nfoo\n", (2, 1), "this key has no ':' after it"),
        ("a:\n  - b\n - c", (3, 2), "this line does not fit the lines above"),
        ("a: 1\n]", (2, 1), "this line does not fit the lines above"),
        ("a: *x", (1, 4), "the alias *x has no &x before it"),
        ("a: [,]", (1, 5), "a value is missing before ','"),
        ("a: {{", (1, 6), "the file ends where a value is missing"),
        ("a: 1\n---\nb: 1", (2, 1), "a second document begins here"),
        ("a: \x00", (1, 4), "the character U+0000 is not allowed in YAML"),
        ("- a", (1, 1), "the file holds a list; it must be a mapping of keys such as data, model and loss"),
        ("\nplain words", (2, 1), "the file holds text; it must be a mapping of keys such as data, model and loss"),
    ],
)
def test_what_cannot_be_read_is_said_plainly_with_its_place(text: str, place: tuple[int, int], message: str) -> None:
    problems = problems_of(text)
    assert [((problem.line, problem.column), problem.message) for problem in problems] == [(place, message)]


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "\ufeff"])
def test_an_empty_file_is_refused(text: str) -> None:
    assert [problem.message for problem in problems_of(text)] == ["the file is empty"]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"a: 1\nname: caf\xe9\n")
    (tmp_path / "large.yaml").write_bytes(b"#" * (MAX_BYTES + 1))
    (tmp_path / "utf16.yaml").write_text("a: 1", encoding="utf-16")
    for name, message in {
        "missing.yaml": "missing.yaml' does not exist",
        ".": "is a directory",
        "latin.yaml": "is not UTF-8: byte 0xE9 at offset 14",
        "large.yaml": "larger than 1 MiB",
        "utf16.yaml": "is not UTF-8",
    }.items():
        with pytest.raises(ConfigError, match=message):
            read_document(tmp_path / name)
    with pytest.raises(ConfigError, match="cannot be read: not a directory"):
        read_document(tmp_path / "latin.yaml" / "x.yaml")


def test_a_file_of_just_the_largest_size_is_read(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_bytes(b"a: 1\n#" + b"x" * (MAX_BYTES - 6))
    assert read_document(file, source="shown").source == "shown"
