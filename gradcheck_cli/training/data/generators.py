"""Generated tables that equal scikit-learn's `make_*` for the same arguments; it uses numpy alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray

from gradcheck_cli.config.schema import Task
from gradcheck_cli.training.data.arguments import Arguments
from gradcheck_cli.training.data.dataset import Rows

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LARGEST_RANDOM_STATE = 2**32 - 1


def read_random_state(arguments: Arguments) -> int:
    """The argument `random_state`, 0 where it is left out, in the range that numpy's `RandomState` takes."""
    return arguments.integer("random_state", 0, minimum=0, maximum=LARGEST_RANDOM_STATE)


def name_classes(count: int) -> tuple[str, ...]:
    """`0`, `1`, ... as names of classes that have none of their own."""
    return tuple(map(str, range(count)))


def load_circles(arguments: Arguments) -> Rows:
    """Two circles, one inside the other, as `sklearn.datasets.make_circles` draws them."""
    count = arguments.integer("n_samples", 100)
    noise = arguments.number("noise", 0.0)
    factor = arguments.number("factor", 0.8, below=1.0)
    generator = RandomState(read_random_state(arguments))
    arguments.limit_size(count, 2)
    arguments.finish()
    outer = np.linspace(0, 2 * np.pi, count // 2, endpoint=False)
    inner = np.linspace(0, 2 * np.pi, count - count // 2, endpoint=False)
    x = np.concatenate([_on_circle(outer), _on_circle(inner) * factor])
    return _finish_pair(x, len(outer), noise, generator)


def load_moons(arguments: Arguments) -> Rows:
    """Two interleaving half circles, as `sklearn.datasets.make_moons` draws them."""
    count = arguments.integer("n_samples", 100)
    noise = arguments.number("noise", 0.0)
    generator = RandomState(read_random_state(arguments))
    arguments.limit_size(count, 2)
    arguments.finish()
    outer = np.linspace(0, np.pi, count // 2)
    inner = np.linspace(0, np.pi, count - count // 2)
    lower = np.stack([1 - np.cos(inner), 1 - np.sin(inner) - 0.5], axis=1)
    return _finish_pair(np.concatenate([_on_circle(outer), lower]), len(outer), noise, generator)


def load_blobs(arguments: Arguments) -> Rows:
    """Isotropic Gaussian blobs, as `sklearn.datasets.make_blobs` draws them.

    `centers` is their number or a list of points, `cluster_std` one number or one for each center.
    """
    count = arguments.integer("n_samples", 100)
    features = arguments.integer("n_features", 2)
    centers: Any = arguments.value("centers", 3, allowed="a number of centers or a list of points", accepts=_is_centers)
    std: Any = arguments.value("cluster_std", 1.0, allowed="a number or a list of them, 0 or more", accepts=_is_std)
    generator = RandomState(read_random_state(arguments))
    center_count = centers if isinstance(centers, int) else len(centers)
    if isinstance(std, (list, tuple)) and len(std) != center_count:
        arguments.reject("cluster_std", f"{std!r} has {len(std)} entries for {center_count} centers")
    arguments.limit_size(max(count, center_count), features)
    arguments.finish()
    if isinstance(centers, int):
        points = generator.uniform(-10.0, 10.0, size=(centers, features))
    else:
        points = np.asarray(centers, dtype=np.float64)
    x, y = _draw_blobs(points, np.broadcast_to(np.asarray(std, dtype=np.float64), len(points)), count, generator)
    order = shuffled(count, generator)
    return Rows(x[order], y[order], Task.CLASSIFICATION, class_names=name_classes(len(points)))


def load_regression(arguments: Arguments) -> Rows:
    """A random linear model with Gaussian noise, as `sklearn.datasets.make_regression` draws it."""
    count = arguments.integer("n_samples", 100)
    features = arguments.integer("n_features", 100)
    informative = min(features, arguments.integer("n_informative", 10, minimum=0))
    noise = arguments.number("noise", 0.0)
    generator = RandomState(read_random_state(arguments))
    arguments.limit_size(count, features)
    arguments.finish()
    x = generator.standard_normal(size=(count, features))
    weights = np.zeros((features, 1))
    weights[:informative] = 100 * generator.uniform(size=(informative, 1))
    y = np.dot(x, weights)
    if noise > 0:
        y += generator.normal(scale=noise, size=y.shape)
    rows = shuffled(count, generator)
    columns = shuffled(features, generator)
    return Rows(x[rows][:, columns], y[rows], Task.REGRESSION)


def shuffled(count: int, generator: RandomState) -> Ints:
    """`[count]`: the order in which scikit-learn's `shuffle` puts rows."""
    order = np.arange(count)
    generator.shuffle(order)
    return order


def _on_circle(angle: Floats) -> Floats:
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _finish_pair(x: Floats, first: int, noise: float, generator: RandomState) -> Rows:
    y = (np.arange(len(x)) >= first).astype(np.int64)
    order = shuffled(len(x), generator)
    x, y = x[order], y[order]
    x += generator.normal(scale=noise, size=x.shape)
    return Rows(x, y, Task.CLASSIFICATION, class_names=name_classes(2))


def _draw_blobs(points: Floats, std: Floats, count: int, generator: RandomState) -> tuple[Floats, Ints]:
    each, left = divmod(count, len(points))
    counts = [each + (index < left) for index in range(len(points))]
    x = [
        generator.normal(loc=point, scale=scale, size=(rows, points.shape[1]))
        for point, scale, rows in zip(points, std, counts, strict=True)
    ]
    return np.concatenate(x), np.repeat(np.arange(len(points)), counts)


def _is_centers(value: Any) -> bool:
    if isinstance(value, int):
        return not isinstance(value, bool) and value >= 1
    try:
        points = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        return False
    return points.ndim == 2 and points.size > 0 and bool(np.isfinite(points).all())


def _is_std(value: Any) -> bool:
    try:
        std = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        return False
    return not isinstance(value, (bool, str)) and std.ndim <= 1 and bool((std >= 0).all() and np.isfinite(std).all())
