"""The whitening's numbers: golden values by hand, properties, files."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lookalike.encoders.transform import Whitening
from lookalike.encoders.transform_file import from_bytes, to_bytes
from lookalike.errors import EncoderError, InvalidArgument, LookalikeError, WeightsNotFound

SEEDS = st.integers(0, 2**32 - 1)


def cloud(seed: int, n: int = 60, d: int = 7, low: float = 0.0) -> NDArray[np.float32]:
    """Correlated points away from the origin, not below ``low``."""
    rng = np.random.default_rng(seed)
    mixed = rng.normal(size=(n, d)) @ (np.eye(d) + 0.5 * rng.normal(size=(d, d)))
    return np.maximum(low, mixed + 3).astype(np.float32)


def cosines(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(vectors @ vectors.T)


def test_two_dimensions_by_hand() -> None:
    """Four points on an axis-parallel cross around (5, 5): (9,5) (1,5) (5,6) (5,4).

    mean = (5, 5); centred (4,0) (-4,0) (0,1) (0,-1); variances with n - 1 = 3: 32/3 and 2/3; components = the axes.
    Exponent 0.5: scales (32/3)^-0.25 and (2/3)^-0.25, whose ratio is (2/3 / (32/3))^0.25 = 16^-0.25 = 1/2.
    The point (9, 6) is (4, 1) from the mean -> (4 * 1, 1 * 2) up to a common factor -> direction (2, 1)/sqrt(5).
    Exponent 1: ratio 16^-0.5 = 1/4 -> (4, 4) -> (1, 1)/sqrt(2). Exponent 0: (4, 1)/sqrt(17).
    """
    points = np.array([[9, 5], [1, 5], [5, 6], [5, 4]], dtype=np.float32)
    for exponent, expected in ((0.5, [2, 1]), (1.0, [1, 1]), (0.0, [4, 1])):
        fitted = Whitening.fit(points, exponent=exponent, sqrt=False)
        np.testing.assert_allclose(fitted.mean, [5, 5])
        np.testing.assert_allclose(np.abs(fitted.components), [[1, 0], [0, 1]], atol=1e-6)
        np.testing.assert_allclose(
            fitted.scales, [(32 / 3) ** (-exponent / 2), (2 / 3) ** (-exponent / 2)], rtol=1e-6
        )
        got = fitted.apply(np.array([[9, 6]], dtype=np.float32))[0]
        np.testing.assert_allclose(np.abs(got), np.array(expected) / np.linalg.norm(expected), rtol=1e-5)


def test_square_root_and_mirror_by_hand() -> None:
    """sqrt of (81, 25) (1, 25) (25, 36) (25, 16) = (9,5) (1,5) (5,6) (5,4), the cross above.

    The plain side is sqrt = (9, 5), (1, 5), ... and the mirrored one the same with the last two exchanged:
    the averages are (9,5) (1,5) (5,5) (5,5), so only the first axis varies, and (16, 4) -> (4, 2) with its own
    mirror image (100, 9) -> (10, 3) averages to (7, 2.5): 2 to the right of the mean, direction +-1.
    """
    plain = np.array([[81, 25], [1, 25], [25, 36], [25, 16]], dtype=np.float32)
    cross = Whitening.fit(plain, exponent=0.5)
    assert cross.sqrt
    assert not cross.mirror
    np.testing.assert_allclose(cross.mean, [5, 5], rtol=1e-6)
    np.testing.assert_allclose(cross.scales[0] / cross.scales[1], 0.5, rtol=1e-5)
    both = Whitening.fit(plain, plain[[0, 1, 3, 2]])
    assert both.mirror
    assert both.dim == 1  # the second axis has no variance left
    one = np.array([[16, 4]], dtype=np.float32)
    other = np.array([[100, 9]], dtype=np.float32)
    projected = both.project(one, other)[0, 0] / both.scales[0] * np.sign(both.components[0, 0])
    assert projected == pytest.approx(2.0, rel=1e-5)
    assert abs(both.apply(one, other)[0, 0]) == pytest.approx(1.0)


def test_the_root_keeps_signs() -> None:
    """(-4) -> -2 and 9 -> 3; left to itself a fit takes no root where a component is negative."""
    points = np.array([[-4.0], [9.0]], dtype=np.float32)
    assert not Whitening.fit(points).sqrt
    assert Whitening.fit(points, sqrt=True).mean[0] == pytest.approx(0.5)  # (-2 + 3) / 2


@given(SEEDS)
@settings(max_examples=20, deadline=None)
def test_exponent_one_gives_identity_covariance(seed: int) -> None:
    points = cloud(seed)
    fitted = Whitening.fit(points, exponent=1.0, sqrt=False)
    np.testing.assert_allclose(np.cov(fitted.project(points).T), np.eye(7), atol=2e-3)


@given(SEEDS)
@settings(max_examples=20, deadline=None)
def test_exponent_zero_is_plain_pca(seed: int) -> None:
    """All components kept: lengths and cosines are those of the centred points."""
    points = cloud(seed)
    fitted = Whitening.fit(points, exponent=0.0, sqrt=False)
    np.testing.assert_array_equal(fitted.scales, 1)
    centred = points - points.mean(axis=0)
    centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    np.testing.assert_allclose(cosines(fitted.apply(points)), cosines(centred), atol=1e-4)


@given(SEEDS, st.floats(0, 1), st.floats(0.1, 10))
@settings(max_examples=20, deadline=None)
def test_cosines_do_not_depend_on_place_rotation_or_scale(seed: int, exponent: float, scale: float) -> None:
    points = cloud(seed)
    rng = np.random.default_rng(seed)
    rotation = np.linalg.qr(rng.normal(size=(7, 7)))[0]
    moved = (scale * points @ rotation + rng.normal(size=7)).astype(np.float32)
    one = Whitening.fit(points, exponent=exponent, sqrt=False).apply(points)
    other = Whitening.fit(moved, exponent=exponent, sqrt=False).apply(moved)
    np.testing.assert_allclose(cosines(one), cosines(other), atol=5e-3)


@given(SEEDS, st.integers(1, 40))
@settings(max_examples=15, deadline=None)
def test_padding_changes_no_cosine_and_rows_do_not_know_of_one_another(seed: int, dims: int) -> None:
    points, mirrored = cloud(seed), cloud(seed + 1)
    fitted = Whitening.fit(points, mirrored, dims=dims)
    assert fitted.dim == min(dims, 7)
    rows = fitted.apply(points, mirrored)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, rtol=1e-5)
    for position in (0, 17, 59):
        alone = fitted.apply(points[position : position + 1], mirrored[position : position + 1])
        np.testing.assert_array_equal(alone[0], rows[position])
    wide = fitted.padded(50)
    assert wide.dim == 50
    np.testing.assert_allclose(cosines(wide.apply(points, mirrored)), cosines(rows), atol=1e-5)


def test_fewer_images_than_numbers() -> None:
    points = cloud(3, n=5, d=40)
    fitted = Whitening.fit(points)
    assert (fitted.dim, fitted.input_dim, fitted.images) == (4, 40, 5)
    np.testing.assert_allclose(
        np.cov(fitted.project(points).T), np.diag(fitted.scales**-2.0), rtol=1e-2, atol=1e-4
    )


def test_a_point_on_the_mean_stays_zero() -> None:
    points = np.array([[0, 0], [2, 0], [1, 1], [1, -1]], dtype=np.float32)
    assert not Whitening.fit(points, sqrt=False).apply(np.array([[1, 0]], dtype=np.float32)).any()


@pytest.mark.parametrize(
    ("points", "how", "message"),
    [
        (np.ones((1, 3)), {}, r"two or more images .* got \(1, 3\)"),
        (np.ones(3), {}, r"got \(3,\)"),
        (np.ones((9, 3)), {}, "all alike"),
        (np.full((9, 3), np.nan), {}, "not finite"),
        (cloud(0), {"dims": 0}, "at least 1 component"),
        (cloud(0), {"exponent": 1.5}, r"\[0, 1\], got 1.5"),
        (cloud(0), {"mirrored": cloud(0)[:5]}, r"\(60, 7\) and \(5, 7\)"),
    ],
)
def test_what_cannot_be_fitted(points: NDArray[np.float32], how: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        Whitening.fit(points.astype(np.float32), **how)  # type: ignore[arg-type]


def test_what_cannot_be_applied() -> None:
    fitted = Whitening.fit(cloud(0))
    with pytest.raises(InvalidArgument, match=r"\(n, 7\), got \(60, 6\)"):
        fitted.apply(cloud(0)[:, :6])
    with pytest.raises(InvalidArgument, match="without mirrored"):
        fitted.apply(cloud(0), cloud(0))
    with pytest.raises(InvalidArgument, match="contradict"):
        Whitening(fitted.mean, fitted.components, fitted.scales[:3].copy(), False, False, 0.5)
    with pytest.raises(InvalidArgument, match="finite"):
        Whitening(fitted.mean * np.float32(np.nan), fitted.components, fitted.scales, False, False, 0.5)
    with pytest.raises(ValueError, match="read-only"):
        fitted.mean[0] = 1


def test_a_file_gives_back_every_bit(tmp_path: Path) -> None:
    fitted = Whitening.fit(cloud(1), cloud(2), dims=5, exponent=0.3, encoder="näme", fitted_to="abc")
    fitted.save(tmp_path / "w.npz")
    read = Whitening.load(tmp_path / "w.npz")
    for name in ("mean", "components", "scales"):
        np.testing.assert_array_equal(getattr(read, name), getattr(fitted, name))
    plain = ("sqrt", "mirror", "exponent", "images", "encoder", "fitted_to", "digest")
    assert [getattr(read, name) for name in plain] == [getattr(fitted, name) for name in plain]
    assert [path.name for path in tmp_path.iterdir()] == ["w.npz"]
    assert to_bytes(read) == to_bytes(fitted)


def test_the_digest_follows_the_numbers_only() -> None:
    one = Whitening.fit(cloud(1), encoder="a")
    assert one.digest == Whitening.fit(cloud(1), encoder="b").digest
    others = [
        Whitening.fit(cloud(1), exponent=0.4),
        Whitening.fit(cloud(2)),
        Whitening.fit(cloud(1), sqrt=not one.sqrt),
        Whitening.fit(cloud(1), cloud(1)),
    ]
    assert len({one.digest, *(other.digest for other in others)}) == 5


def _without(data: bytes, member: str) -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(kept, "w") as new:
        for name in old.namelist():
            if name != member:
                new.writestr(name, old.read(name))
    return kept.getvalue()


def _with(data: bytes, **values: object) -> bytes:
    with np.load(io.BytesIO(data)) as file:
        arrays = {**file, **{name: np.asarray(value) for name, value in values.items()}}
    stream = io.BytesIO()
    np.savez(stream, **arrays)
    return stream.getvalue()


def test_damaged_and_foreign_files_are_refused_in_one_line() -> None:
    good = to_bytes(Whitening.fit(cloud(1)))
    array = io.BytesIO()
    np.save(array, np.ones(3))
    pickled = io.BytesIO()
    np.savez(pickled, kind=np.array({"a": 1}, dtype=object))
    wrong = Whitening.fit(cloud(1)).mean + 1
    cases = {
        "damaged or something else": [
            b"",
            b"hello",
            good[:100],
            good[: len(good) // 2],
            good[:-5],
            pickled.getvalue(),
            array.getvalue(),
        ],
        "not a whitening": [_without(good, "kind.npy")],
        "lacks 'scales'": [_without(good, "scales.npy")],
        "not those that were written": [_with(good, mean=wrong), _without(good, "digest.npy")],
        "contradict": [_with(good, scales=np.ones(2, dtype=np.float32))],
        "finite": [_with(good, mean=wrong * np.float32(np.inf))],
        "float32": [_with(good, mean=wrong.astype(np.float64))],
        "version 9, this lookalike knows up to 1": [_with(good, version=9)],
        "whitening w.npz": [_with(good, exponent="much"), _with(good, version=[1, 2])],
    }
    for message, contents in cases.items():
        for content in contents:
            with pytest.raises(EncoderError, match=message) as caught:
                from_bytes(content, "w.npz")
            assert "\n" not in str(caught.value)


@given(st.integers(0, 10**6), st.integers(0, 7))
@settings(max_examples=60, deadline=None)
def test_a_flipped_bit_never_goes_unnoticed(position: int, bit: int) -> None:
    fitted = Whitening.fit(cloud(1))
    data = bytearray(to_bytes(fitted))
    data[position % len(data)] ^= 1 << bit
    try:
        read = from_bytes(bytes(data), "w.npz")
    except LookalikeError:
        return
    assert read.digest == fitted.digest  # it lay in what carries no number, such as a time in the archive


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(WeightsNotFound, match=r"none\.npz: No such file"):
        Whitening.load(tmp_path / "none.npz")
    with pytest.raises(WeightsNotFound, match="directory"):
        Whitening.load(tmp_path)
    with pytest.raises(EncoderError, match="cannot be written"):
        Whitening.fit(cloud(1)).save(tmp_path / "no" / "w.npz")
