from __future__ import annotations

from dataclasses import replace

from gradcheck_cli.diagnosis.judge import judge
from gradcheck_cli.recording.data_profile import BadCells, Cell, DataProfile
from gradcheck_cli.recording.description import DataDescription
from gradcheck_cli.recording.history import History, NonFinite, RunStatus
from gradcheck_cli.rules.base import Finding, Safety, Severity
from gradcheck_cli.rules.data.bad_data import BadData
from tests.data_profiles import make_scales, read, run_on
from tests.histories import make_description, make_history, make_linted

INFINITE = Cell(3, "bmi", "inf", row_word="line", source="a.csv")


def check(run: History) -> list[Finding]:
    return list(BadData().check(run))


def missing(count: int, *, sources: tuple[str, ...] = ("a.csv",)) -> BadCells:
    cells = [Cell(row, "age", "nan", source=source) for source in sources for row in range(min(count, 20))]
    return BadCells(tuple(cells), count * len(sources), refused=True)


def test_clean_data_and_lint_stay_quiet() -> None:
    assert check(run_on(inputs=make_scales())) == []
    assert check(make_linted()) == []


def test_an_infinite_cell_is_an_error_with_its_place() -> None:
    [finding] = check(run_on(bad_cells=BadCells((INFINITE,), 1)))
    assert finding.message == "Cells of the data are NaN or infinite. 1 cell: line 3 column 'bmi' inf."
    assert (finding.level, finding.path) == (Severity.ERROR, "data")
    assert [fix.safety for fix in BadData().fixes(finding, read("diabetes"))] == [Safety.ADVICE]


def test_it_is_the_cause_of_what_became_of_the_run() -> None:
    broken = make_history(status=RunStatus.DIVERGED, non_finite=NonFinite(0, "loss"))
    first = judge(run_on(broken, bad_cells=BadCells((INFINITE,), 1))).findings[0]
    assert first.rule == "GC603"
    assert "GC301" in first.explains


def test_missing_cells_are_an_error_of_a_run_that_was_not_trained() -> None:
    run = replace(make_linted(), status=RunStatus.FAILED, data_profile=DataProfile(bad_cells=missing(7)))
    [finding] = [f for f in judge(run).findings if f.severity is Severity.ERROR]
    assert finding.message == (
        "Cells of the data are missing. 7 cells: row 0 column 'age', row 1 column 'age', row 2 column 'age',"
        " row 3 column 'age', row 4 column 'age' and 2 more."
    )
    assert finding.path == "data.missing"


def test_places_in_two_files_are_told_apart() -> None:
    [finding] = check(run_on(bad_cells=missing(1, sources=("a.csv", "b.csv"))))
    assert "row 0 column 'age' of a.csv, row 0 column 'age' of b.csv" in finding.message


def test_missing_cells_can_be_filled_or_dropped() -> None:
    [finding] = check(run_on(bad_cells=missing(7)))
    mean, drop, mend = BadData().fixes(finding, read("diabetes"))
    assert [(e.path, e.value) for e in (*mean.edits, *drop.edits)] == [
        ("data.missing", "mean"),
        ("data.missing", "drop"),
    ]
    assert (mean.safety, mend.safety) == (Safety.UNSAFE, Safety.ADVICE)
    assert {fix.safety for fix in BadData().fixes(finding, None)} == {Safety.ADVICE}


def test_a_constant_target_is_an_error_whatever_the_end() -> None:
    findings = judge(run_on(constant_target=True)).findings
    [finding] = [f for f in findings if f.rule == "GC603"]
    assert finding.severity is Severity.ERROR
    assert [fix.safety for fix in finding.fixes] == [Safety.ADVICE]


def test_blank_pixels_of_images_are_no_finding() -> None:
    images = make_history(make_description(data=DataDescription(input_shape=(1, 8, 8))))
    assert check(run_on(images, constant_features=("pixel_0",), constant_feature_count=1)) == []


def test_constant_features_are_a_note_even_where_the_run_fails() -> None:
    names = tuple(f"pixel_{index}" for index in range(7))
    poor = make_history(status=RunStatus.DIVERGED, non_finite=NonFinite(0, "loss"))
    findings = judge(run_on(poor, constant_features=names, constant_feature_count=30)).findings
    [finding] = [f for f in findings if f.rule == "GC603"]
    assert finding.severity is Severity.INFO
    assert finding.explains == ()
    assert "30 features: pixel_0, pixel_1, pixel_2, pixel_3, pixel_4 and 25 more." in finding.message
