from __future__ import annotations

import itertools

import pytest

from gradcheck_cli.config.document import parse_document
from gradcheck_cli.config.edits import apply_edits
from gradcheck_cli.rules import ALL as RULES
from gradcheck_cli.rules.base import Evidence, Rule, Safety
from gradcheck_cli.rules.config.invalid_config import InvalidConfig
from gradcheck_cli.rules.fixes import activation, clipping, initialization, learning_rate, normalization, regularization
from tests.histories import make_finding
from tests.rules.fixes import configs
from tests.rules.fixes.configs import BADLY_DRAWN, LINEAR, NESTED, RECURRENT, SIGMOID, data_after, load

MEASURED = (Evidence("measured", 1e-6, 7, "ratio"),)
EVIDENCE = {"GC501": (Evidence("output layer", "Softmax", "none before CrossEntropyLoss"),)}
"""Of the rules whose evidence is in words."""


@pytest.mark.parametrize(
    ("text", "rule"),
    list(itertools.product(configs.ALL.values(), RULES)),
    ids=[f"{name}-{rule.code}" for name, rule in itertools.product(configs.ALL, RULES)],
)
def test_every_fix_applies_loads_and_changes_something(text: str, rule: type[Rule]) -> None:
    finding = make_finding(rule.code, rule.name, path="", evidence=EVIDENCE.get(rule.code, MEASURED))
    fixes = rule().fixes(finding, load(text))
    for fix in fixes:
        assert (fix.safety is Safety.ADVICE) == (not fix.edits)
        if fix.edits:
            assert data_after(text, fix) != parse_document(text, source="config.yaml").data
    assert len({fix.title for fix in fixes}) == len(fixes)


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule is not InvalidConfig])
def test_without_a_config_there_is_only_advice(rule: type[Rule]) -> None:
    fixes = rule().fixes(make_finding(rule.code, rule.name, evidence=EVIDENCE.get(rule.code, MEASURED)), None)
    assert fixes
    assert all(fix.safety is Safety.ADVICE and not fix.edits for fix in fixes)


def test_saturating_activations_become_relu_once_a_written_place() -> None:
    fix = activation.replace_saturating(load(SIGMOID), "ReLU")
    assert fix is not None
    data = data_after(SIGMOID, fix)
    assert data["model"]["layers"][0]["layers"] == [{"type": "Linear", "out_features": 64, "name": "fc"}, "ReLU"]
    assert data["model"]["weight_init"] == "kaiming_normal_"
    assert data["optimizer"]["lr"] == 0.01
    assert "usual learning rate" in fix.title
    assert "# kept" in apply_edits(SIGMOID, fix.edits)


def test_activation_keeps_its_name() -> None:
    data = data_after(BADLY_DRAWN, activation.replace_saturating(load(BADLY_DRAWN), "GELU"))
    assert data["model"]["layers"][1] == {"type": "GELU", "name": "squash"}


def test_the_output_activation_is_left_alone() -> None:
    text = SIGMOID.replace("name: head}\nloss: CrossEntropyLoss", "name: head}\n    - Sigmoid\nloss: MSELoss")
    data = data_after(text, activation.replace_saturating(load(text), "ReLU"))
    assert data["model"]["layers"][-1] == "Sigmoid"


def test_functions_that_overflow_become_relu() -> None:
    data = data_after(NESTED, activation.replace_unbounded(load(NESTED)))
    assert data["model"]["layers"][2]["branches"][1] == ["ReLU"]
    assert activation.replace_unbounded(load(SIGMOID)) is None


def test_initialisation_matches_the_activation_and_removes_the_layers_own() -> None:
    data = data_after(BADLY_DRAWN, initialization.initialize_to_match(load(BADLY_DRAWN), "Tanh"))
    assert data["model"]["weight_init"] == "xavier_normal_"
    assert data["model"]["bias_init"] == "zeros_"
    assert "weight_init" not in data["model"]["layers"][0]
    assert "bias_init" not in data["model"]["layers"][3]


def test_initialisation_that_matches_already_is_not_offered() -> None:
    text = SIGMOID.replace("model:\n", "model:\n  weight_init: kaiming_normal_\n")
    assert initialization.initialize_to_match(load(text), "ReLU") is None


@pytest.mark.parametrize(("activation", "label"), [("ReLU", "He"), ("Tanh", "Xavier"), ("SELU", "LeCun")])
def test_initialisation_is_called_what_the_literature_calls_it(activation: str, label: str) -> None:
    fix = initialization.initialize_to_match(load(BADLY_DRAWN), activation)
    assert fix is not None
    assert fix.title.startswith(f"Draw the weights by {label} initialisation")
    assert fix.safety is Safety.SAFE


@pytest.mark.parametrize(
    ("activation", "drawn"),
    [
        ("Sigmoid", "orthogonal_"),
        ("SELU", "orthogonal_"),
        ("Tanh", {"type": "orthogonal_", "gain": 1.67}),
        ("ReLU", {"type": "orthogonal_", "gain": 1.41}),
    ],
)
def test_orthogonal_weights_have_the_gain_of_the_activation(activation: str, drawn: object) -> None:
    fix = initialization.draw_orthogonally(load(SIGMOID), activation)
    assert fix is not None
    assert fix.safety is Safety.SAFE
    assert data_after(SIGMOID, fix)["model"]["weight_init"] == drawn


def test_orthogonal_weights_take_the_place_of_the_layers_own() -> None:
    data = data_after(BADLY_DRAWN, initialization.draw_orthogonally(load(BADLY_DRAWN), "ReLU"))
    assert "weight_init" not in data["model"]["layers"][0]
    assert "bias_init" not in data["model"]["layers"][3]


@pytest.mark.parametrize(
    ("kind", "found"), [("normal_, std: 0.1", True), ("xavier_uniform_", False), ("xavier_uniform_, gain: 9", True)]
)
def test_initialisers_that_do_not_look_at_the_width(kind: str, found: bool) -> None:
    text = SIGMOID.replace("model:\n", f"model:\n  weight_init: {{type: {kind}}}\n")
    assert initialization.has_written_initialization(load(text)) is found


def test_normalisation_fits_the_shape() -> None:
    layers = data_after(SIGMOID, normalization.normalize_layers(load(SIGMOID)))["model"]["layers"]
    assert layers[0]["layers"][1] == "BatchNorm1d"
    assert len(layers) == 2
    small = data_after(BADLY_DRAWN, normalization.normalize_layers(load(BADLY_DRAWN)))["model"]["layers"]
    assert small[1] == {"type": "GroupNorm", "num_groups": 1}
    assert small[5] == "LayerNorm"
    large = BADLY_DRAWN.replace("batch_size: 4", "batch_size: 64")
    assert data_after(large, normalization.normalize_layers(load(large)))["model"]["layers"][1] == "BatchNorm2d"
    sequence = data_after(RECURRENT, normalization.normalize_layers(load(RECURRENT)))["model"]["layers"]
    assert sequence[2] == "LayerNorm"


def test_layers_that_are_normalised_already_get_no_second_one() -> None:
    text = SIGMOID.replace("        - Sigmoid", "        - BatchNorm1d\n        - Sigmoid")
    assert normalization.normalize_layers(load(text)) is None


def test_standardising_is_offered_where_it_is_missing() -> None:
    assert normalization.standardize_inputs(load(SIGMOID)) is None
    assert normalization.standardize_targets(load(SIGMOID)) is None
    assert data_after(NESTED, normalization.standardize_inputs(load(NESTED)))["data"]["standardize"] is True
    assert data_after(NESTED, normalization.standardize_targets(load(NESTED)))["data"]["standardize_target"] is True


def test_rates_move_on_a_grid_with_the_schedule() -> None:
    data = data_after(RECURRENT, learning_rate.lower_rate_by(load(RECURRENT), 2))
    assert data["optimizer"]["lr"] == 0.005
    assert data["lr_scheduler"]["max_lr"] == 0.005
    assert data_after(LINEAR, learning_rate.raise_rate(load(LINEAR)))["optimizer"]["lr"] == 1e-4


def test_usual_rate_takes_momentum_into_account_and_is_offered_only_from_afar() -> None:
    assert learning_rate.usual_rate(load(SIGMOID)) == pytest.approx(0.01)
    assert learning_rate.is_rate_high(load(SIGMOID))
    assert data_after(LINEAR, learning_rate.take_usual_rate(load(LINEAR)))["optimizer"]["lr"] == 0.1
    assert learning_rate.take_usual_rate(load(BADLY_DRAWN)) is None


def test_adam_keeps_the_weight_decay() -> None:
    text = LINEAR.replace("lr: 1e-5", "lr: 1e-5, weight_decay: 0.01")
    data = data_after(text, learning_rate.use_adam(load(text)))
    assert data["optimizer"] == {"type": "Adam", "lr": 1e-3, "weight_decay": 0.01}
    assert learning_rate.use_adam(load(BADLY_DRAWN)) is None


def test_momentum_for_plain_sgd_only() -> None:
    assert data_after(LINEAR, learning_rate.add_momentum(load(LINEAR)))["optimizer"]["momentum"] == 0.9
    assert learning_rate.add_momentum(load(SIGMOID)) is None
    assert learning_rate.add_momentum(load(BADLY_DRAWN)) is None


def test_warm_up_takes_the_first_tenth_of_the_run() -> None:
    long = SIGMOID.replace("epochs: 20", "epochs: 50")
    assert data_after(long, learning_rate.warm_up(load(long)))["lr_scheduler"] == {
        "type": "LinearLR",
        "start_factor": 0.01,
        "total_iters": 5,
    }
    steps = data_after(LINEAR, learning_rate.warm_up(load(LINEAR)))["lr_scheduler"]
    assert steps == {"type": "LinearLR", "start_factor": 0.01, "total_iters": 10, "interval": "step"}


def test_warm_up_of_a_short_run_takes_two_epochs_and_at_least_one_step() -> None:
    short = SIGMOID.replace("epochs: 20", "epochs: 4")
    assert data_after(short, learning_rate.warm_up(load(short)))["lr_scheduler"]["total_iters"] == 2
    few = LINEAR.replace("max_steps: 100", "max_steps: 3")
    assert data_after(few, learning_rate.warm_up(load(few)))["lr_scheduler"]["total_iters"] == 1


def test_a_run_with_a_schedule_is_not_warmed_up() -> None:
    assert learning_rate.warm_up(load(NESTED)) is None
    assert learning_rate.warm_up(load(RECURRENT)) is None


def test_longer_runs_stretch_the_schedule() -> None:
    data = data_after(NESTED, learning_rate.train_longer(load(NESTED)))
    assert data["trainer"]["epochs"] == 40
    assert data["lr_scheduler"]["T_max"] == 40
    assert data_after(LINEAR, learning_rate.train_longer(load(LINEAR)))["trainer"]["max_steps"] == 400


def test_clipping_takes_the_place_of_clipping_by_value() -> None:
    trainer = data_after(BADLY_DRAWN, clipping.clip_gradients(load(BADLY_DRAWN)))["trainer"]
    assert trainer["clip_grad_norm"] == 1.0
    assert "clip_grad_value" not in trainer
    tighter = SIGMOID.replace("batch_size: 64", "batch_size: 64, clip_grad_norm: 0.5")
    assert data_after(tighter, clipping.clip_gradients(load(tighter)))["trainer"]["clip_grad_norm"] == 0.05


def test_early_stopping_is_completed_or_added() -> None:
    assert data_after(SIGMOID, regularization.stop_early(load(SIGMOID)))["trainer"]["early_stopping"] == {
        "patience": 3,
        "restore_best": True,
    }
    completed = data_after(RECURRENT, regularization.stop_early(load(RECURRENT)))["trainer"]["early_stopping"]
    assert completed == {"patience": 5, "restore_best": True}
    restoring = RECURRENT.replace("patience: 5", "patience: 5, restore_best: true")
    assert regularization.stop_early(load(restoring)) is None


def test_more_decay_and_less() -> None:
    assert data_after(BADLY_DRAWN, regularization.decay_weights(load(BADLY_DRAWN)))["optimizer"]["weight_decay"] == 1.0
    assert data_after(BADLY_DRAWN, regularization.relax_decay(load(BADLY_DRAWN)))["optimizer"]["weight_decay"] == 1e-4
    assert regularization.relax_decay(load(SIGMOID)) is None


def test_l1_is_added_or_taken_away() -> None:
    assert data_after(SIGMOID, regularization.penalize_l1(load(SIGMOID)))["trainer"]["l1_penalty"] == 1e-3
    assert "l1_penalty" not in data_after(LINEAR, regularization.relax_l1(load(LINEAR)))["trainer"]


def test_dropout_behind_hidden_activations_and_not_twice() -> None:
    layers = data_after(SIGMOID, regularization.drop_units(load(SIGMOID)))["model"]["layers"]
    assert layers[0]["layers"][2] == {"type": "Dropout", "p": 0.5}
    assert regularization.drop_units(load(NESTED)) is None


def test_dropout_of_a_recurrent_net_stands_before_its_head() -> None:
    text = RECURRENT.replace("    - {type: Linear, out_features: 8}\n    - ReLU\n", "")
    layers = data_after(text, regularization.drop_units(load(text)))["model"]["layers"]
    assert layers[2] == {"type": "Dropout", "p": 0.5}


def test_large_dropout_is_lowered() -> None:
    data = data_after(NESTED, regularization.relax_dropout(load(NESTED)))
    assert data["model"]["layers"][1]["layers"][2]["p"] == 0.2


def test_widths_change_but_never_inside_a_sum() -> None:
    layers = data_after(SIGMOID, regularization.narrow_layers(load(SIGMOID)))["model"]["layers"]
    assert layers[0]["layers"][0]["out_features"] == 16
    assert layers[1]["out_features"] == 10
    assert regularization.narrow_layers(load(NESTED)) is None


def test_bottleneck_gets_the_width_before_it() -> None:
    text = SIGMOID.replace(
        "    - {type: Linear, out_features: 10",
        "    - {type: Linear, out_features: 2}\n    - {type: Linear, out_features: 10",
    )
    data = data_after(text, regularization.widen_bottlenecks(load(text)))
    assert [layer.get("out_features") for layer in data["model"]["layers"]] == [None, 64, 10]
    assert regularization.widen_bottlenecks(load(SIGMOID)) is None


def test_hidden_layer_for_a_linear_model_only() -> None:
    layers = data_after(LINEAR, regularization.add_hidden_layer(load(LINEAR)))["model"]["layers"]
    assert layers == [{"type": "Linear", "out_features": 64}, "ReLU", {"type": "Linear", "out_features": 2}]
    assert regularization.add_hidden_layer(load(SIGMOID)) is None
