"""The import fences of the package: which module may import what, and what stays out of a fast start."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gradcheck_cli.config.sources import SOURCES

PACKAGE = Path(__file__).parents[1] / "gradcheck_cli"
ROOT = PACKAGE.parent

# Lower stages first. A stage imports itself, the stages named and `errors`; `diagnosis/check.py` alone joins them.
MAY_IMPORT = {
    "config": set(),
    "recording": {"config"},
    "training": {"config", "recording"},
    "rules": {"config", "recording"},
    "diagnosis": {"config", "recording", "rules"},
    "reporters": {"config", "recording", "rules", "diagnosis"},
    "fixing": {"config", "recording", "rules", "diagnosis"},
    "integrations": {"config", "recording", "rules", "diagnosis", "reporters"},
    "cli": {"config", "recording", "rules", "diagnosis", "reporters", "fixing"},
}
TORCH_FREE_RECORDING = {
    "__init__.py",
    "data_profile.py",
    "describing.py",
    "description.py",
    "history.py",
    "launch.py",
    "progress.py",
    "run_folder.py",
    "storage.py",
}
TERMINAL_REPORTERS = {"full"}


def modules() -> list[Path]:
    return sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


def imports(path: Path, *, top_level_only: bool = False) -> Iterator[str]:
    """Dotted names that a module imports, in functions too, but not under `if TYPE_CHECKING`: those cost nothing."""
    tree = ast.parse((PACKAGE / path).read_text(encoding="utf-8"))
    skipped: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for statement in node.body:
                skipped.update(ast.walk(statement))
        if top_level_only and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            skipped.update(inner for inner in ast.walk(node) if inner is not node)
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""


def roots(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports(path)}


@pytest.mark.parametrize("path", modules(), ids=str)
def test_third_party_packages_stay_inside_their_fences(path: Path) -> None:
    found, stage = roots(path), path.parts[0]
    if "torch" in found:
        assert stage in {"training", "recording", "integrations"}
        assert not (stage == "recording" and path.name in TORCH_FREE_RECORDING)
    if "yaml" in found:
        assert stage == "config"
    if {"rich", "typer", "click"} & found:
        assert stage == "cli" or (stage == "reporters" and path.parts[1].removesuffix(".py") in TERMINAL_REPORTERS)


@pytest.mark.parametrize("path", [path for path in modules() if len(path.parts) > 1], ids=str)
def test_stages_import_one_way(path: Path) -> None:
    stage = path.parts[0]
    allowed = MAY_IMPORT[stage] | {stage, "errors", "__init__"}
    if path == Path("diagnosis/check.py"):
        allowed.add("training")
    found = {[*name.split("."), "__init__"][1] for name in imports(path) if name.split(".")[0] == "gradcheck_cli"}
    assert found <= allowed


def test_only_a_function_of_check_imports_training() -> None:
    assert not [name for name in imports(Path("diagnosis/check.py"), top_level_only=True) if ".training" in name]


RULES = [path for path in modules() if path.parts[0] == "rules"]
NAMES_OF_NO_CONCERN = {("description", "name"), ("config", "name"), ("data", "type"), ("document", "source")}


@pytest.mark.parametrize("path", RULES, ids=str)
def test_rules_do_not_look_at_names_of_files_or_data(path: Path) -> None:
    """What a run is called, where its file lies and where its rows come from; `tests/rules/test_blindness.py` too."""
    tree = ast.parse((PACKAGE / path).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
            assert (owner, node.attr) not in NAMES_OF_NO_CONCERN, ast.unparse(node)
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert node.value.casefold() not in SOURCES, node.value
    assert not roots(path) & {"pathlib", "os", "glob", "io"}


@pytest.mark.parametrize(
    ("arguments", "kept_out"),
    [
        (["--help"], {"torch", "numpy", "pydantic", "yaml"}),
        (["rule", "GC101"], {"torch", "numpy", "pydantic"}),
        (["lint", "configs/healthy.yaml"], {"torch", "numpy", "pydantic"}),
    ],
)
def test_light_commands_leave_heavy_packages_out(arguments: list[str], kept_out: set[str]) -> None:
    program = (
        "import sys\n"
        "from gradcheck_cli.cli.app import run\n"
        f"code = run({arguments!r})\n"
        f"loaded = {kept_out!r} & set(sys.modules)\n"
        "assert code == 0, code\n"
        "assert not loaded, loaded\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
