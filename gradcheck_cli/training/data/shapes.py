"""Generated classes in the plane that no line can part: spirals and xor; they are ours, not scikit-learn's."""

from __future__ import annotations

import numpy as np
from numpy.random import RandomState

from gradcheck_cli.config.schema import Task
from gradcheck_cli.training.data.arguments import Arguments
from gradcheck_cli.training.data.dataset import Rows
from gradcheck_cli.training.data.generators import name_classes, read_random_state, shuffled

_TURNS = 1.0


def load_spirals(arguments: Arguments) -> Rows:
    """Arms of an Archimedean spiral around the origin, one class each.

    The rows of an arm lie evenly along one turn, from radius 0.1 to 1, with Gaussian noise of standard deviation
    `noise` on both coordinates. `centers` is the number of arms; they are turned evenly against each other.
    """
    count = arguments.integer("n_samples", 1000)
    noise = arguments.number("noise", 0.1)
    arms = arguments.integer("centers", 2, minimum=2)
    generator = RandomState(read_random_state(arguments))
    arguments.limit_size(count, 2)
    arguments.finish()
    y = np.arange(count) % arms
    along = np.sqrt(generator.uniform(size=count))
    angle = 2 * np.pi * (_TURNS * along + y / arms)
    radius = 0.1 + 0.9 * along
    x = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    x += generator.normal(scale=noise, size=x.shape)
    order = shuffled(count, generator)
    return Rows(x[order], y[order], Task.CLASSIFICATION, class_names=name_classes(arms))


def load_xor(arguments: Arguments) -> Rows:
    """Points uniform in the square from -1 to 1; the class is 1 where just one coordinate is positive.

    Gaussian noise of standard deviation `noise` is added to the coordinates after the class is settled.
    """
    count = arguments.integer("n_samples", 1000)
    noise = arguments.number("noise", 0.1)
    generator = RandomState(read_random_state(arguments))
    arguments.limit_size(count, 2)
    arguments.finish()
    x = generator.uniform(-1.0, 1.0, size=(count, 2))
    y = np.logical_xor(x[:, 0] > 0, x[:, 1] > 0).astype(np.int64)
    x += generator.normal(scale=noise, size=x.shape)
    return Rows(x, y, Task.CLASSIFICATION, class_names=name_classes(2))
