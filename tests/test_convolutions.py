"""Convolutions, transposed ones, columns of windows and pooling: as loops over the windows have them."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

import gradc


def spans(length: int, wide: int, stride: int, gap: int = 1) -> list[slice]:
    """The windows of an axis."""
    reach = gap * (wide - 1) + 1
    return [slice(i, i + reach, gap) for i in range(0, length - reach + 1, stride)]


def rimmed(x: Any, rim: Any, fill: float = 0.0) -> Any:
    return np.pad(x, ((0, 0), (0, 0), *((one, one) for one in rim)), constant_values=fill)


def conv(
    x: Any, w: Any, b: Any = None, stride: Any = (1, 1), rim: Any = (0, 0), gap: Any = (1, 1), groups: int = 1
) -> Any:
    x = rimmed(x, rim)
    rows, columns = (spans(x.shape[2 + k], w.shape[2 + k], stride[k], gap[k]) for k in (0, 1))
    out = np.zeros((x.shape[0], w.shape[0], len(rows), len(columns)))
    mine, own = x.shape[1] // groups, w.shape[0] // groups
    for f, (i, row), (j, column) in product(range(w.shape[0]), enumerate(rows), enumerate(columns)):
        part = x[:, f // own * mine : (f // own + 1) * mine, row, column]
        out[:, f, i, j] = np.sum(part * w[f], axis=(1, 2, 3)) + (0.0 if b is None else b[f])
    return out


def transposed(x: Any, w: Any, b: Any, stride: Any, rim: Any, more: Any) -> Any:
    n, _, high, wide = x.shape
    whole = [
        step * (length - 1) + k + each
        for step, length, k, each in zip(stride, (high, wide), w.shape[2:], more, strict=True)
    ]
    out = np.zeros((n, w.shape[1], *whole))
    for i, j in product(range(high), range(wide)):
        place = np.s_[:, :, i * stride[0] : i * stride[0] + w.shape[2], j * stride[1] : j * stride[1] + w.shape[3]]
        out[place] += np.einsum("nc,cfij->nfij", x[:, :, i, j], w)
    return out[:, :, rim[0] : whole[0] - rim[0], rim[1] : whole[1] - rim[1]] + b[:, None, None]


def columns_of(x: Any, size: Any, stride: Any, rim: Any, gap: Any = (1, 1)) -> Any:
    x = rimmed(x, rim)
    rows, columns = (spans(x.shape[2 + k], size[k], stride[k], gap[k]) for k in (0, 1))
    return np.stack([x[:, :, row, column].reshape(x.shape[0], -1) for row, column in product(rows, columns)], axis=-1)


def folded(x: Any, size: Any, stride: Any, rim: Any, whole: Any) -> Any:
    out = np.zeros((x.shape[0], x.shape[1] // (size[0] * size[1]), whole[0] + 2 * rim[0], whole[1] + 2 * rim[1]))
    rows, columns = (spans(out.shape[2 + k], size[k], stride[k]) for k in (0, 1))
    for k, (row, column) in enumerate(product(rows, columns)):
        out[:, :, row, column] += x[:, :, k].reshape(*out.shape[:2], *size)
    return out[:, :, rim[0] : rim[0] + whole[0], rim[1] : rim[1] + whole[1]]


def pooled(x: Any, work: Any, size: int, stride: int, rim: int, fill: float) -> Any:
    x = rimmed(x, (rim, rim), fill)
    rows, columns = (spans(x.shape[2 + k], size, stride) for k in (0, 1))
    return np.array([[work(x[:, :, row, column], axis=(2, 3)) for column in columns] for row in rows]).transpose(
        2, 3, 0, 1
    )


SHAPES = {
    "x": (2, 4, 5, 6),
    "w": (2, 4, 3, 2),
    "v": (4, 2, 3, 2),
    "b": (2,),
    "u": (4, 2, 2, 2),
    "d": (4,),
    "c": (1, 12, 15),
}
PROGRAMS = {
    "F.conv2d(x, w, b, stride=2, padding=1)": lambda x, w, b: conv(x, w, b, (2, 2), (1, 1)),
    "F.conv2d(x, w, dilation=(1, 2))": lambda x, w: conv(x, w, None, gap=(1, 2)),
    "F.conv2d(x, u, d, groups=2)": lambda x, u, d: conv(x, u, d, groups=2),
    "F.conv_transpose2d(x, v, b, stride=2, padding=1)": lambda x, v, b: transposed(x, v, b, (2, 2), (1, 1), (0, 0)),
    "F.conv_transpose2d(x, v, b, stride=(2, 3), output_padding=1)": lambda x, v, b: transposed(
        x, v, b, (2, 3), (0, 0), (1, 1)
    ),
    "F.unfold(x, kernel_size=3, padding=1)": lambda x: columns_of(x, (3, 3), (1, 1), (1, 1)),
    "F.unfold(x, (2, 3), stride=(2, 1), dilation=(1, 2))": lambda x: columns_of(x, (2, 3), (2, 1), (0, 0), (1, 2)),
    "F.fold(c, output_size=(4, 5), kernel_size=(2, 3), padding=1, stride=(2, 1))": lambda c: folded(
        c, (2, 3), (2, 1), (1, 1), (4, 5)
    ),
    "F.max_pool2d(x, 3, stride=2, padding=1)": lambda x: pooled(x, np.max, 3, 2, 1, -np.inf),
    "F.avg_pool2d(x, kernel_size=2)": lambda x: pooled(x, np.mean, 2, 2, 0, 0.0),
}  # fmt: skip


@pytest.mark.parametrize("style", ["notes", "fast"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_as_loops_have_it(program: str, style: Any) -> None:
    rng, by_loops = np.random.default_rng(3), PROGRAMS[program]
    names = by_loops.__code__.co_varnames
    given = {name: rng.standard_normal(SHAPES[name]) for name in names}
    fn = gradc.compile(program, shapes={name: SHAPES[name] for name in names}, style=style)
    wanted = by_loops(**given)
    df = rng.standard_normal(wanted.shape)
    value, grads = fn.value_and_grad(**given, df=df)
    np.testing.assert_allclose(value, wanted, rtol=1e-12, atol=1e-12)
    for name in names:
        moved = rng.standard_normal(SHAPES[name])
        ahead, behind = (by_loops(**{**given, name: given[name] + step * moved}) for step in (1e-6, -1e-6))
        along = np.sum(df * (ahead - behind)) / 2e-6
        np.testing.assert_allclose(np.sum(grads[name] * moved), along, rtol=1e-6, atol=1e-6)


AS_IMAGES = {
    "F.conv1d(x, w, stride=2, padding=1, dilation=2)": "F.conv2d(X, W, stride=(1, 2), padding=(0, 1), dilation=(1, 2))",
    "F.conv1d(x, w, padding='same')": "F.conv2d(X, W, padding=(0, 1))",
    "F.conv_transpose1d(x, w, stride=2)": "F.conv_transpose2d(X, W, stride=(1, 2))",
    "F.max_pool1d(x, 2)": "F.max_pool2d(X, (1, 2))",
    "F.avg_pool1d(x, 3, 1, 1)": "F.avg_pool2d(X, (1, 3), 1, (0, 1))",
    "x.unfold(2, 3, 2).sum(dim=3)": "3*F.avg_pool2d(X, (1, 3), (1, 2))",
}


@pytest.mark.parametrize("program", AS_IMAGES)
def test_signals_are_images_of_one_row(program: str) -> None:
    rng = np.random.default_rng(7)
    given = {"x": rng.standard_normal((2, 3, 7)), "w": rng.standard_normal((3, 3, 3))}
    used = ["x", "w"] if ", w" in program else ["x"]
    lines = "X = x[:, :, None]\n" + "W = w[:, :, None]\n" * (len(used) > 1)
    shapes = {name: given[name].shape for name in used}
    one, two = (gradc.compile(text, shapes=shapes) for text in (program, f"{lines}({AS_IMAGES[program]})[:, :, 0]"))
    inputs = {name: given[name] for name in used}
    np.testing.assert_allclose(one(**inputs), two(**inputs), rtol=1e-12)


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("F.conv2d(x, w, stride=0)", "'stride' is at least 1"),
        ("F.conv2d(x, w, padding=(1, 2, 3))", "'padding' is a whole number, or 2 of them"),
        ("F.conv2d(x, w, padding='full')", "'padding' is a number, 'valid' or 'same'"),
        ("F.conv_transpose2d(x, v, output_padding=1)", "'output_padding' is less than 'stride'"),
        ("F.conv_transpose2d(x, v, groups=2)", "has groups=1 and dilation=1 here"),
        ("F.conv1d(x, w)", "'conv1d' takes signals of shape"),
    ],
)
def test_refused_with_a_reason(program: str, said: str) -> None:
    with pytest.raises(gradc.GradcError, match=said):
        gradc.compile(program, shapes={name: SHAPES[name] for name in ("x", "w", "v") if name in program.split("(")[1]})
