"""Code of the user's own is found, called and refused by where it was defined."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gradcheck_cli.config.schema import Config
from gradcheck_cli.errors import ConfigError, ModelError
from gradcheck_cli.training.imports import call_factory, check_permissions
from tests.training.runs import MLP, read

PACKAGE = "own_nets_of_a_test"
CODE = """
import functools
import operator
import os
from os import getcwd
from os.path import join as renamed

VALUE = 3
half = functools.partial(getcwd)
nested = functools.partial(functools.partial(operator.add, 1), 2)
instance = operator.itemgetter(0)
os_module = os

def build(width=2, *, depth=1):
    return width * depth

def exits():
    raise SystemExit(3)

def fails():
    return 1 / 0

def fails_inside(width):
    return build(1, 2, 3)

@functools.wraps(getcwd)
def wrapped():
    return "mine"

class Net:
    def __init__(self, width=1):
        self.width = width

    @classmethod
    def small(cls):
        return cls(7)

    def __call__(self):
        return "called"

net = Net()
"""


@pytest.fixture(autouse=True)
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package in the current folder, forgotten afterwards."""
    folder = tmp_path / PACKAGE
    folder.mkdir()
    (folder / "__init__.py").write_text(CODE)
    (folder / "broken.py").write_text("import this_module_is_not_there\n")
    (folder / "raising.py").write_text("VALUE = 1\nraise OSError('no disk')\n")
    (folder / "leaving.py").write_text("import sys\nsys.exit(4)\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry])
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
        del sys.modules[name]


def call(name: str, *, allowed: tuple[str, ...] = (PACKAGE,), module: str = PACKAGE, **args: Any) -> Any:
    return call_factory(f"{module}:{name}", args, section="model", allowed=allowed, kind=ModelError)[0]


def refusal(name: str, **others: Any) -> str:
    with pytest.raises(ModelError) as caught:
        call(name, **others)
    return str(caught.value)


def test_functions_classes_and_their_methods_are_called() -> None:
    assert call("build", width=3, depth=4) == 12
    assert call("Net", width=5).width == 5
    assert call("Net.small").width == 7
    assert call("net") == "called"


def test_the_current_folder_comes_last_on_the_path() -> None:
    call("build")
    assert sys.path[-1] == str(Path.cwd())
    call("build")
    assert sys.path.count(str(Path.cwd())) == 1


def test_a_part_of_a_package_may_be_allowed() -> None:
    assert call("build", allowed=(f"{PACKAGE}",)) == 2
    assert "is not allowed" in refusal("build", allowed=(f"{PACKAGE}.other",))
    assert "is not allowed" in refusal("build", allowed=(PACKAGE[:-1],))


def test_nothing_is_imported_that_is_not_allowed() -> None:
    assert f"add --allow-import {PACKAGE}" in refusal("build", allowed=())
    assert PACKAGE not in sys.modules


@pytest.mark.parametrize(
    "name", ["getcwd", "renamed", "half", "nested", "instance", "os_module.getcwd", "os.getcwd", "functools.partial"]
)
def test_what_a_package_only_imports_is_not_of_it(name: str) -> None:
    assert "which is not allowed; allowed: own_nets_of_a_test" in refusal(name)


def test_what_calls_itself_foreign_is_refused_too() -> None:
    assert "which is not allowed" in refusal("wrapped")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("biuld", "has no 'biuld'; did you mean 'build'?"),
        ("Net.large", f"{PACKAGE}.Net has no 'large'"),
        ("VALUE", "is not a function: it is a int"),
        ("os_module", "is not a function: it is a module"),
        ("fails", "raised ZeroDivisionError: division by zero (own_nets_of_a_test"),
        ("exits", "raised SystemExit: 3"),
    ],
)
def test_what_cannot_be_called_is_told(name: str, reason: str) -> None:
    message = refusal(name)
    assert message.startswith("model.factory: ")
    assert reason in message


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        (f"{PACKAGE}.missing", f"there is no module '{PACKAGE}.missing'"),
        (f"{PACKAGE}.broken", "raised ModuleNotFoundError: No module named 'this_module_is_not_there'"),
        (f"{PACKAGE}.raising", "raised OSError: no disk (own_nets_of_a_test"),
        (f"{PACKAGE}.leaving", "raised SystemExit: 4"),
        (f"{PACKAGE}.broken.deeper", "raised ModuleNotFoundError"),
    ],
)
def test_what_cannot_be_imported_is_told(module: str, reason: str) -> None:
    assert reason in refusal("build", module=module)


def test_arguments_that_do_not_fit_are_told_at_their_place() -> None:
    assert refusal("build", widht=3).startswith("model.args: ")
    assert "unexpected keyword argument 'widht'" in refusal("build", widht=3)
    assert refusal("fails_inside", width=3).startswith("model.factory: ")


def own(*, data: bool = False, model: bool = False) -> Config:
    text = MLP
    if model:
        text = text.replace(text[text.index("model:") : text.index("\nloss")], f"model: {{factory: '{PACKAGE}:build'}}")
    if data:
        text = text.replace("{type: iris, standardize: true}", f"{{type: python, factory: '{PACKAGE}:rows'}}")
    return read(text)


def test_all_places_without_permission_are_told_together() -> None:
    with pytest.raises(ConfigError) as caught:
        check_permissions(own(data=True, model=True), ["other"])
    assert [problem.path for problem in caught.value.problems] == ["model.factory", "data.factory"]
    assert all(problem.allowed == "other" for problem in caught.value.problems)


def test_configs_with_permission_or_without_need_pass() -> None:
    check_permissions(own(), [])
    check_permissions(own(data=True, model=True), [PACKAGE])
