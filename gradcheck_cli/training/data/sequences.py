"""Generated sequences that need a memory: the adding problem and delayed recall."""

from __future__ import annotations

import numpy as np
from numpy.random import RandomState

from gradcheck_cli.config.schema import Task
from gradcheck_cli.training.data.arguments import Arguments
from gradcheck_cli.training.data.dataset import Rows
from gradcheck_cli.training.data.generators import name_classes, read_random_state


def load_adding_problem(arguments: Arguments) -> Rows:
    """Sequences `[N, T, 2]` of values and marks; the target is the sum of the two marked values.

    Values are uniform in [0, 1]; the mark is 1 at one random step of each half, else 0.

    Source: Hochreiter and Schmidhuber, "Long Short-Term Memory", Neural Computation 9 (1997), section 5.4, in the
        form of Le, Jaitly and Hinton, arXiv:1504.00941.
    """
    count = arguments.integer("n_samples", 2000)
    length = arguments.integer("length", 20, minimum=2)
    generator = RandomState(read_random_state(arguments))
    arguments.limit_size(count, length, 2)
    arguments.finish()
    x = np.zeros((count, length, 2))
    x[:, :, 0] = generator.uniform(size=(count, length))
    rows = np.arange(count)
    first = generator.randint(0, length // 2, size=count)
    second = generator.randint(length // 2, length, size=count)
    x[rows, first, 1] = x[rows, second, 1] = 1
    y = x[rows, first, 0] + x[rows, second, 0]
    return Rows(x, y[:, None], Task.REGRESSION)


def load_delayed_recall(arguments: Arguments) -> Rows:
    """Token ids `[N, T]`, uniform over `n_symbols`; the class is the first token."""
    count = arguments.integer("n_samples", 2000)
    length = arguments.integer("length", 10)
    symbols = arguments.integer("n_symbols", 4, minimum=2)
    generator = RandomState(read_random_state(arguments))
    arguments.limit_size(count, length)
    arguments.finish()
    x = generator.randint(0, symbols, size=(count, length)).astype(np.int64)
    return Rows(x, x[:, 0].copy(), Task.CLASSIFICATION, class_names=name_classes(symbols))
