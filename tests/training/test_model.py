"""Networks built from configs: the same numbers as plain torch, sizes inferred, refusals in plain words."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gradcheck_cli.config.own_layers import ELEMENTWISE_FUNCTIONS
from gradcheck_cli.errors import ModelError, Problem
from gradcheck_cli.recording.description import LayerKind
from gradcheck_cli.training.model import BuiltModel, build_model
from tests.training.networks import Written, build, network, rows, tokens


def linear(width: int, **more: Any) -> dict[str, Any]:
    return {"type": "Linear", "out_features": width, **more}


def refusal(written: list[Written], example: Tensor, **more: Any) -> Problem:
    with pytest.raises(ModelError) as caught:
        build(written, example, **more)
    (problem,) = caught.value.problems
    return problem


def assert_equal_output(model: BuiltModel, reference: nn.Module, x: Tensor) -> None:
    """`reference` gets the model's weights, in order, and must then give the same bits."""
    with torch.no_grad():
        for target, source in zip(reference.parameters(), model.module.parameters(), strict=True):
            target.copy_(source)
    assert torch.equal(model.module.eval()(x), reference.eval()(x))


class TestLikePlainTorch:
    def test_mlp(self) -> None:
        x = rows(5, 64)
        model = build([linear(128), "ReLU", {"type": "Dropout", "p": 0.1}, linear(10)], x)
        reference = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Dropout(0.1), nn.Linear(128, 10))
        assert_equal_output(model, reference, x)

    def test_cnn(self) -> None:
        x = rows(4, 1, 8, 8)
        written: list[Written] = [
            {"type": "Conv2d", "out_channels": 4, "kernel_size": 3, "padding": 1},
            "BatchNorm2d",
            {"type": "ReLU", "inplace": True},
            {"type": "MaxPool2d", "kernel_size": [2, 2]},
            {"type": "Conv2d", "out_channels": 6, "kernel_size": [3, 3]},
            {"type": "AdaptiveAvgPool2d", "output_size": 1},
            "Flatten",
            linear(3),
        ]
        reference = nn.Sequential(
            nn.Conv2d(1, 4, 3, padding=1),
            nn.BatchNorm2d(4),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(4, 6, 3),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(6, 3),
        )
        assert_equal_output(build(written, x), reference, x)

    @pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
    def test_recurrent_layer_passes_on_its_sequence(self, kind: str) -> None:
        x = rows(3, 7, 2)
        model = build([{"type": kind, "hidden_size": 5, "bidirectional": True}, "LastStep", linear(1)], x)
        reference = getattr(nn, kind)(2, 5, bidirectional=True, batch_first=True)
        reference.load_state_dict(next(iter(model.modules.values())).state_dict())
        head = model.modules["linear_1"]
        assert torch.equal(model.module.eval()(x), head(reference(x)[0][:, -1]))

    def test_attention_is_self_attention(self) -> None:
        x = rows(3, 7, 8)
        model = build([{"type": "MultiheadAttention", "num_heads": 2}], x)
        reference = nn.MultiheadAttention(8, 2, batch_first=True)
        reference.load_state_dict(model.modules["multiheadattention_1"].state_dict())
        assert torch.allclose(model.module(x), reference(x, x, x)[0], atol=1e-6)

    def test_transformer_encoder_layer(self) -> None:
        x = rows(3, 7, 8)
        model = build([{"type": "TransformerEncoderLayer", "nhead": 2, "dropout": 0.0}], x)
        reference = nn.TransformerEncoderLayer(8, 2, dropout=0.0, batch_first=True)
        reference.load_state_dict(model.modules["transformerencoderlayer_1"].state_dict())
        assert torch.equal(model.module(x), reference(x))

    def test_evaluation_of_attention_is_that_of_training(self) -> None:
        x = rows(3, 7, 8)
        model = build([{"type": "TransformerEncoderLayer", "nhead": 2, "dropout": 0.0}], x)
        inner_calls: list[str] = []
        layer = model.modules["transformerencoderlayer_1"]
        layer.get_submodule("linear1").register_forward_hook(lambda *_: inner_calls.append("linear1"))
        trained = model.module(x)
        with torch.no_grad():
            evaluated = model.module.eval()(x)
        assert torch.allclose(trained, evaluated, atol=1e-6)
        assert len(inner_calls) == 2

    def test_residual_and_its_shortcut(self) -> None:
        x = rows(4, 6)
        inner = {"type": "Residual", "layers": [linear(6), "Tanh"]}
        model = build([inner, {"type": "Residual", "layers": [linear(3)], "shortcut": [linear(3, bias=False)]}], x)
        first, second, skip = (model.modules[f"linear_{number}"] for number in (1, 2, 3))
        middle = x + torch.tanh(first(x))
        assert torch.equal(model.module(x), second(middle) + skip(middle))

    def test_concat(self) -> None:
        x = rows(4, 6)
        model = build([{"type": "Concat", "branches": [[linear(2), "Tanh"], [linear(3)], []], "dim": 1}], x)
        expected = torch.cat([torch.tanh(model.modules["linear_1"](x)), model.modules["linear_2"](x), x], dim=1)
        assert torch.equal(model.module(x), expected)

    def test_training_mode_and_a_flat_sequence(self) -> None:
        model = build([linear(3), "ReLU"], rows(2, 4))
        assert type(model.module) is nn.Sequential
        assert list(model.module) == list(model.modules.values())
        assert all(module.training for module in model.module.modules())


class TestOwnLayers:
    @pytest.mark.parametrize("function", ELEMENTWISE_FUNCTIONS)
    def test_elementwise(self, function: str) -> None:
        x = rows(2, 3).abs() + 0.1
        model = build([{"type": "Elementwise", "function": function}], x)
        assert torch.equal(model.module(x), getattr(torch, function)(x))

    def test_permute_and_reshape_leave_the_batch_alone(self) -> None:
        x = rows(4, 6)
        model = build([{"type": "Reshape", "shape": [2, -1]}, {"type": "Permute", "dims": [1, 0]}], x)
        assert torch.equal(model.module(x), x.reshape(4, 2, 3).transpose(1, 2))

    def test_mean_over_time(self) -> None:
        x = rows(4, 6, 2)
        assert torch.equal(build(["MeanOverTime"], x).module(x), x.mean(dim=1))

    def test_sinusoidal_positions(self) -> None:
        x = torch.zeros(2, 5, 7)
        out = build([{"type": "PositionalEncoding", "kind": "sinusoidal"}], x).module(x)
        assert out[0, 3, 4] == pytest.approx(torch.sin(torch.tensor(3 / 10_000 ** (4 / 7))).item())
        assert out[1, 3, 5] == pytest.approx(torch.cos(torch.tensor(3 / 10_000 ** (4 / 7))).item())

    def test_learned_positions(self) -> None:
        x = torch.zeros(2, 100, 50)
        model = build([{"type": "PositionalEncoding", "kind": "learned"}], x)
        (parameter,) = model.layers[0].parameters
        assert parameter.shape == (100, 50)
        assert parameter.init_std == pytest.approx(0.02, rel=0.05)

    @pytest.mark.parametrize("kind", ["LastStep", "MeanOverTime", "PositionalEncoding"])
    def test_without_a_time_dimension(self, kind: str) -> None:
        assert "cannot take rows of shape [4]" in refusal([kind], rows(3, 4)).message

    @pytest.mark.parametrize("shape", [[2, 3], [3, -1]])
    def test_reshape_to_another_number_of_elements(self, shape: list[int]) -> None:
        message = refusal([{"type": "Reshape", "shape": shape}], rows(3, 4)).message
        assert message.endswith(f"cannot take rows of shape [4]: 4 numbers do not fill {shape}")

    def test_permute_of_other_dimensions(self) -> None:
        assert "name each dimension" in refusal([{"type": "Permute", "dims": [1, 0]}], rows(3, 4)).message


class TestInPlace:
    def test_the_data_stay_as_they_are(self) -> None:
        x = rows(6, 2, 2)
        before = x.clone()
        model = build(["Flatten", {"type": "ReLU", "inplace": True}, linear(2)], x)
        model.module(x)
        assert torch.equal(x, before)
        assert list(model.modules) == ["flatten_1", "relu_1", "linear_1"]

    def test_a_shortcut_sees_the_input(self) -> None:
        x = rows(6, 3)
        model = build([{"type": "Residual", "layers": [{"type": "ReLU", "inplace": True}]}], x)
        assert torch.equal(model.module(x.clone()), x + x.relu())

    def test_branches_see_the_input(self) -> None:
        x = rows(6, 3)
        model = build([{"type": "Concat", "branches": [[{"type": "ReLU", "inplace": True}], []]}], x)
        assert torch.equal(model.module(x.clone()), torch.cat([x.relu(), x], dim=1))

    def test_gradients_flow(self) -> None:
        model = build([linear(5), {"type": "ReLU", "inplace": True}, linear(2)], rows(4, 3))
        model.module(rows(4, 3)).sum().backward()
        assert all(parameter.grad is not None for parameter in model.parameters.values())


class TestInferredSizes:
    @pytest.mark.parametrize(
        ("written", "shape", "name", "value"),
        [
            (linear(3), (2, 7), "in_features", 7),
            ({"type": "Conv1d", "out_channels": 3, "kernel_size": 2}, (2, 5, 7), "in_channels", 5),
            ("BatchNorm1d", (2, 7), "num_features", 7),
            ("InstanceNorm2d", (2, 5, 4, 4), "num_features", 5),
            ({"type": "GroupNorm", "num_groups": 2}, (2, 6, 4, 4), "num_channels", 6),
            ("LayerNorm", (2, 5, 7), "normalized_shape", 7),
            ({"type": "GRU", "hidden_size": 2}, (2, 5, 7), "input_size", 7),
            ({"type": "MultiheadAttention", "num_heads": 2}, (2, 5, 8), "embed_dim", 8),
            ({"type": "TransformerEncoderLayer", "nhead": 2}, (2, 5, 8), "d_model", 8),
        ],
    )
    def test_from_the_example(self, written: Written, shape: tuple[int, ...], name: str, value: int) -> None:
        (layer,) = build([written], rows(*shape)).layers
        assert layer.arguments[name] == value
        assert "batch_first" not in layer.arguments

    def test_largest_token_of_the_whole_training_set(self) -> None:
        (layer,) = build([{"type": "Embedding", "embedding_dim": 4}], tokens(2, 3, 5), largest_token=11).layers
        assert layer.arguments["num_embeddings"] == 12
        assert layer.output_shape == (3, 4)

    def test_token_beyond_the_embedding(self) -> None:
        written = {"type": "Embedding", "embedding_dim": 4, "num_embeddings": 5}
        problem = refusal([written], tokens(2, 3, 5), largest_token=7)
        assert problem.path == "model.layers[0].num_embeddings"
        assert "token 7" in problem.message
        assert problem.allowed == "8 or more"

    def test_numbers_into_an_embedding(self) -> None:
        assert "token ids" in refusal([{"type": "Embedding", "embedding_dim": 4}], rows(2, 3)).message

    def test_softmax_takes_the_dimension_that_torch_would(self) -> None:
        x = rows(3, 4)
        model = build(["Softmax"], x)
        assert torch.equal(model.module(x), x.softmax(dim=1))
        assert model.notes == ()

    def test_softmax_over_the_batch_is_refused(self) -> None:
        assert "needs `dim`" in refusal(["Softmax"], rows(3, 4, 5)).message


class TestStreams:
    def test_equal_seeds_give_equal_bits(self) -> None:
        first, second = (build([linear(9), "ReLU", linear(2)], rows(3, 4), seed=5) for _ in range(2))
        assert all(torch.equal(first.parameters[name], second.parameters[name]) for name in first.parameters)

    def test_other_seeds_give_other_weights(self) -> None:
        first, second = (build([linear(9)], rows(3, 4), seed=seed) for seed in (5, 6))
        assert not torch.equal(first.parameters["linear_1.weight"], second.parameters["linear_1.weight"])

    def test_layers_of_one_shape_differ(self) -> None:
        model = build([{**linear(4), "repeat": 2, "name": "fc"}], rows(3, 4))
        assert not torch.equal(model.parameters["fc.0.weight"], model.parameters["fc.1.weight"])

    @pytest.mark.parametrize("defaults", [{}, {"weight_init": "normal_", "bias_init": "uniform_"}])
    def test_an_inserted_layer_shifts_no_draws(self, defaults: dict[str, Any]) -> None:
        before = build([linear(4, name="a"), "ReLU", linear(2, name="b")], rows(3, 4), **defaults)
        inserted: list[Written] = [
            linear(4, name="a"),
            "BatchNorm1d",
            "ReLU",
            linear(4, name="new"),
            {"type": "Dropout", "p": 0.5},
            linear(2, name="b"),
        ]
        after = build(inserted, rows(3, 4), **defaults)
        assert len(before.parameters) == 4
        assert all(torch.equal(tensor, after.parameters[name]) for name, tensor in before.parameters.items())

    def test_only_the_tensor_with_another_initialiser_changes(self) -> None:
        before = build([linear(4), {"type": "LSTM", "hidden_size": 3}], rows(3, 5, 4))
        after = build([linear(4, weight_init="orthogonal_"), {"type": "LSTM", "hidden_size": 3}], rows(3, 5, 4))
        changed = [
            name for name in before.parameters if not torch.equal(before.parameters[name], after.parameters[name])
        ]
        assert changed == ["linear_1.weight"]

    def test_torch_random_state_is_left_alone(self) -> None:
        torch.manual_seed(3)
        expected = torch.rand(2)
        torch.manual_seed(3)
        build([linear(4, weight_init="normal_"), {"type": "Dropout", "p": 0.5}], rows(3, 4))
        assert torch.equal(torch.rand(2), expected)


class TestDescription:
    def test_forward_order_with_parents_and_branches(self) -> None:
        written: list[Written] = [
            {"type": "Residual", "layers": [linear(4, name="a"), "ReLU"], "shortcut": [linear(4, name="skip")]},
            {"type": "Concat", "branches": [[linear(1, name="b")], [linear(2, name="c")]], "name": "join"},
            linear(2, name="head"),
        ]
        model = build(written, rows(3, 4))
        places = [(layer.name, layer.parent, layer.branch) for layer in model.layers]
        assert places == [
            ("a", "residual_1", "main"),
            ("relu_1", "residual_1", "main"),
            ("skip", "residual_1", "shortcut"),
            ("residual_1", None, ""),
            ("b", "join", "0"),
            ("c", "join", "1"),
            ("join", None, ""),
            ("head", None, ""),
        ]
        assert list(model.modules) == [name for name, _, _ in places]
        assert model.layers[3].kind is LayerKind.RESIDUAL
        assert (model.layers[6].input_shape, model.layers[6].output_shape) == ((4,), (3,))
        assert model.layers[2].path == "model.layers[0].shortcut[0]"

    def test_parameters(self) -> None:
        model = build([linear(3, name="fc"), {"type": "PReLU", "trainable": False}], rows(2, 4))
        weight, bias = model.layers[0].parameters
        assert (weight.name, weight.layer, weight.shape, weight.init) == ("fc.weight", "fc", (3, 4), None)
        assert weight.init_std == pytest.approx(model.parameters["fc.weight"].std(correction=0).item())
        assert bias.shape == (3,)
        (slope,) = model.layers[1].parameters
        assert not slope.trainable
        assert not model.layers[1].trainable
        assert slope.init_std is None
        assert not model.parameters["prelu_1.weight"].requires_grad

    def test_names_lead_to_the_live_tensors(self) -> None:
        model = build([{"type": "TransformerEncoderLayer", "nhead": 2, "name": "t"}], rows(2, 3, 4))
        assert (
            model.parameters["t.self_attn.in_proj_weight"]
            is dict(model.module.named_parameters())["0.self_attn.in_proj_weight"]
        )
        assert set(map(id, model.parameters.values())) == set(map(id, model.module.parameters()))

    def test_the_output_of_the_example(self) -> None:
        x = rows(5, 4)
        model = build([linear(3)], x)
        assert torch.equal(model.output, model.module(x[: len(model.output)]))
        assert not model.output.requires_grad

    def test_the_layer_that_sets_the_width(self) -> None:
        assert build([linear(3), "ReLU", linear(2), "Softmax"], rows(5, 4)).output_path == "model.layers[2]"
        assert build(["ReLU", "Tanh"], rows(5, 4)).output_path == "model.layers[1]"

    def test_what_torch_warns_of_is_kept(self) -> None:
        model = build([{"type": "LSTM", "hidden_size": 3, "dropout": 0.5}], rows(2, 3, 4))
        assert any("dropout" in note for note in model.notes)


class TestBiasWithoutEffect:
    def no_effect(self, written: list[Written], example: Tensor) -> set[str]:
        return {p.name for layer in build(written, example).layers for p in layer.parameters if p.no_effect}

    def test_before_batch_norm(self) -> None:
        conv = {"type": "Conv2d", "out_channels": 4, "kernel_size": 3}
        pooled: list[Written] = [
            conv,
            {"type": "MaxPool2d", "kernel_size": 2},
            "BatchNorm2d",
            "ReLU",
            "Flatten",
            linear(3),
        ]
        assert self.no_effect(pooled, rows(2, 1, 8, 8)) == {"conv2d_1.bias"}
        assert self.no_effect([linear(4), "BatchNorm1d", linear(2)], rows(2, 3)) == {"linear_1.bias"}

    def test_the_gradient_is_indeed_nil(self) -> None:
        conv = {"type": "Conv2d", "out_channels": 4, "kernel_size": 3}
        model = build([conv, "InstanceNorm2d", "Tanh", "Flatten", linear(3)], rows(8, 1, 8, 8))
        model.module(rows(8, 1, 8, 8)).square().sum().backward()
        bias, weight = (model.parameters[f"conv2d_1.{name}"].grad for name in ("bias", "weight"))
        assert bias is not None
        assert weight is not None
        assert bias.norm() < 1e-5 * weight.norm()

    @pytest.mark.parametrize(
        ("written", "shape"),
        [
            ([linear(4), "LayerNorm"], (2, 3)),
            ([linear(4), "ReLU", "BatchNorm1d"], (2, 3)),
            ([linear(4), {"type": "Dropout", "p": 0.5}, "BatchNorm1d"], (2, 3)),
            ([linear(4), "BatchNorm1d"], (2, 5, 3)),
            (
                [{"type": "Conv1d", "out_channels": 4, "kernel_size": 3}, {"type": "GroupNorm", "num_groups": 2}],
                (2, 1, 8),
            ),
            (
                [
                    {"type": "Conv1d", "out_channels": 4, "kernel_size": 3},
                    {"type": "AvgPool1d", "kernel_size": 2, "padding": 1},
                    "BatchNorm1d",
                ],
                (2, 1, 8),
            ),
        ],
    )
    def test_stays_quiet(self, written: list[Written], shape: tuple[int, ...]) -> None:
        assert self.no_effect(written, rows(*shape)) == set()


class TestRefusals:
    def test_wrong_width_names_both_shapes(self) -> None:
        problem = refusal([linear(8), "ReLU", linear(3, in_features=9)], rows(2, 4))
        assert problem.path == "model.layers[2]"
        assert "Linear 'linear_2' cannot take rows of shape [8]" in problem.message
        assert problem.allowed == "rows of shape [..., 9]"
        assert "leave its input size out" in problem.hint

    def test_missing_flatten(self) -> None:
        problem = refusal([linear(3, in_features=64)], rows(2, 8, 8))
        assert problem.hint == "put a Flatten layer before it"

    def test_convolution_on_flat_rows(self) -> None:
        written = {"type": "Conv2d", "out_channels": 3, "kernel_size": 3, "in_channels": 1}
        problem = refusal([written], rows(2, 64))
        assert problem.allowed == "rows of shape [1, height, width]"
        assert "Reshape" in problem.hint

    def test_tokens_into_a_linear_layer(self) -> None:
        assert "Embedding" in refusal([linear(3)], tokens(2, 4, 5)).hint

    def test_argument_that_torch_refuses(self) -> None:
        problem = refusal([{"type": "MultiheadAttention", "num_heads": 3}], rows(2, 5, 8))
        assert problem.path == "model.layers[0].num_heads"
        assert "embed_dim must be divisible" in problem.message

    def test_kernel_larger_than_the_image(self) -> None:
        problem = refusal([{"type": "Conv2d", "out_channels": 3, "kernel_size": 9}], rows(2, 1, 8, 8))
        assert problem.path == "model.layers[0]"
        assert "Kernel size" in problem.message

    def test_shortcut_that_does_not_fit(self) -> None:
        problem = refusal([{"type": "Residual", "layers": [linear(1)]}], rows(2, 4))
        assert problem.path == "model.layers[0]"
        assert "its layers make [1], what comes in is [4]" in problem.message

    def test_branches_that_do_not_fit(self) -> None:
        example = rows(2, 4, 5)
        written = {"type": "Concat", "branches": [[], [{"type": "Permute", "dims": [1, 0]}]], "dim": 2}
        assert "cannot join [4, 5], [5, 4] along dim 2" in refusal([written], example).message

    @pytest.mark.parametrize(
        "written", [{"type": "Flatten", "start_dim": 0}, {"type": "Concat", "branches": [[], []], "dim": 0}]
    )
    def test_rows_may_not_be_mixed(self, written: Written) -> None:
        assert "mixes the rows of a batch" in refusal([written], rows(5, 4)).message

    def test_inner_layer_has_its_own_path(self) -> None:
        written = {"type": "Residual", "layers": [linear(4), linear(4, in_features=3)]}
        assert refusal(["ReLU", written], rows(2, 4)).path == "model.layers[1].layers[1]"

    def test_initialiser_that_torch_refuses(self) -> None:
        problem = refusal([linear(4, weight_init="dirac_")], rows(2, 4))
        assert problem.path == "model.layers[0].weight_init"
        assert "dirac_ cannot fill linear_1.weight of shape [4, 4]" in problem.message
        with pytest.raises(ModelError) as caught:
            build([linear(4)], rows(2, 4), bias_init="xavier_normal_")
        assert caught.value.problems[0].path == "model.bias_init"

    def test_too_large_is_refused_before_it_is_allocated(self) -> None:
        problem = refusal([linear(4), linear(10**6, name="wide"), linear(10**6)], rows(2, 4))
        assert problem.path == "model.layers[2]"
        assert "3.73e+03 GiB" in problem.message

    def test_too_large_an_output(self) -> None:
        written = {"type": "Upsample", "scale_factor": 10**6}
        assert "not enough memory" in refusal([written], rows(2, 1, 8, 8)).message

    def test_memory_is_counted_over_all_layers(self) -> None:
        config = network([{**linear(100), "repeat": 3}])
        build_model(config, rows(2, 100), seed=0, memory_limit=3 * 10_100 * 4)
        with pytest.raises(ModelError, match=r"'linear_3' needs .* beside the"):
            build_model(config, rows(2, 100), seed=0, memory_limit=3 * 10_100 * 4 - 1)

    def test_refusal_survives_being_copied(self) -> None:
        with pytest.raises(ModelError) as caught:
            build([linear(3, in_features=9)], rows(2, 4))
        assert copy.copy(caught.value).problems == caught.value.problems
