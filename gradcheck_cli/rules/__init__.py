"""One file per rule, in folders by family, and the explicit tuple `ALL`.

In: a `History`. Out: findings with evidence and fixes. A rule is pure and never sees torch.
"""

from gradcheck_cli.rules.activation.batch_norm_tiny_batch import BatchNormTinyBatch
from gradcheck_cli.rules.activation.bias_before_norm import BiasBeforeNorm
from gradcheck_cli.rules.activation.dead_units import DeadUnits
from gradcheck_cli.rules.activation.missing_nonlinearity import MissingNonlinearity
from gradcheck_cli.rules.activation.saturated_activation import SaturatedActivation
from gradcheck_cli.rules.base import Rule
from gradcheck_cli.rules.config.invalid_config import InvalidConfig
from gradcheck_cli.rules.config.unused_suppression import UnusedSuppression
from gradcheck_cli.rules.data.bad_data import BadData
from gradcheck_cli.rules.data.class_imbalance import ClassImbalance
from gradcheck_cli.rules.data.train_val_overlap import TrainValOverlap
from gradcheck_cli.rules.data.unscaled_input import UnscaledInput
from gradcheck_cli.rules.generalization.overfitting import Overfitting
from gradcheck_cli.rules.gradient_flow.exploding_gradient import ExplodingGradient
from gradcheck_cli.rules.gradient_flow.exploding_through_time import ExplodingThroughTime
from gradcheck_cli.rules.gradient_flow.no_gradient import NoGradient
from gradcheck_cli.rules.gradient_flow.vanishing_gradient import VanishingGradient
from gradcheck_cli.rules.gradient_flow.vanishing_through_time import VanishingThroughTime
from gradcheck_cli.rules.initialization.init_activation_mismatch import InitActivationMismatch
from gradcheck_cli.rules.initialization.poor_initialization import PoorInitialization
from gradcheck_cli.rules.optimizer.learning_rate_out_of_range import LearningRateOutOfRange
from gradcheck_cli.rules.optimizer.update_scale import UpdateScale
from gradcheck_cli.rules.outcome.below_expectation import BelowExpectation
from gradcheck_cli.rules.outcome.diverging_loss import DivergingLoss
from gradcheck_cli.rules.outcome.loss_not_decreasing import LossNotDecreasing
from gradcheck_cli.rules.outcome.non_finite import NonFinite
from gradcheck_cli.rules.outcome.oscillating_loss import OscillatingLoss
from gradcheck_cli.rules.outcome.slow_convergence import SlowConvergence
from gradcheck_cli.rules.outcome.underfitting import Underfitting
from gradcheck_cli.rules.output_and_loss.bounded_output import BoundedOutput
from gradcheck_cli.rules.output_and_loss.redundant_softmax import RedundantSoftmax
from gradcheck_cli.rules.output_and_loss.wrong_output_width import WrongOutputWidth

ALL: tuple[type[Rule], ...] = (
    InvalidConfig,
    UnusedSuppression,
    VanishingGradient,
    ExplodingGradient,
    VanishingThroughTime,
    ExplodingThroughTime,
    NoGradient,
    DeadUnits,
    SaturatedActivation,
    PoorInitialization,
    UpdateScale,
    NonFinite,
    DivergingLoss,
    OscillatingLoss,
    LossNotDecreasing,
    SlowConvergence,
    BelowExpectation,
    Overfitting,
    Underfitting,
    RedundantSoftmax,
    WrongOutputWidth,
    BoundedOutput,
    MissingNonlinearity,
    InitActivationMismatch,
    LearningRateOutOfRange,
    BiasBeforeNorm,
    BatchNormTinyBatch,
    UnscaledInput,
    ClassImbalance,
    BadData,
    TrainValOverlap,
)
"""All rules, by code."""
