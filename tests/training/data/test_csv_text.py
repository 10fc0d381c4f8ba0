from __future__ import annotations

from pathlib import Path

import pytest

from gradcheck_cli.errors import DataError
from gradcheck_cli.training.data.csv_text import open_csv, parse_csv
from gradcheck_cli.training.data.table import Table


def parse(text: str | bytes) -> Table:
    content = text if isinstance(text, bytes) else text.encode()
    return parse_csv(content, path="some.csv", key="data.path")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    table = parse("a|b|y\n1|2|3\n4|5|6\n".replace("|", delimiter))
    assert table.columns == {"a": ["1", "4"], "b": ["2", "5"], "y": ["3", "6"]}


def test_delimiters_inside_quotes_do_not_count() -> None:
    assert list(parse('"a,b,c";y\n1;2\n').columns) == ["a,b,c", "y"]


def test_quoted_cells_keep_delimiters_and_line_breaks() -> None:
    table = parse('a,y\n"1,5","two\nlines"\n2,3\n')
    assert table.columns == {"a": ["1,5", "2"], "y": ["two\nlines", "3"]}
    assert table.row_numbers.tolist() == [2, 4]


def test_blank_lines_are_passed_over_and_lines_still_counted() -> None:
    table = parse("\na,y\n\n1,2\n   \n3,4\n\n")
    assert table.columns == {"a": ["1", "3"], "y": ["2", "4"]}
    assert table.row_numbers.tolist() == [4, 6]


def test_byte_order_mark_and_spaces_are_not_part_of_a_name() -> None:
    assert list(parse("\ufeffa , y\r\n1,2\r\n").columns) == ["a", "y"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "some.csv is empty"),
        (" \n\n", "some.csv is empty"),
        ("a,y\n", "a header row and no rows below it"),
        ("a,y\n1,2\n1,2,3\n4\n", "the header has 2 cells but line 3 has 3, line 4 has 1"),
        ("a,a,y\n1,2,3\n", "the header has the name 'a' 2 times"),
        ("a,,y,\n1,2,3,4\n", "the header has no name for column 2, 4"),
        (b"a,y\n1,\xff\n", "is not UTF-8: byte 0xff in line 2"),
    ],
)
def test_what_is_no_table_is_an_error_that_says_why(text: str | bytes, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        parse(text)
    assert {problem.path for problem in caught.value.problems} == {"data.path"}


def test_all_problems_of_form_come_together() -> None:
    with pytest.raises(DataError) as caught:
        parse("a,a\n1,2,3\n")
    assert len(caught.value.problems) == 2


def test_many_ragged_rows_are_counted_and_not_listed() -> None:
    with pytest.raises(DataError, match=r"line 6 has 1 and 15 more"):
        parse("a,y\n" + "1\n" * 20)


def test_a_cell_beyond_the_reader_s_limit_is_an_error() -> None:
    with pytest.raises(DataError, match="cannot be read as csv near line 2"):
        parse("a,y\n" + "9" * 200_000 + ",1\n")


def test_missing_file_folder_and_near_miss(tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text("a,y\n1,2\n")
    with pytest.raises(DataError, match=r"there is no file 'trian.csv' .*did you mean 'train.csv'\?"):
        open_csv(tmp_path, "trian.csv", key="data.path")
    with pytest.raises(DataError, match=r"'.' is a folder; allowed: a file"):
        open_csv(tmp_path, ".", key="data.path")
    with pytest.raises(DataError, match="cannot be opened"):
        open_csv(tmp_path, "nul\0byte.csv", key="data.path")
    assert list(open_csv(tmp_path, "train.csv", key="data.path").columns) == ["a", "y"]
