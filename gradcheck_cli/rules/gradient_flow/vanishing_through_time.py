"""GC103: a recurrent layer forgets the beginning of its sequences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gradcheck_cli.recording import late_numpy as np
from gradcheck_cli.recording.history import History
from gradcheck_cli.rules.base import Evidence, Family, Finding, Fix, Need, Rule, threshold
from gradcheck_cli.rules.fixes.recurrence import lengthen_memory
from gradcheck_cli.rules.gradient_flow.memory import Memory, has_other_way, has_recurrence, read_memories
from gradcheck_cli.rules.wording import join_layers, show_number

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config


@dataclass(frozen=True)
class VanishingThroughTime(Rule):
    """Gradient that vanishes through time.

    ## What it detects
    Recurrent layers whose last state hardly depends on the far end of their sequences, to the end of the run.

    ## Why it matters
    What happened early cannot be told apart at the end, so nothing that depends on it can be learnt.

    ## How it decides
    At epoch ends the last state of each recurrent layer (the first, for a backward direction) is differentiated by the
    layer's input at each time step, on up to 32 training rows. The gradient at the tenth of the time steps that lies
    farthest away, over that at the nearest tenth, is judged in the second half of the run: it fires where both the
    median there and the last value lie below the limit, in every direction of every recurrent layer, since one that
    remembers is enough. At the start it tells nothing, as good networks begin with 1e-11 and learn to remember; so it
    counts only where the run was harmed. Networks with attention have another way through time and are left alone.

    ## Fixes and their safety
    GRU in place of RNN and LSTM, with Adam and a clipped gradient norm (unsafe: it changes what the network computes).
    Adam and clipping alone, orthogonal recurrent weights, torch's own initial weights in place of written ones (safe).
    A forget gate that starts open, shorter sequences (advice).

    ## When to ignore it
    When the task depends on the last time steps alone; look for another cause of the harm then.

    ## References
    Hochreiter 1991; Bengio, Simard and Frasconi 1994, "Learning long-term dependencies with gradient descent is
    difficult"; Pascanu, Mikolov and Bengio 2013; Jozefowicz, Zaremba and Sutskever 2015 (forget gate).
    """

    code: ClassVar[str] = "GC103"
    name: ClassVar[str] = "vanishing-through-time"
    summary: ClassVar[str] = "A recurrent layer forgets the beginning of its sequences."
    family: ClassVar[Family] = Family.GRADIENT_FLOW
    needs: ClassVar[frozenset[Need]] = frozenset({Need.TRAINING, Need.EPOCHS, Need.OUTCOME})
    only_with_harm: ClassVar[bool] = True

    min_ratio: float = threshold(
        1e-2,
        unit="ratio",
        help="gradient of the last state at the far end of the sequence over that at the near end",
        source="calibrated on the corpus: failing runs end below 2.3e-3, healthy ones above 0.35",
    )
    after: float = threshold(
        0.5, unit="fraction of the planned steps", help="where judging begins", source="convention"
    )

    def skip_reason(self, run: History) -> str:
        unknown = has_recurrence(run) and not run.through_time
        return "no gradient through time was recorded" if unknown else ""

    def check(self, run: History) -> Iterator[Finding]:
        memories = read_memories(run)
        if memories and not has_other_way(run) and all(self._fades(memory, run) for memory in memories):
            yield self._finding(run, memories)

    def fixes(self, finding: Finding, config: Config | None) -> Sequence[Fix]:
        return lengthen_memory(config)

    def _fades(self, memory: Memory, run: History) -> bool:
        ratio = memory.ratio[memory.late(run, self.after)]
        return bool(len(ratio) and np.median(ratio) < self.min_ratio and ratio[-1] < self.min_ratio)

    def _finding(self, run: History, memories: Sequence[Memory]) -> Finding:
        values = [float(np.median(memory.ratio[memory.late(run, self.after)])) for memory in memories]
        value, best = max(zip(values, memories, strict=True), key=lambda entry: entry[0])
        below = best.steps[best.ratio < self.min_ratio]
        length = max(memory.length for memory in memories)
        layers = tuple(dict.fromkeys(memory.layer for memory in memories))
        return Finding(
            rule=self.code,
            name=self.name,
            message=(
                f"The last state of {join_layers(layers)} hardly depends on the far end of the sequence. There the"
                f" gradient is {show_number(value)} of that at the near end of {length} time steps"
                f" (limit {show_number(self.min_ratio)})."
            ),
            why="What happened early cannot be told apart at the end. Nothing that depends on it can be learnt.",
            layers=layers,
            first_step=int(below[0]),
            evidence=(
                Evidence("gradient through time, far over near end", value, self.min_ratio, "ratio"),
                Evidence("length of the sequence", length, unit="time steps"),
            ),
        )
