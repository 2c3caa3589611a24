"""Results as the plain data that the pages of `reports` are made from."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lookalike.reports import (
    ClusterView,
    DuplicateGroupView,
    HitView,
    MapView,
    Picture,
    ProblemView,
    ThresholdView,
    clusters_page,
    contact_sheet,
    duplicates_page,
)
from lookalike.reports.local_paths import without_folders

if TYPE_CHECKING:
    from lookalike.gallery import Gallery, Hit, Hits
    from lookalike.gallery.clusters import Cluster, Clusters
    from lookalike.gallery.duplicates import DuplicateGroup, DuplicateImage, Duplicates
    from lookalike.gallery.map import MapData

MEMBERS_SHOWN = 12
HISTOGRAM_SAMPLE = 2_000


def row_picture(row: Mapping[str, Any], thumbnail: bytes | None, caption: str = "") -> Picture:
    """One row of a gallery as a picture."""
    path = str(row["path"])
    return Picture(
        path=path,
        thumbnail=thumbnail,
        caption=caption,
        href=file_link(path),
        width=row.get("width"),
        height=row.get("height"),
        format=row.get("format") or "",
        bytes=row.get("bytes"),
        taken=row.get("taken"),
        label=row.get("label"),
    )


def query_picture(path: Path | str) -> Picture:
    """A query image, read from its file."""
    from lookalike.images import read_image, thumbnail

    image = read_image(str(path), min_size=(160, 160))
    info = image.info
    return Picture(
        path=str(path),
        thumbnail=thumbnail(image.pixels),
        href=file_link(str(Path(path).absolute())),
        width=info.width,
        height=info.height,
        format=info.format,
        bytes=info.bytes,
    )


def file_link(path: str) -> str | None:
    """A ``file:`` link, or None for a member of an archive."""
    from lookalike.images import holding_file

    return Path(path).as_uri() if holding_file(path) == path else None


def hit_views(hits: Hits) -> list[HitView]:
    """The hits of a search; a comparator's probability stands below the picture."""
    views = []
    for hit in hits:
        sure = probability(hit)
        caption = "" if sure is None else f"probability {sure:.3f}"
        picture = row_picture(hit.row, hits.thumbnails.get(hit.id), caption)
        views.append(HitView(hit.rank, picture, hit.distance))
    return views


def probability(hit: Hit) -> float | None:
    """That a person would pair the hit with the query, at even odds; None where no comparator could score it."""
    score = hit.row.get("comparator_score")  # log odds
    return None if score is None else 1 / (1 + math.exp(-min(max(float(score), -500.0), 500.0)))


def encoder_name(gallery: Gallery) -> str:
    """A gallery's encoder for a page that is handed on: a file by its name only, without its folders."""
    return without_folders(re.sub(r"\b(onnx|trained):[^+|]*[/\\]", r"\1:", gallery.settings.encoder))


def hits_page(
    hits: Hits, queries: Sequence[Path], text: Sequence[str], gallery: Gallery, rerank: Path | None = None
) -> str:
    """The contact sheet of a search; ``rerank`` is the comparator's folder, where one gave the order."""
    how = "exact" if hits.exact else "approximate"
    note = (
        f"{how} search ({hits.engine}) over {hits.searched} images in {hits.seconds * 1000:.0f} ms, "
        f"encoder {encoder_name(gallery)}"
    )
    if rerank is not None:
        note += (
            f"; re-ranked by the comparator {rerank.resolve().name} "
            "(probability: that a person would pair the two, at even odds)"
        )
    pictures = [query_picture(path) for path in queries]
    return contact_sheet("What looks alike", pictures, hit_views(hits), note, text=", ".join(text))


def group_view(group: DuplicateGroup, thumbnails: Mapping[int, bytes]) -> DuplicateGroupView:
    """One group of duplicates."""

    def picture(image: DuplicateImage) -> Picture:
        row = {name: getattr(image, name) for name in ("path", "width", "height", "format", "bytes", "taken")}
        return row_picture(row, thumbnails.get(image.id))

    dropped = [(picture(image), image.distance) for image in group.drop]
    return DuplicateGroupView(picture(group.keep), dropped, group.reason, group.kind)


def duplicates_html(found: Duplicates, gallery: Gallery) -> str:
    """The page of all groups, with the distances that the threshold was chosen from."""
    shown = [image.id for group in found.groups for image in (group.keep, *group.drop)]
    thumbnails = gallery.thumbnails(shown) if shown else {}
    threshold = None
    if found.threshold is not None:
        threshold = ThresholdView(found.threshold.value, neighbour_distances(gallery), found.threshold.reason)
    note = f"{found.images} images, encoder {encoder_name(gallery)}; keep rule: {', '.join(found.keep)}"
    views = [group_view(group, thumbnails) for group in found.groups]
    return duplicates_page("Duplicates", views, threshold=threshold, note=note)


def neighbour_distances(gallery: Gallery) -> Any:
    """Distance of (at most 2,000 sampled) images to their nearest neighbour: float32 (n,)."""
    vectors = gallery.vectors()
    if len(vectors) < 2:
        return np.empty(0, dtype=np.float32)
    size = min(HISTOGRAM_SAMPLE, len(vectors))
    rows = np.random.default_rng(0).choice(len(vectors), size=size, replace=False)
    distances, _ = gallery.nearest(vectors.matrix[rows], 2)
    return distances[:, 1]


def cluster_view(
    cluster: Cluster, gallery: Gallery, rows: Mapping[int, Mapping[str, Any]], labels: str | None
) -> ClusterView:
    """One cluster with its medoid and the members nearest to it."""
    shown = [int(i) for i in cluster.ids[:MEMBERS_SHOWN]]
    thumbnails = gallery.thumbnails(shown)
    pictures = [row_picture(rows[i], thumbnails.get(i)) for i in shown]
    composition: dict[str, int] = {}
    if labels is not None:
        for i in cluster.ids:
            value = rows[int(i)].get(labels)
            if value is not None:
                composition[str(value)] = composition.get(str(value), 0) + 1
    title = cluster.label if cluster.label_share >= 0.5 else None
    counted = sorted(composition.items(), key=lambda item: (-item[1], item[0]))
    return ClusterView(pictures[0], cluster.size, pictures[1:], title, counted)


def gallery_rows(gallery: Gallery, *extra: str | None) -> dict[int, dict[str, Any]]:
    """What pictures need to know of every row, by id."""
    columns = ["id", "path", "width", "height", "format", "bytes", "taken", "label"]
    wanted = list(dict.fromkeys([*columns, *(name for name in extra if name)]))
    return {row["id"]: row for row in gallery.rows(wanted).to_pylist()}


def clusters_html(found: Clusters, gallery: Gallery, labels: str | None) -> str:
    """The page of all clusters."""
    rows = gallery_rows(gallery, labels)
    views = [cluster_view(cluster, gallery, rows, labels) for cluster in found.clusters]
    lonely = [int(i) for i in found.unclustered[:MEMBERS_SHOWN]]
    thumbnails = gallery.thumbnails(lonely) if lonely else {}
    noise = [row_picture(rows[i], thumbnails.get(i)) for i in lonely]
    agreement = None
    if found.agreement is not None:
        agreement = {"NMI": found.agreement.nmi, "ARI": found.agreement.ari}
    return clusters_page(
        "Clusters",
        views,
        noise=noise,
        noise_size=int(found.unclustered.size),
        agreement=agreement,
        label_column=labels or "",
        note=f"{found.method}: {found.note}; {found.images} images, encoder {encoder_name(gallery)}",
    )


def map_view(data: MapData, gallery: Gallery, title: str = "Map") -> MapView:
    """The map with every metadata column that can colour it."""
    names = [name for name in ("label", "format", "width", "taken") if name != data.color]
    columns = [*([data.color] if data.color else []), *names, *gallery.store.metadata_columns()]
    chosen = list(dict.fromkeys(columns))
    table = gallery.rows(["id", *chosen])
    order = np.searchsorted(table.column("id").to_numpy(), data.ids)
    values = {name: table.column(name).take(order).to_pylist() for name in chosen}
    known = {name: column for name, column in values.items() if any(value is not None for value in column)}
    note = f"{data.method}, encoder {encoder_name(gallery)}" + (f"; {data.note}" if data.note else "")
    return MapView(
        title,
        data.xy,
        data.paths,
        gallery.thumbnails,
        data.ids,
        known,
        data.color if data.color in known else None,
        [file_link(path) for path in data.paths],
        note,
    )


def problem_views(gallery: Gallery) -> list[ProblemView]:
    """The gallery's bad files."""
    return [ProblemView(row["path"], row["reason"], row["kind"]) for row in gallery.problems().to_pylist()]
