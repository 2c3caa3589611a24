"""The REST API gives what the library gives."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.web.conftest import CSRF, make_app


def give(client: Any, file: Path) -> str:
    headers = {**CSRF, "Content-Type": "application/octet-stream"}
    answer = client.post("/api/images", content=file.read_bytes(), headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["image"])


def search(client: Any, **body: Any) -> Any:
    return client.post("/api/galleries/drawn/search", json=body, headers=CSRF)


@pytest.fixture(scope="module")
def library(gallery: Path) -> Any:
    from lookalike.gallery import Gallery

    return Gallery.open(gallery)


@pytest.mark.parametrize("where", ["", "width > 200 AND label = 'crimson'"])
def test_a_given_image_finds_what_the_library_finds(
    client: Any, library: Any, pictures: Path, where: str
) -> None:
    file = sorted((pictures / "crimson").iterdir())[2]
    answer = search(client, images=[give(client, file)], k=7, where=where).json()
    hits = library.search(str(file), k=7, where=where or None)
    assert [hit["id"] for hit in answer["hits"]] == [hit.id for hit in hits]
    assert [hit["distance"] for hit in answer["hits"]] == pytest.approx(
        [hit.distance for hit in hits], abs=1e-5
    )
    assert answer["searched"] == hits.searched
    assert answer["exact"]


def test_negatives_crops_and_several_images_as_the_library_has_them(
    client: Any, library: Any, pictures: Path
) -> None:
    from lookalike.images import decode

    first, second, third = (
        sorted((pictures / kind).iterdir())[3] for kind in ("crimson", "seagreen", "royalblue")
    )
    handles = [give(client, file) for file in (first, second, third)]
    found = search(client, images=handles[:2], negative_images=handles[2:], combine="max", k=9).json()
    hits = library.search([str(first), str(second)], negative=str(third), combine="max", k=9)
    assert [hit["id"] for hit in found["hits"]] == [hit.id for hit in hits]
    height, width = decode(str(first)).shape[:2]
    box = (round(width * 0.25), round(height * 0.25), round(width * 0.75), round(height * 0.75))
    found = search(client, images=handles[:1], crop=[0.25, 0.25, 0.75, 0.75], k=9).json()
    hits = library.search(str(first), crop=box, k=9)
    assert [hit["id"] for hit in found["hits"]] == [hit.id for hit in hits]


def test_rows_are_found_by_their_stored_vectors(client: Any, library: Any) -> None:
    found = search(client, ids=[4], k=5).json()["hits"]
    assert found[0]["id"] == 4
    assert found[0]["distance"] == pytest.approx(0, abs=1e-5)
    assert found[0]["percentile"] > 99.9
    assert [hit["percentile"] for hit in found] == sorted((hit["percentile"] for hit in found), reverse=True)
    distances = [hit["distance"] for hit in search(client, ids=[4], k=50, max_distance=0.3).json()["hits"]]
    assert max(distances) <= 0.3


def test_percentiles_are_shares_of_random_pairs(client: Any, library: Any) -> None:
    matrix = library.vectors().matrix
    everything = 1 - matrix @ matrix.T
    pairs = everything[~__import__("numpy").eye(len(matrix), dtype=bool)]
    for hit in search(client, ids=[4], k=60).json()["hits"][10::10]:
        truth = 100 * float((pairs > hit["distance"]).mean())
        assert hit["percentile"] == pytest.approx(truth, abs=1.5)


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        ({}, 400, "nothing to search for"),
        ({"text": "a cup"}, 400, "does not understand text"),
        ({"ids": [10**9]}, 404, "no such image"),
        ({"ids": [1, 2], "crop": [0, 0, 0.5, 0.5]}, 400, "one image at a time"),
        ({"ids": [1], "crop": [0.5, 0, 0.5, 1]}, 400, "left of the right"),
        ({"ids": [1], "where": "nonsense ="}, 400, "cannot be used"),
        ({"ids": [1], "k": 0}, 422, "k:"),
        ({"ids": [1], "colour": "red"}, 422, "colour"),
        ({"images": ["A" * 22]}, 404, "not kept any more"),
    ],
)
def test_what_cannot_be_answered_is_said_in_one_line(
    client: Any, body: dict[str, Any], status: int, text: str
) -> None:
    answer = search(client, **body)
    assert answer.status_code == status
    assert list(answer.json()) == ["error"]
    assert text in answer.json()["error"]
    assert "\n" not in answer.json()["error"]


def test_compare_and_explain(client: Any, pictures: Path) -> None:
    from lookalike import compare

    file = sorted((pictures / "crimson").iterdir())[0]
    other = sorted((pictures / "seagreen").iterdir())[0]
    a, b = give(client, file), give(client, other)
    found = client.post("/api/compare", json={"a": a, "b": b, "encoders": ["classic"]}, headers=CSRF).json()
    truth = compare(str(file), str(other), ["classic"]).distances["classic"]
    assert found["distances"]["classic"] == pytest.approx(truth)
    assert "color" in found["parts"]["classic"]
    answer = client.post("/api/explain", json={"a": a, "b": "drawn:3", "language": "zh"}, headers=CSRF)
    assert answer.status_code == 200, answer.text
    assert answer.json()["sentences"]
    wrong = client.post("/api/compare", json={"a": a, "b": b, "encoders": ["onnx:/etc/passwd"]}, headers=CSRF)
    assert wrong.status_code == 400
    assert "does not offer" in wrong.json()["error"]


def test_galleries_and_their_status(client: Any) -> None:
    (brief,) = client.get("/api/galleries").json()
    assert brief == {"name": "drawn", "images": 96, "problems": 1, "encoder": "classic", "error": None}
    status = client.get("/api/galleries/drawn/status").json()
    assert status["columns"]["width"] == "int32"
    assert status["roots"] == 1
    assert "vector" not in status["columns"]


def test_indexing_is_started_watched_and_seen(pictures: Path, tmp_path: Path) -> None:
    from fastapi.testclient import TestClient

    from lookalike.gallery import Gallery
    from lookalike.web import WebSettings

    place = tmp_path / "new"
    Gallery.create(place, "classic")
    client = TestClient(make_app(WebSettings(galleries={"new": place}, roots=(pictures,))))
    assert client.get("/api/galleries/new/status").json()["images"] == 0
    assert client.get("/g/new").status_code == 200
    answer = client.post("/api/galleries/new/jobs", json={"root": 0}, headers=CSRF)
    assert answer.status_code == 202
    job = answer.json()
    again = client.post("/api/galleries/new/jobs", json={"root": 0}, headers=CSRF)
    assert again.status_code in (202, 409)
    end = time.monotonic() + 60
    while job["state"] in ("waiting", "running"):
        assert time.monotonic() < end
        time.sleep(0.05)
        job = client.get(f"/api/jobs/{job['id']}").json()
    assert (job["state"], job["counts"]["indexed"], job["counts"]["problems"], job["total"]) == (
        "done",
        96,
        1,
        97,
    )
    assert client.get("/api/galleries/new/status").json()["images"] == 96
    assert client.post("/api/galleries/new/jobs", json={"root": 1}, headers=CSRF).status_code == 404


def test_a_job_is_stopped_and_keeps_what_it_wrote(pictures: Path, tmp_path: Path) -> None:
    from lookalike.gallery import Gallery
    from lookalike.web.context import AppContext
    from lookalike.web.jobs import start_job
    from lookalike.web.settings import WebSettings

    Gallery.create(tmp_path / "new", "classic")
    context = AppContext(WebSettings(galleries={"new": tmp_path / "new"}, roots=(pictures,)))
    job = start_job(context, "new", 0)
    job.stopping.set()
    context.close()
    assert job.state == "stopped"
    assert job.is_over


def test_the_description_is_a_page_and_a_document(client: Any) -> None:
    document = client.get("/api/openapi.json").json()
    assert {"/api/galleries", "/api/compare", "/api/explain", "/api/images"} <= set(document["paths"])
    assert all(path.startswith("/api/") for path in document["paths"])
    assert "/api/galleries/{gallery}/search" in client.get("/api", headers={"accept": "text/html"}).text
