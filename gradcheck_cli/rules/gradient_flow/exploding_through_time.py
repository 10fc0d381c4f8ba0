"""GC104: the gradient of a recurrent layer grows on its way back through time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gradcheck_cli.recording import late_numpy as np
from gradcheck_cli.recording.history import Floats, History
from gradcheck_cli.rules.base import Evidence, Family, Finding, Fix, Need, Rule, threshold
from gradcheck_cli.rules.fixes.recurrence import bound_recurrence
from gradcheck_cli.rules.gradient_flow.memory import Memory, has_recurrence, read_memories
from gradcheck_cli.rules.wording import show_number

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config


@dataclass(frozen=True)
class ExplodingThroughTime(Rule):
    """Gradient that explodes through time.

    ## What it detects
    Recurrent layers whose last state depends on the far end of their sequences out of all proportion.

    ## Why it matters
    Each time step multiplies the gradient: one update can throw the weights away, or end in NaN.

    ## How it decides
    At epoch ends the last state of each recurrent layer (the first, for a backward direction) is differentiated by the
    layer's input at each time step, on up to 32 training rows. The gradient at the tenth of the time steps that lies
    farthest away, over that at the nearest tenth, is judged in the second half of the run, by its median and its last
    value. Where nothing could be measured there, because the run became non-finite or the layer died, the last value
    known before stands for it. It counts only where the run was harmed.

    ## Fixes and their safety
    GRU in place of RNN and LSTM, with Adam and a clipped gradient norm (unsafe: it changes what the network computes).
    Orthogonal recurrent weights, which keep the size of the state; clipping and a lower rate alone (safe).

    ## When to ignore it
    When early time steps really decide, and the run is harmed by something else.

    ## References
    Bengio, Simard and Frasconi 1994; Pascanu, Mikolov and Bengio 2013, "On the difficulty of training recurrent neural
    networks"; Le, Jaitly and Hinton 2015, "A simple way to initialize recurrent networks of rectified linear units".
    """

    code: ClassVar[str] = "GC104"
    name: ClassVar[str] = "exploding-through-time"
    summary: ClassVar[str] = "The gradient of a recurrent layer grows on its way back through time."
    family: ClassVar[Family] = Family.GRADIENT_FLOW
    needs: ClassVar[frozenset[Need]] = frozenset({Need.TRAINING, Need.OUTCOME})
    only_with_harm: ClassVar[bool] = True

    max_ratio: float = threshold(
        100.0,
        unit="ratio",
        help="gradient of the last state at the far end of the sequence over that at the near end",
        source="calibrated on the corpus: at most 2.5 in healthy runs, 7e2 and more in those that explode",
    )
    after: float = threshold(
        0.5, unit="fraction of the planned steps", help="where judging begins", source="convention"
    )

    def skip_reason(self, run: History) -> str:
        unknown = has_recurrence(run) and not run.through_time
        return "no gradient through time was recorded" if unknown else ""

    def check(self, run: History) -> Iterator[Finding]:
        for memory in read_memories(run):
            ratio = self._judged(memory, run)
            if len(ratio) and min(float(np.median(ratio)), float(ratio[-1])) > self.max_ratio:
                yield self._finding(memory, float(np.median(ratio)))

    def fixes(self, finding: Finding, config: Config | None) -> Sequence[Fix]:
        return bound_recurrence(config)

    def _judged(self, memory: Memory, run: History) -> Floats:
        late = memory.late(run, self.after)
        return memory.ratio[late] if late.any() else memory.ratio[~np.isnan(memory.ratio)][-1:]

    def _finding(self, memory: Memory, value: float) -> Finding:
        first = memory.steps[memory.ratio > self.max_ratio][0]
        return Finding(
            rule=self.code,
            name=self.name,
            message=(
                f"The gradient of {memory.label} grows on its way back through time. At the far end of the sequence it"
                f" is {show_number(value)} times that at the near end of {memory.length} time steps"
                f" (limit {show_number(self.max_ratio)})."
            ),
            why="Each time step multiplies the gradient, so that one update can throw the weights away.",
            layers=(memory.layer,),
            first_step=int(first),
            evidence=(
                Evidence("gradient through time, far over near end", value, self.max_ratio, "ratio"),
                Evidence("length of the sequence", memory.length, unit="time steps"),
            ),
        )
