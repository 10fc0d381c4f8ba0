"""Norms against numpy in fp64, where fp32 is in range and where it is not."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gradcheck_cli.recording.statistics import all_norms, exact_norms, norms, row_norms, varying_row_norms


@pytest.mark.parametrize("scale", [1.0, 1e-25, 1e25])
@pytest.mark.parametrize("shape", [(5,), (5, 3), (5, 2, 4, 3), (64, 1024)])
def test_row_norms_at_any_scale(scale: float, shape: tuple[int, ...]) -> None:
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0)) * scale
    expected = np.linalg.norm(x.double().numpy().reshape(len(x), -1), axis=1)
    np.testing.assert_allclose(row_norms(x).numpy(), expected, rtol=1e-5)


def test_large_tensors_with_one_tiny_row_are_exact() -> None:
    x = torch.ones(64, 1024)
    x[3] = 1e-30
    assert float(row_norms(x)[3]) == pytest.approx(32e-30, rel=1e-6)


def test_rows_that_are_all_equal_do_not_vary_at_all() -> None:
    row = torch.randn(100, generator=torch.Generator().manual_seed(0)) * 1e3
    assert varying_row_norms(row.expand(7, 100)).tolist() == [0.0] * 7


def test_rows_that_vary_by_the_last_bit_are_seen_to_vary() -> None:
    x = torch.full((4, 10), 1000.0)
    x[0] += 1e-3
    exact = x.double().numpy()
    expected = np.linalg.norm(exact - exact.mean(axis=0), axis=1)
    np.testing.assert_allclose(varying_row_norms(x).numpy(), expected, rtol=1e-4)


def test_exact_norms_take_doubtful_ones_again() -> None:
    tensors = [torch.full((4,), value) for value in (3.0, 1e-30, 1e30, 0.0, float("inf"))] + [torch.empty(0)]
    np.testing.assert_allclose(exact_norms(tensors), [6.0, 2e-30, 2e30, 0.0, np.inf, 0.0], rtol=1e-6)
    assert exact_norms([]).size == 0


def test_half_precision_is_accumulated_in_fp32() -> None:
    tensors = [torch.full((10_000,), 500.0, dtype=torch.float16), torch.full((4,), 1e-4, dtype=torch.bfloat16)]
    found = [float(norm) for norm in norms(tensors)]
    assert found == pytest.approx([50_000.0, 2e-4], rel=1e-2)


@pytest.mark.parametrize("dtype", [None, torch.float64])
def test_without_the_private_call_the_norms_are_the_same(
    monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype | None
) -> None:
    tensors = [torch.arange(6.0).reshape(2, 3), torch.ones(4)]
    fused = all_norms(tensors, dtype=dtype)
    monkeypatch.delattr(torch, "_foreach_norm")
    plain = all_norms(tensors, dtype=dtype)
    assert [norm.dtype for norm in plain] == [norm.dtype for norm in fused]
    assert [float(norm) for norm in plain] == pytest.approx([float(norm) for norm in fused], rel=1e-6)
