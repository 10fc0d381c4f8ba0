"""A hook on a module of which copies and pickles of that module keep nothing; it measures nothing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any
from weakref import ref

from torch.compiler import is_compiling

Inert = tuple[Callable[..., Any], tuple[object, str]]


class InertHook:
    """Calls a method of an object that it does not keep alive.

    A copied or pickled model gets a function of the standard library in its place, which does nothing: it does not
    report to a recorder that it was copied away from, and can be loaded where gradcheck is not installed. Inside
    compiled code it does nothing either, so that it can neither break a graph nor stay in one.
    """

    def __init__(self, method: Any, *arguments: Any) -> None:
        """Args:
        method: A bound method.
        arguments: Given to it before those of the hook.
        """
        self._owner, self._function = ref(method.__self__), method.__func__
        self._arguments = arguments

    def __call__(self, *arguments: Any) -> None:
        if is_compiling():
            return
        owner = self._owner()
        if owner is not None:
            self._function(owner, *self._arguments, *arguments)

    def __deepcopy__(self, memo: dict[int, Any]) -> Callable[..., Any]:
        return nullcontext().__exit__

    def __reduce__(self) -> Inert:
        return getattr, (nullcontext(), "__exit__")
