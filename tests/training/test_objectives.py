"""Every objective against numbers worked out by hand; the working stands beside each."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lookalike.errors import TrainingError
from lookalike.training.batch import Batch
from lookalike.training.objectives import (
    binary_codes,
    class_cosines,
    hamming_distances,
    hamming_recall,
    make_objective,
)

torch = pytest.importorskip("torch")

LOG_1_PLUS_1_OVER_E = math.log(1 + math.exp(-1))  # 0.313262


@pytest.fixture(autouse=True)
def _one_thread():
    """Tiny tensors: on a busy machine two threads wait for one another a hundred times longer than they compute."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def rows(*values):
    return torch.tensor(values, dtype=torch.float64)


def itself(x):
    return x


def close(loss, expected, tolerance=1e-6):
    assert loss.ndim == 0
    assert float(loss.detach()) == pytest.approx(expected, abs=tolerance)


def triplets(votes_a, votes_b):
    # Row 1: d_a = 0, d_b = 1, delta = -1. Row 2: cos 0.6 and 0.8, d_a = 0.4, d_b = 0.2, delta = 0.2.
    return Batch(
        rows([1, 0], [1, 0]), rows([2, 0], [0.6, 0.8]), rows([0, 3], [0.8, 0.6]),
        votes_a=torch.tensor(votes_a), votes_b=torch.tensor(votes_b),
    )  # fmt: skip


def test_triplet_hinge_is_dreamsims() -> None:
    hinge = make_objective("triplet-hinge", 2, margin=0.05)
    # Both right: row 1 max(0, 0.05 - (-1)(-1)) = 0; row 2 max(0, 0.05 - 0.2) = 0
    close(hinge(triplets([6, 0], [0, 6]), itself), 0.0)
    assert hinge.logs["accuracy"] == 1
    # Both wrong: 0.05 + 1 = 1.05 and 0.05 + 0.2 = 0.25; mean 0.65
    close(hinge(triplets([0, 6], [6, 0]), itself), 0.65)
    # A draw is left out: only row 2, wrong
    close(hinge(triplets([3, 6], [3, 0]), itself), 0.25)
    close(hinge(triplets([3, 3], [3, 3]), itself), 0.0)


def test_triplet_hinge_by_share_of_votes() -> None:
    hinge = make_objective("triplet-hinge", 2, votes="share")
    # Row 1, p = 1/4: 1/4 x 1.05 + 3/4 x max(0, 0.05 - 1) = 0.2625. Row 2, p = 1/2: 1/2 x 0 + 1/2 x 0.25 = 0.125
    close(hinge(triplets([3, 1], [1, 1]), itself), (0.2625 + 0.125) / 2)
    unanimous = triplets([0, 6], [6, 0])
    close(hinge(unanimous, itself), float(make_objective("triplet-hinge", 2)(unanimous, itself)))


def test_contrastive() -> None:
    loss = make_objective("contrastive", 2, margin=1.0)
    # Orthogonal, d = sqrt 2: alike costs d^2 / 2 = 1. cos 0.6, d = sqrt 0.8 = 0.894427: apart costs 0.105573^2 / 2
    pairs = Batch(rows([1, 0], [5, 0]), rows([0, 2], [0.6, 0.8]), same=torch.tensor([1.0, 0.0]))
    close(loss(pairs, itself), (1 + 0.0055728) / 2)


def test_contrastive_with_unlabelled_pairs() -> None:
    loss = make_objective("contrastive", 2, distance="euclidean", unlabelled=0.5)
    # One labelled alike with d = 0.4: 0.08. Unlabelled d = 0.8: belief sigmoid(-3) = 0.047, surely apart: 0.2^2 / 2
    # = 0.02; d = 0.6: sigmoid(-1) = 0.27, not sure, nothing. 0.08 + 0.5 (0.02 + 0) / 2
    pairs = Batch(
        rows([0, 0], [0, 0], [0, 0]), rows([0.4, 0], [0.8, 0], [0.6, 0]), same=torch.tensor([1.0, -1, -1])
    )
    close(loss(pairs, itself), 0.085)
    assert loss.logs["taken"] == pytest.approx(0.5)


def test_info_nce() -> None:
    loss = make_objective("info-nce", 2, temperature=1.0)
    eye = torch.eye(2)
    # Scores [[1, 0], [0, 1]], every row log(1 + e^-1), both ways
    close(loss(Batch(eye, 3 * eye), itself), LOG_1_PLUS_1_OVER_E)
    # One group: nobody is a negative
    close(loss(Batch(eye, eye, labels=torch.tensor([4, 4])), itself), 0.0)
    # Row 2 is no positive: only row 1 counts, the same number
    close(loss(Batch(eye, eye, same=torch.tensor([1.0, -1.0])), itself), LOG_1_PLUS_1_OVER_E)


def test_info_nce_pulls_back() -> None:
    loss = make_objective("info-nce", 2, temperature=1.0, pull=2.0)
    eye = torch.eye(2)
    # Left targets agree (0, 0), right ones are orthogonal (1, 1): mean 0.5, times 2
    close(loss(Batch(eye, eye, targets=eye, targets_a=eye.flip(0)), itself), LOG_1_PLUS_1_OVER_E + 1)


def test_simclr() -> None:
    loss = make_objective("simclr", 2, temperature=1.0, hidden=0)
    eye = torch.eye(2)
    # Each view: partner at cosine 1, two others at 0: -log(e / (e + 2))
    close(loss(Batch(eye, eye), itself), math.log(1 + 2 / math.e))
    assert loss.logs["accuracy"] == 1


def test_instance_discrimination() -> None:
    loss = make_objective("instance", 2, count=2, temperature=1.0)
    loss.bank.copy_(torch.eye(2))
    close(loss(Batch(rows([7, 0]), index=torch.tensor([0])), itself), LOG_1_PLUS_1_OVER_E)
    loss.after_step()
    loss(Batch(rows([0.6, 0.8]), index=torch.tensor([0])), itself)
    # 1/2 (1, 0) + 1/2 (0.6, 0.8) = (0.8, 0.4), scaled to length 1; saving brings the bank up to date
    saved = loss.state_dict()["bank"]
    assert saved[0].tolist() == pytest.approx([2 / math.sqrt(5), 1 / math.sqrt(5)])
    assert saved[1].tolist() == [0, 1]


def test_instance_discrimination_by_noise_contrast() -> None:
    loss = make_objective("instance", 2, count=2, temperature=1.0, negatives=1, proximal=0.5)
    loss.bank.copy_(torch.tensor([[1.0, 0], [1, 0]]))
    # exp = e everywhere, Z = 2 e, P = 1/2 = m / n, so h = 1/2: -log 1/2 - log 1/2; the vector is its own: proximal 0
    close(loss(Batch(rows([1, 0]), index=torch.tensor([1])), itself), 2 * math.log(2))
    assert float(loss.normaliser) == pytest.approx(2 * math.e)


def test_classifier() -> None:
    linear = make_objective("classifier", 2, classes=3)
    torch.nn.init.zeros_(linear.layer.weight)
    torch.nn.init.zeros_(linear.layer.bias)
    # Nothing is preferred: log 3; the row without a label does not count
    close(linear.double()(Batch(rows([1, 2], [3, 4]), labels=torch.tensor([2, -1])), itself), math.log(3))
    cosine = make_objective("classifier", 2, classes=2, head="cosine", scale=1.0).double()
    cosine.layer.weight.data.copy_(5 * torch.eye(2))
    close(cosine(Batch(rows([9, 0]), labels=torch.tensor([0])), itself), LOG_1_PLUS_1_OVER_E)
    assert cosine.class_table() == pytest.approx(np.eye(2))


def test_class_cosines() -> None:
    # Class 2 lies between the others: cos 45 degrees. Class 3 has no image.
    table = class_cosines([[1, 0], [0, 2], [1, 1], [3, 3]], [0, 1, 2, 2], classes=4)
    half = math.sqrt(0.5)
    assert table[:3, :3] == pytest.approx(np.array([[1, 0, half], [0, 1, half], [half, half, 1]]))
    assert np.isnan(table[3]).all()


def test_attributes() -> None:
    loss = make_objective(
        "attributes", 2, attributes={"digit": 10, "parity": 2}, weights={"parity": 3}
    ).double()
    for layer in loss.layers:
        torch.nn.init.zeros_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    known = {"digit": torch.tensor([7, -1]), "parity": torch.tensor([1, 0])}
    close(loss(Batch(rows([1, 0], [0, 1]), attributes=known), itself), (math.log(10) + 3 * math.log(2)) / 4)
    known["digit"] = torch.tensor([-1, -1])  # an attribute nobody knows is left out, its weight too
    close(loss(Batch(rows([1, 0], [0, 1]), attributes=known), itself), math.log(2))


def test_autoencoder() -> None:
    loss = make_objective("autoencoder", 3, size=8, channels=1, width=8).eval()
    for parameter in loss.decoder.parameters():
        torch.nn.init.zeros_(parameter)
    images = torch.full((2, 1, 8, 8), 2.0)
    close(loss(Batch(images), lambda x: x.flatten(1)[:, :3]), 4.0)  # drawn: 0; wanted: 2
    assert loss.logs["error"] == 2
    assert torch.equal(make_objective("autoencoder", 3, noise=0.0).spoil(images), images)
    half = make_objective("autoencoder", 3, noise=0.0, masked=0.5).spoil(torch.ones(400, 1, 16, 12))
    assert float(half.mean()) == pytest.approx(0.5, abs=0.05)


def test_distillation() -> None:
    loss = make_objective("distillation", 2, teacher_dim=2, project="none")
    # cos to the teacher 1 and 0.8: mean distance 0.1; cosines between the rows 0 and 0.6: 0.36
    close(loss(Batch(torch.eye(2), targets=torch.tensor([[2.0, 0], [0.6, 0.8]])), itself), 0.46)
    assert loss.logs == pytest.approx({"cosine": 0.9, "relational": 0.36})


@pytest.mark.parametrize("supervision", ["labels", "pairs"])
def test_hashing(supervision: str) -> None:
    loss = make_objective(
        "hashing", 8, bits=8, supervision=supervision, quantisation=0.4, balance=0.36
    ).double()
    loss.output.weight.data.copy_(torch.eye(8))
    torch.nn.init.zeros_(loss.output.bias)
    half = math.atanh(0.5) * torch.ones(1, 8, dtype=torch.float64)
    # u = 1/2 in rows 1 and 2 (alike), -1/2 in row 3: theta = 8/4/2 = 1 and -1; log(1 + e) - 1 = log(1 + e^-1)
    # (|u| - 1)^2 = 1/4; with three rows the mean of a bit is 1/6, with four 0
    if supervision == "labels":
        batch = Batch(torch.cat([half, half, -half]), labels=torch.tensor([5, 5, 2]))
        balance = 0.36 / 36
    else:
        batch, balance = Batch(torch.cat([half, -half]), torch.cat([half, -half])), 0.0
    close(loss(batch, itself), LOG_1_PLUS_1_OVER_E + 0.4 / 4 + balance)


def test_metric_uses_pytorch_metric_learning() -> None:
    batch = Batch(rows([1, 0], [2, 0], [0, 1]), labels=torch.tensor([0, 0, 1]))
    # Two anchors with a positive at 1: log(1 + exp(-2 (1 - 0.5))) / 2; negatives at 0: log(1 + e^-25) / 50 = 0
    close(make_objective("metric", 2, miner="none")(batch, itself), 2 / 3 * LOG_1_PLUS_1_OVER_E / 2)
    # The miner sees that every positive is nearer than every negative and leaves nothing
    close(make_objective("metric", 2)(batch, itself), 0.0)


def test_codes_and_hamming_distances() -> None:
    codes = binary_codes([[1, -1, 1, 1, -1, -1, 0, 2], [1] * 8, [-1] * 8])
    assert codes.tolist() == [[0b10110001], [255], [0]]
    assert hamming_distances(codes, codes).tolist() == [[0, 4, 4], [4, 0, 8], [4, 8, 0]]
    with pytest.raises(TrainingError, match="multiple of 8"):
        binary_codes(np.ones((2, 7)))


def test_recall_at_a_hamming_radius() -> None:
    codes = np.array([[0], [1], [255], [3]], dtype=np.uint8)  # bits set: 0, 1, 8, 2
    labels = [0, 0, 0, 1]
    # Radius 1: 0 finds 1 (1 of 2 alike, 1 of 1 right); 1 finds 0 and 3 (1 of 2, 1 of 2); 255 finds nothing (0 of 2);
    # 3 has nobody alike and is left out
    found = hamming_recall(codes, codes, labels, labels, radius=1, block=2)
    assert (found.recall, found.queries) == (pytest.approx(1 / 3), 3)
    assert found.precision == pytest.approx((1 + 0.5 + 0) / 3)
    assert found.returned == pytest.approx((1 + 2 + 0) / 3)
    assert hamming_recall(codes[:1], codes.copy(), [1], labels, radius=2).recall == 1
