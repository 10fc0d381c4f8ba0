from __future__ import annotations

import pytest
from torch import nn, optim

from gradcheck_cli.training.argument_help import read_argument_help


class Documented:
    """Does something.

    Shape: not an argument.

    Args:
        first (int, optional): the first one. It has
            a second sentence.
        second, third (Tuple[float, float]): a pair of
            :class:`~torch.Tensor` (default: (0.9, 0.999))
        weird: Has a default value of :math:`1`.
        long: {long}
        last (bool): if ``True``, ends. Default: ``False``

    Returns:
        nothing: that is an argument
    """


Documented.__doc__ = (Documented.__doc__ or "").format(long="word " * 60)


def test_the_first_sentence_without_marks_and_defaults() -> None:
    assert read_argument_help(Documented) == {
        "first": "The first one.",
        "second": "A pair of torch.Tensor.",
        "third": "A pair of torch.Tensor.",
        "last": "If True, ends.",
    }


def test_nothing_is_said_without_a_docstring() -> None:
    assert read_argument_help(lambda: None) == {}


@pytest.mark.parametrize(
    ("target", "argument", "text"),
    [
        (nn.Linear, "out_features", "Size of each output sample."),
        (nn.Conv2d, "kernel_size", "Size of the convolving kernel."),
        (nn.LSTM, "num_layers", "Number of recurrent layers."),
        (optim.SGD, "momentum", "Momentum factor."),
        (optim.lr_scheduler.StepLR, "step_size", "Period of learning rate decay."),
        (nn.init.uniform_, "a", "The lower bound of the uniform distribution."),
    ],
)
def test_torchs_own_words(target: object, argument: str, text: str) -> None:
    assert read_argument_help(target)[argument] == text
