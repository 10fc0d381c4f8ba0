"""The command lines of the pre-commit hooks, the GitHub action and the README's snippets, run as they are there."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
HOOKS = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))}
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
GOOD = """\
data: {type: iris, standardize: true}
model:
  weight_init: kaiming_normal_
  layers: [{type: Linear, out_features: 16}, ReLU, {type: Linear, out_features: 3}]
loss: CrossEntropyLoss
optimizer: {type: SGD, lr: 0.1, momentum: 0.9}
trainer: {epochs: 20, batch_size: 16}
"""
BAD = GOOD.replace("out_features: 3}", "out_features: 2}")


def snippet(mark: str) -> Any:
    """The YAML block of the README that follows `<!-- ci: mark -->`."""
    return yaml.safe_load(README.split(f"<!-- ci: {mark} -->\n", 1)[1].split("```", 2)[1].removeprefix("yaml\n"))


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A project with a good and a bad config among other YAML files."""
    files = {"configs/good.yaml": GOOD, "configs/bad.yaml": BAD, "compose.yaml": "services: {}\n"}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def call(command: list[str], folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a command where `gradcheck` is the one under test."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PATH": path, **environ},
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
    )


def test_the_hooks_have_the_keys_that_pre_commit_wants() -> None:
    assert set(HOOKS) == {"gradcheck-lint", "gradcheck-check"}
    for hook in HOOKS.values():
        assert hook["language"] == "python"
        assert hook["types"] == ["yaml"]
        assert hook["require_serial"] is True
    assert HOOKS["gradcheck-check"]["stages"] == ["manual"]
    assert "stages" not in HOOKS["gradcheck-lint"]


@pytest.mark.parametrize("hook", ["gradcheck-lint", "gradcheck-check"])
def test_a_hook_judges_configs_and_passes_over_other_files(hook: str, repository: Path) -> None:
    entry = shlex.split(HOOKS[hook]["entry"])
    named = ["compose.yaml", "configs/good.yaml"]
    clean = call([*entry, *named], repository)
    assert clean.returncode == 0, clean.stderr
    assert call([*entry, "compose.yaml"], repository).returncode == 0
    found = call([*entry, *named, "configs/bad.yaml"], repository)
    assert found.returncode == 1
    assert "configs/bad.yaml:4:" in found.stdout
    assert "GC502 wrong-output-width" in found.stdout


def test_the_readme_names_hooks_that_exist_and_the_local_one_is_the_same() -> None:
    [remote] = snippet("pre-commit")["repos"]
    assert {hook["id"] for hook in remote["hooks"]} == set(HOOKS)
    [local] = snippet("pre-commit local")["repos"]
    [hook] = local["hooks"]
    shared = ("entry", "types", "require_serial", "name")
    assert {key: hook[key] for key in shared} == {key: HOOKS[hook["id"]][key] for key in shared}


def run_action(repository: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """The last step of the action, its inputs filled in as GitHub does."""
    given = {name: entry["default"] for name, entry in ACTION["inputs"].items()} | inputs
    step = ACTION["runs"]["steps"][-1]
    environ = {
        name: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda m: given[m[1]], text) for name, text in step["env"].items()
    }
    return call(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]], repository, **environ)


@pytest.mark.parametrize("output_format", ["concise", "github"])
def test_the_action_lints_a_project(output_format: str, repository: Path) -> None:
    found = run_action(repository, **{"output-format": output_format})
    assert found.returncode == 1, found.stderr
    assert "wrong-output-width" in found.stdout
    assert "configs/bad.yaml" in found.stdout
    is_annotated = "::error title=GC502 wrong-output-width,file=configs/bad.yaml,line=4," in found.stdout
    assert is_annotated is (output_format == "github")
    clean = run_action(repository, paths="configs/g*.yaml compose*", **{"output-format": output_format})
    assert clean.returncode == 2
    assert run_action(repository, paths="configs/g*.yaml", **{"output-format": output_format}).returncode == 0


def test_the_action_takes_further_options_and_can_train(repository: Path) -> None:
    inputs = {"command": "check", "paths": "configs/good.yaml", "output-format": "concise"}
    done = run_action(repository, args="--epochs 2 --no-save --fail-on never --quiet", **inputs)
    assert (done.returncode, done.stderr) == (0, "")


def test_text_of_a_pull_request_is_no_part_of_a_script(repository: Path) -> None:
    for name in ("command", "paths", "output-format", "args"):
        run_action(repository, **{name: "x; touch hacked $(touch hacked)"})
    assert not (repository / "hacked").exists()
    assert all("${{" not in step["run"] for step in ACTION["runs"]["steps"])


def test_the_readme_uses_the_action_with_inputs_that_exist(repository: Path) -> None:
    [job] = snippet("github")["jobs"].values()
    inputs = job["steps"][-1]["with"]
    assert set(inputs) <= set(ACTION["inputs"])
    done = run_action(repository, **inputs, **{"output-format": "concise"})
    assert done.returncode == 1


def test_the_snippet_for_gitlab_leaves_the_report_that_it_names(repository: Path) -> None:
    snippet_job = snippet("gitlab")["gradcheck"]
    command = shlex.split(snippet_job["script"][-1])
    kind, _, report = command.pop().partition("=")
    assert (command.pop(), kind) == ("--report", "gitlab")
    assert report == snippet_job["artifacts"]["reports"]["codequality"]
    assert call([*command, "--report", f"{kind}={report}"], repository).returncode == 1
    entries = json.loads((repository / report).read_text(encoding="utf-8"))
    found = {(entry["check_name"], entry["location"]["path"]) for entry in entries}
    assert ("GC502 wrong-output-width", "configs/bad.yaml") in found
