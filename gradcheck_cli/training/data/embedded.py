"""The five small data sets that are shipped with the package; it opens no other file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from gradcheck_cli.config.schema import Task
from gradcheck_cli.training.data.arguments import Arguments
from gradcheck_cli.training.data.dataset import Rows

EMBEDDED = ("digits", "breast_cancer", "wine", "iris", "diabetes")

_FOLDER = Path(__file__).parent


def load_embedded(arguments: Arguments) -> Rows:
    """One of `EMBEDDED`, with the values, the row order and the names that scikit-learn gives it.

    `digits` takes `image: true` for inputs of shape `[1, 8, 8]`; without it they are `[64]`.

    Raises:
        DataError: An argument is wrong.
    """
    image = arguments.source == "digits" and arguments.flag("image", default=False)
    arguments.finish()
    with np.load(_FOLDER / f"{arguments.source}.npz", allow_pickle=False) as archive:
        x, y = archive["x"], archive["y"]
        features = tuple(map(str, archive["feature_names"]))
        classes = tuple(map(str, archive["class_names"])) if "class_names" in archive else ()
    x = x.reshape(-1, 1, 8, 8).astype(np.float64) if image else x.astype(np.float64)
    if classes:
        return Rows(x, y.astype(np.int64), Task.CLASSIFICATION, class_names=classes, feature_names=features)
    return Rows(x, y.reshape(-1, 1), Task.REGRESSION, feature_names=features, target_names=("progression",))
