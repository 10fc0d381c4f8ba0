from __future__ import annotations

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcheck_cli.config.paths import join_path
from gradcheck_cli.config.toml_document import parse_toml
from gradcheck_cli.errors import ConfigError

TEXT = """\
[project]
name = "x"  # [tool.gradcheck]
text = \"\"\"
[tool.gradcheck.fake]
\"\"\"

  [tool.gradcheck]
select = [
  "GC1",
]
"per-file-ignores" = {"old/*" = ["GC101"]}
rules.overfitting.min_rise = 0.5

[ tool . gradcheck . "rules" . dead-units ]
max_share = 0.1
[tool.other]
select = 1
"""


def test_the_table_and_the_lines_of_its_keys() -> None:
    document = parse_toml(TEXT, source="pyproject.toml", table=("tool", "gradcheck"))
    assert document is not None
    assert document.data["select"] == ["GC1"]
    lines = {
        "select": 8,
        "select[0]": 8,
        "per-file-ignores": 11,
        '["per-file-ignores"]["old/*"]': 11,
        "rules.overfitting.min_rise": 12,
        "rules.dead-units": 14,
        "rules.dead-units.max_share": 15,
    }
    assert {path: document.position(path).line for path in lines} == lines
    assert document.key_position("select").column == 1


def test_a_file_without_the_table() -> None:
    assert parse_toml("[tool.ruff]\n", source="pyproject.toml", table=("tool", "gradcheck")) is None
    assert parse_toml("tool = 1\n", source="pyproject.toml", table=("tool", "gradcheck")) is None


@pytest.mark.parametrize(
    ("text", "line"), [("a = \n", 1), ("a = 1\na = 2\n", 2), ("b = 1\n[x\n", 2), ("a = [1,\n\n", 3), ("a = 1 2", 1)]
)
def test_broken_toml_is_told_with_its_line(text: str, line: int) -> None:
    with pytest.raises(ConfigError, match="not valid TOML") as raised:
        parse_toml(text, source="gradcheck.toml")
    assert raised.value.problems[0].line == line


@settings(deadline=None)
@given(st.text(alphabet="ab.=\"[]{}#\n' 1,", max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        with pytest.raises(ConfigError) as raised:
            parse_toml(text, source="gradcheck.toml")
        assert raised.value.problems[0].line is not None
        return
    document = parse_toml(text, source="gradcheck.toml")
    assert document is not None
    for key in document.data:
        assert document.key_position(join_path((key,))).line >= 1
