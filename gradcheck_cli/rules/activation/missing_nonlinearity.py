"""GC504: layers follow one another with no activation between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gradcheck_cli.recording.history import History
from gradcheck_cli.rules.activation.affine_chains import Chain, find_chains, is_affine, names_of
from gradcheck_cli.rules.base import Evidence, Family, Finding, Fix, Need, Rule, Severity
from gradcheck_cli.rules.fixes.nonlinearity import insert_activations
from gradcheck_cli.rules.wording import join_layers

if TYPE_CHECKING:
    from gradcheck_cli.config.schema import Config


@dataclass(frozen=True)
class MissingNonlinearity(Rule):
    """Missing nonlinearity.

    ## What it detects
    Linear or convolution layers that follow one another with nothing between them that bends the signal.

    ## Why it matters
    Two such layers compute what one of them could: they add weights and no power. A network of nothing else can only
    draw straight borders.

    ## How it decides
    From the config alone. Dropout, reshaping, average pooling and batch normalisation bend nothing and are looked
    through. A narrow layer between wide ones, grouped convolutions and frozen layers are left alone, and so is whatever
    stands on two sides of a shortcut. A single linear layer is a choice. It can become an error only where the network
    has no activation at all.

    ## Fixes and their safety
    Put a ReLU, or the activation that the network uses elsewhere, between them (unsafe: it changes the network).

    ## When to ignore it
    When a product of matrices is meant, as in studies of deep linear networks.

    ## References
    Saxe, McClelland and Ganguli 2014, "Exact solutions to the nonlinear dynamics of learning in deep linear networks",
    arXiv:1312.6120.
    """

    code: ClassVar[str] = "GC504"
    name: ClassVar[str] = "missing-nonlinearity"
    summary: ClassVar[str] = "Layers follow one another with no activation between them."
    family: ClassVar[Family] = Family.ACTIVATION
    needs: ClassVar[frozenset[Need]] = frozenset({Need.SEQUENCE})

    def check(self, run: History) -> Iterator[Finding]:
        ceiling = Severity.ERROR if is_affine(run.description) else Severity.WARNING
        for chain in find_chains(run.description):
            yield self._describe(chain, ceiling)

    def fixes(self, finding: Finding, config: Config | None) -> Sequence[Fix]:
        return insert_activations(config, finding.layers)

    def _describe(self, chain: Chain, ceiling: Severity) -> Finding:
        names = names_of(chain)
        alone = " The network has no other activation." if ceiling is Severity.ERROR else ""
        return Finding(
            rule=self.code,
            name=self.name,
            message=f"Nothing bends the signal between {join_layers(names)}.{alone}",
            why="Together they compute what one of them could. Layers without an activation add weights and no power.",
            path=chain[1].path or "",
            layers=names,
            evidence=(Evidence("affine layers in a row", len(chain), 1, "layers"),),
            ceiling=ceiling,
        )
