"""Whatever the file looks like, an edit changes what it says and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from gradcheck_cli.config.document import Document, parse_document
from gradcheck_cli.config.edits import Edit, EditConflict, EditOp, apply_edits, apply_to_data
from gradcheck_cli.config.kinds import same_data
from gradcheck_cli.config.paths import Steps, child_of, join_path, split_path
from tests.config.written_documents import documents, mappings, values

quick = settings(
    derandomize=True,
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
_COMMENT = re.compile(r"# c\d+\.")


def paths_in(data: Any, at: Steps = ()) -> Iterator[Steps]:
    """The paths of all values inside a mapping or list."""
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for step, value in pairs:
        yield (*at, step)
        yield from paths_in(value, (*at, step))


def value_at(data: Any, steps: Steps) -> Any:
    for step in steps:
        data = child_of(data, step)
    return data


@st.composite
def edits_of(draw: st.DrawFn, data: dict[str, Any]) -> Edit:
    """One edit that fits the data."""
    steps = draw(st.sampled_from(sorted(paths_in(data), key=str)))
    op = draw(st.sampled_from(["set", "add", "remove", "insert"]))
    if op == "remove":
        return Edit(EditOp.REMOVE, join_path(steps))
    inside = value_at(data, steps)
    if op == "insert" and isinstance(inside, list):
        index = draw(st.integers(0, len(inside)))
        return Edit(EditOp.INSERT, join_path((*steps, index)), draw(values))
    if op == "add":
        holder = steps if inside is None or isinstance(inside, dict) else ()
        missing = draw(st.sampled_from([("fresh",), ("fresh", "deep"), ("new key",)]))
        return Edit(EditOp.SET, join_path((*holder, *missing)), draw(values))
    return Edit(EditOp.SET, join_path(steps), draw(values))


@quick
@given(documents())
def test_reads_what_was_written(written: tuple[dict[str, Any], str]) -> None:
    data, text = written
    assert same_data(parse_document(text, source="x").data, data)


@quick
@given(documents(), st.data())
def test_one_edit_says_the_same_on_text_as_on_data(written: tuple[dict[str, Any], str], data: st.DataObject) -> None:
    content, text = written
    edit = data.draw(edits_of(content))
    result = apply_edits(text, [edit])
    assert same_data(parse_document(result, source="x").data, apply_to_data(content, [edit]))
    assert result.startswith("\ufeff") == text.startswith("\ufeff")
    assert ("\n" in result.replace("\r\n", "")) <= ("\r\n" not in text)
    _check_untouched(text, result, edit)


def _check_untouched(before: str, after: str, edit: Edit) -> None:
    document = parse_document(before, source="x")
    touched = _touched_lines(document, edit)
    body = _lines_of(before)
    rest = iter(_lines_of(after))
    for number, line in enumerate(body, 1):
        if number not in touched and line:
            assert line in rest, f"line {number} is gone or changed: {line!r}"
    lost = set(_COMMENT.findall(before)) - set(_COMMENT.findall(after))
    if edit.op is EditOp.INSERT:
        assert not lost
    inside = "\n".join(body[number - 1] for number in sorted(_own_lines(document, edit)))
    assert lost <= set(_COMMENT.findall(inside))


def _own_lines(document: Document, edit: Edit) -> set[int]:
    """The lines of the value itself, from its key or dash on."""
    start, lines = document.key_position(edit.path), _lines_of(document.text)
    first, dash = start.line, _line_above(document, start.line)
    begins_line = not lines[first - 1][: start.column - 1].strip()
    if begins_line and dash and lines[dash - 1].split("#")[0].rstrip().endswith("-"):
        first = dash
    return set(range(first, document.position(edit.path).end_line + 1))


def _lines_of(text: str) -> list[str]:
    return re.split(r"\r\n|\n", text.removeprefix("\ufeff"))


def _line_above(document: Document, number: int) -> int:
    """The nearest line above one that is neither blank nor a comment; 0 where there is none."""
    lines = _lines_of(document.text)
    number -= 1
    while number > 0 and not lines[number - 1].split("#")[0].strip():
        number -= 1
    return number


def _touched_lines(document: Document, edit: Edit) -> set[int]:
    """The lines that an edit may change: its own, and where the entries around it begin or end."""
    lines = _own_lines(document, edit)
    *holder, _ = split_path(edit.path)
    # `[]` goes to the key or the dash of a list that empties, above comments and blanks.
    lines |= {document.key_position(join_path(holder)).line}
    lines |= {_line_above(document, document.position(path).line) for path in (join_path(holder), edit.path)}
    parent = value_at(document.data, tuple(holder))
    steps = list(paths_in(parent)) if isinstance(parent, dict | list) else []
    for step in (step for step in steps if len(step) == 1):
        sibling = join_path((*holder, *step))
        lines |= {document.key_position(sibling).line, document.position(sibling).end_line}
    # Where the first entry beside a dash goes, the comments of the next one move up to the dash.
    following = [line for line in lines if line > document.position(edit.path).end_line]
    if edit.op is EditOp.REMOVE and following:
        lines |= set(range(document.position(edit.path).end_line, min(following)))
    return lines | {
        document.position(join_path(tuple(holder))).end_line,
        document.position(join_path(tuple(holder))).line,
    }


class Cell:
    """A value that keeps its identity while lists around it grow and shrink."""

    def __init__(self, value: Any) -> None:
        self.content: Any = value
        if isinstance(value, dict):
            self.content = {key: Cell(item) for key, item in value.items()}
        elif isinstance(value, list):
            self.content = [Cell(item) for item in value]

    def child(self, step: str | int) -> Cell | None:
        if isinstance(self.content, dict):
            found = self.content.get(step)
            return found if isinstance(found, Cell) else None
        return self.content[step] if isinstance(step, int) and step < len(self.content) else None

    def plain(self) -> Any:
        if isinstance(self.content, dict):
            return {key: cell.plain() for key, cell in self.content.items()}
        return [cell.plain() for cell in self.content] if isinstance(self.content, list) else self.content


def edit_by_identity(data: dict[str, Any], edits: list[Edit]) -> Any:
    """What several edits mean: places are looked up first, in the data as it was, and only then changed."""
    root = Cell(data)
    actions: list[tuple[EditOp, Cell, Cell | None, Steps, Any]] = []
    for edit in edits:
        holder, rest = root, split_path(edit.path)
        while len(rest) > 1 and (inner := holder.child(rest[0])) is not None and inner.content is not None:
            holder, rest = inner, rest[1:]
        actions.append((edit.op, holder, holder.child(rest[0]), rest, edit.value))
    for op, holder, target, rest, value in sorted(actions, key=lambda action: action[0] is EditOp.REMOVE):
        if op is EditOp.INSERT:
            place = next((i for i, cell in enumerate(holder.content) if cell is target), len(holder.content))
            holder.content.insert(place, Cell(value))
        elif op is EditOp.REMOVE and isinstance(holder.content, dict):
            del holder.content[rest[0]]
        elif op is EditOp.REMOVE:
            holder.content[:] = [cell for cell in holder.content if cell is not target]
        elif target is not None and len(rest) == 1:
            target.content = Cell(value).content
        else:
            for step in reversed(rest[1:]):
                value = {step: value}
            new = holder.child(rest[0]) or holder.content.setdefault(rest[0], Cell({}))
            new.content = {**(new.content or {}), **Cell(value).content} if len(rest) > 1 else Cell(value).content
    return root.plain()


@quick
@given(documents(), st.data())
def test_several_edits_refer_to_the_document_before(written: tuple[dict[str, Any], str], data: st.DataObject) -> None:
    content, text = written
    edits = [data.draw(edits_of(content)) for _ in range(data.draw(st.integers(2, 4)))]
    try:
        expected = apply_to_data(content, edits)
    except EditConflict:
        assume(False)
    unique = list({(edit.op, edit.path): edit for edit in edits if edit.op is not EditOp.INSERT}.values())
    inserts = [edit for edit in edits if edit.op is EditOp.INSERT]
    assert same_data(edit_by_identity(content, [*unique, *inserts]), expected)
    assert same_data(parse_document(apply_edits(text, edits), source="x").data, expected)


@quick
@given(documents(), mappings)
def test_setting_the_whole_file_leaves_equal_values_alone(
    written: tuple[dict[str, Any], str], target: dict[str, Any]
) -> None:
    content, text = written
    result = apply_edits(text, [Edit(EditOp.SET, "", target)])
    assert same_data(parse_document(result, source="x").data, target)
    assert apply_edits(text, [Edit(EditOp.SET, "", content)]) == text
