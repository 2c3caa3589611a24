"""Nothing that a participant's browser receives tells the right answer, or which trials are catch trials (checklist 18, 20)."""

from __future__ import annotations

import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from starlette.testclient import TestClient

from lookalike.studies import Study
from lookalike.studies.server import create_study_app
from lookalike.studies.store import Store
from tests.studies.proof.leaking_study import leaking_study

OPTIONS = 4
PER_PERSON = 25
HEADERS = {"X-Lookalike": "1"}
ASSETS = {"script": "/assets/study/index.js", "style": "/assets/study/index.css"}


@dataclass
class Seen:
    """Features of every option of every trial, what they belong to, and the truth (from the database, not the browser)."""

    features: np.ndarray  # type: ignore[type-arg]
    item: np.ndarray  # type: ignore[type-arg]
    right: np.ndarray  # type: ignore[type-arg]
    catch: np.ndarray  # type: ignore[type-arg]
    originals: np.ndarray  # type: ignore[type-arg]


def watch(study: Study, database: str, trials: int) -> Seen:
    """Take the study as often as it takes to see ``trials`` trials, and keep everything that arrives."""
    rows: list[list[float]] = []
    item_of, right, catch, originals = [], [], [], []
    names = {item.id: number for number, item in enumerate(study.items)}
    number = 0
    with Store(database) as store:
        app = create_study_app([study], lambda _: store, assets=ASSETS, rules=())
        while number < trials:
            with TestClient(app) as client:
                session = _post(client, "session", {"consent": True})["session"]
                slots = store.slots(study, session)
                page = client.get("/s/leak/").text + client.get("/s/leak/api/info").text
                for slot in slots:
                    item = study.items.by_id(slot.item)
                    (shown,) = client.get(f"/s/leak/api/trials?from={slot.index}&count=1").json()["trials"]
                    query = _image(client, shown["fixed"][0], page)
                    for place, image in enumerate(shown["options"]):
                        rows.append(
                            _features(_image(client, image, page), query, place, slot.index, shown, image)
                        )
                        item_of.append(names[slot.item])
                        right.append(slot.order[place] == item.right)
                        catch.append(slot.role == "catch")
                        originals.append(study.image_path(item.options[slot.order[place]]).stat().st_size)
                    _post(client, "answers", {"index": slot.index, "nonce": f"n{slot.index}", "position": 0})
                    number += 1
    columns = (np.array(rows), np.array(item_of), np.array(right), np.array(catch), np.array(originals))
    return Seen(*columns)


def _post(client: TestClient, path: str, body: dict[str, Any]) -> Any:
    reply = client.post(f"/s/leak/api/{path}", json=body, headers=HEADERS)
    assert reply.status_code == 200, reply.text
    return reply.json()


def _image(client: TestClient, image: dict[str, Any], page: str) -> dict[str, Any]:
    started = time.perf_counter()
    reply = client.get(image["url"])
    seconds = time.perf_counter() - started
    assert image["url"] not in page
    return {"data": reply.content, "headers": sorted(reply.headers.items()), "seconds": seconds, **image}


def _features(
    one: dict[str, Any],
    query: dict[str, Any],
    place: int,
    index: int,
    trial: dict[str, Any],
    image: dict[str, Any],
) -> list[float]:
    """Numbers out of everything: where it stood, its announced and real sizes, names, checksums, headers, bytes, delay."""
    data = one["data"]
    code = np.frombuffer(data, np.uint8)
    packed = len(zlib.compress(data, 6))
    picture = int.from_bytes(data[34:38], "little") if len(data) > 38 else 0
    numbers = [
        place, index, one["bytes"], one["width"], one["height"], len(data), packed, picture, one["seconds"],
        len(one["url"]), len(str(one["headers"])), zlib.crc32(str(one["headers"]).encode()),
        one["bytes"] - query["bytes"], one["width"] - query["width"], packed - len(zlib.compress(query["data"], 6)),
        len(trial), list(image).index("url"), len(str(trial)),
    ]  # fmt: skip
    token = one["url"].rsplit("/", 1)[1].encode()[:22].ljust(22, b"0")
    names = [*token, *bytes.fromhex(one["sha256"])]
    same = [one["sha256"][i] == query["sha256"][i] for i in range(16)]
    head, tail = code[:48], code[-16:]
    histogram = np.bincount(code, minlength=256).reshape(32, 8).sum(1)
    return [float(x) for x in (*numbers, *names, *same, *head, *tail, *histogram)]


def found_right(features: np.ndarray, seen: Seen) -> float:  # type: ignore[type-arg]
    """Share of trials whose right option the better of two classifiers puts first, trained on other items.

    Everybody gets the same few catch items. Who has seen one with its answer knows its pictures again, by eye or by checksum;
    that tells nothing about an item that was not seen before, which is what counts here.
    """
    best = 0.0
    for model in (
        RandomForestClassifier(100, random_state=0, min_samples_leaf=3),
        make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2_000)),
    ):
        folds = GroupKFold(5)
        score = cross_val_predict(
            model, features, seen.right, groups=seen.item, cv=folds, method="predict_proba"
        )[:, 1]
        by_trial = score.reshape(-1, OPTIONS)
        # Ties go to a random option: scores that say nothing must not favour the first place.
        noise = np.random.default_rng(0).random(by_trial.shape) * 1e-9
        picked = (by_trial + noise).argmax(1)
        best = max(best, float(seen.right.reshape(-1, OPTIONS)[np.arange(len(by_trial)), picked].mean()))
    return best


def relative(features: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    """The features and how each differs from the mean of its trial's options."""
    by_trial = features.reshape(-1, OPTIONS, features.shape[1])
    return np.hstack([features, (by_trial - by_trial.mean(1, keepdims=True)).reshape(features.shape)])


def check(folder: Path, trials: int) -> None:
    study = leaking_study(folder / "leak", items=trials, options=OPTIONS, catch=12, per_person=PER_PERSON)
    seen = watch(study, f"sqlite:///{folder / 'leak.sqlite'}", trials)
    count = len(seen.right) // OPTIONS
    assert count >= trials
    assert seen.right.reshape(-1, OPTIONS).sum(1).tolist() == [1] * count
    chance = 1 / OPTIONS
    # Two classifiers, one try each: four standard errors above chance do not happen by luck.
    limit = chance + 4 * (chance * (1 - chance) / count) ** 0.5
    assert found_right(relative(seen.features), seen) < limit
    # The same classifiers find the answer at once in the files as they lie on disk, so they can see a leak.
    with_leak = np.hstack([seen.features, seen.originals[:, None]])
    assert found_right(relative(with_leak), seen) > 0.9
    # Catch trials: one row a trial, all options side by side.
    wide = seen.features.reshape(count, -1)
    is_catch = seen.catch.reshape(-1, OPTIONS)[:, 0]
    model = RandomForestClassifier(100, random_state=0, min_samples_leaf=3)
    item = seen.item.reshape(-1, OPTIONS)[:, 0]
    folds = StratifiedGroupKFold(5)
    guess = cross_val_predict(model, wide, is_catch, groups=item, cv=folds, method="predict_proba")[:, 1]
    # Trials of one catch item are not independent: as many draws as there are items.
    n1, n0 = len(set(item[is_catch])), int((~is_catch).sum())
    error = ((n1 + n0 + 1) / (12 * n1 * n0)) ** 0.5
    assert roc_auc_score(is_catch, guess) < 0.5 + 4 * error


def test_a_classifier_over_all_that_arrives_finds_nothing(tmp_path: Path) -> None:
    check(tmp_path, 75)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_classifier_over_all_that_arrives_finds_nothing_in_500_trials(tmp_path: Path) -> None:
    check(tmp_path, 500)
