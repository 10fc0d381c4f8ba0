"""The error for a network that torch refuses, with what is known of the run, so that rules can judge it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from gradcheck_cli.errors import ModelError, Problem
from gradcheck_cli.recording.description import RunDescription


class RefusedNetworkError(ModelError):
    """torch refuses a network whose data are known.

    Attributes:
        description: Data as loaded, layers as far as they are known.
    """

    def __init__(self, problems: Iterable[Problem] | str, description: RunDescription) -> None:
        super().__init__(problems)
        self.description = description

    def __reduce__(self) -> tuple[type[RefusedNetworkError], tuple[tuple[Problem, ...], RunDescription]]:  # type: ignore[override]
        return type(self), (self.problems, self.description)


@contextmanager
def described(description: RunDescription) -> Iterator[None]:
    """Give each refusal from within the description of the run.

    Raises:
        RefusedNetworkError: For each `ModelError`.
    """
    try:
        yield
    except RefusedNetworkError:
        raise
    except ModelError as error:
        raise RefusedNetworkError(error.problems, description) from error
