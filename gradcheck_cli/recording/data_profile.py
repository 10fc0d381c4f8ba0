"""What a run's data look like, in a few plain numbers that can be saved; it loads no data and judges nothing."""

from __future__ import annotations

from dataclasses import dataclass

from gradcheck_cli.recording import late_numpy as np

DOMINANT_CLASS_SHARE = 0.7
"""Beyond this share of one class the metric is balanced accuracy. Source: contracts of the report; convention."""


@dataclass(frozen=True)
class Cell:
    """One value in the source.

    Attributes:
        row: The line of a text file, from 1; elsewhere the row, from 0.
        column: Name of the feature or target.
        value: As written in the source; `nan` where it is missing.
        row_word: What `row` counts: `line` or `row`.
        source: The file, or the name of the source.
    """

    row: int
    column: str
    value: str
    row_word: str = "row"
    source: str = ""

    def __str__(self) -> str:
        return f"{self.row_word} {self.row} column {self.column!r}"


@dataclass(frozen=True)
class BadCells:
    """Cells that are missing, NaN or infinite, training and validation rows together.

    Attributes:
        first: The first of them, at most 20 of each part.
        count: How many there are.
        refused: Whether they are missing cells because of which the run was not trained.
    """

    first: tuple[Cell, ...]
    count: int
    refused: bool = False


@dataclass(frozen=True)
class Scales:
    """How large the columns of the inputs or targets are in training, before any standardisation.

    Attributes:
        largest: The column with the largest root mean square.
        size: That root mean square.
        widest: The column with the largest spread (largest less smallest value).
        spread: That spread.
        narrow: A column at the lower quartile of the spreads, constant columns left out.
        narrow_spread: Its spread. The smallest of all would be that of some pixel which is nearly always 0.
        standardized: Whether the network sees the columns standardised.
    """

    largest: str
    size: float
    widest: str
    spread: float
    narrow: str
    narrow_spread: float
    standardized: bool = False


@dataclass(frozen=True)
class ClassCounts:
    """Rows of each class, `[C]`, in the order of the class indices."""

    names: tuple[str, ...]
    train: np.typing.NDArray[np.int64]
    validation: np.typing.NDArray[np.int64]


@dataclass(frozen=True)
class Overlap:
    """How many validation rows have the same inputs as a training row.

    Attributes:
        rows: Validation rows that were looked up, all or a seeded part.
        shared: How many of them are training rows too. Of large sets an estimate.
        expected_share: Share of training rows that have a twin in training: what chance alone would give `shared`.
        features: Values in one row.
        continuous: Whether a column holds so many different values that equal rows are no chance.
    """

    rows: int
    shared: int
    expected_share: float
    features: int
    continuous: bool


@dataclass(frozen=True)
class DataProfile:
    """The data of one run. Of data that were refused only what led to it is known.

    Attributes:
        inputs: None for token ids.
        targets: None for classes.
        classes: None for regression.
        overlap: None without validation rows.
        bad_cells: None where all values are finite.
        constant_features: The first 20 inputs that never change in training.
        constant_feature_count: How many there are.
        constant_target: Whether all targets of the training rows are equal.
    """

    inputs: Scales | None = None
    targets: Scales | None = None
    classes: ClassCounts | None = None
    overlap: Overlap | None = None
    bad_cells: BadCells | None = None
    constant_features: tuple[str, ...] = ()
    constant_feature_count: int = 0
    constant_target: bool = False
