"""The steps of the demonstration; each runs a real command's library call and keeps what a page shows of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lookalike._version import __version__
from lookalike.cli import output, pages
from lookalike.cli.demo_answers import duplicate_answer, look_alike_answer
from lookalike.cli.demo_scene import SHOWN, Scene
from lookalike.cli.duplicates import refused_sentence, unlooked_sentence
from lookalike.errors import InvalidArgument, MissingDependency
from lookalike.reports import (
    DemoStep,
    HitStrip,
    HitView,
    KnownAnswer,
    MapPreview,
    TableView,
    demo_page,
    map_parts,
)


class Demo:
    """One run of the demonstration."""

    def __init__(self, place: Path, folder: Path | None, encoder: str, *, quiet: bool) -> None:
        self.place = place
        self.encoder = encoder
        self.quiet = quiet
        self.steps: list[DemoStep] = []
        self.answers: list[KnownAnswer] = []
        self.results: dict[str, Any] = {}
        self.scene = Scene(place, folder, encoder)
        self.samples = self.scene.samples
        self.photos = self.scene.photos
        self.gallery = self.scene.gallery

    def all(self) -> Path:
        """Run every step and write the page; returns where it is."""
        self.index()
        if not len(self.gallery):
            raise InvalidArgument(f"{self.photos} holds no images that can be read; name a folder with some")
        self.search()
        self.compare()
        self.duplicates()
        self.clusters()
        self.label()
        self.map()
        page = self.place / "index.html"
        intro = (
            "Photographs that ship with scikit-image, versions of them, and pictures drawn to look alike."
            if self.samples
            else f"The images in {self.photos}."
        )
        note = f"lookalike {__version__}, encoder {self.gallery.settings.encoder}, {len(self.gallery)} images"
        html = demo_page(
            "What lookalike does",
            self.steps,
            self.answers,
            intro=intro,
            note=note,
            problems=pages.problem_views(self.gallery),
        )
        output.write_page(html, page)
        return page

    def index(self) -> None:
        """Bring the images in, twice: the second time nothing is computed."""
        started = time.monotonic()
        report = self.gallery.index(self.photos)
        again = self.gallery.index(self.photos)
        self.results["index"] = report.to_dict()
        text = (
            f"{report.indexed} images indexed, {report.unchanged} were there already, {report.problems} bad files set aside, "
            f"in {report.seconds:.1f} s. Run again, it finds {again.unchanged} unchanged in {again.seconds:.2f} s."
        )
        self._step(
            "Index a folder",
            f"lookalike index {self.scene.shown_photos} --gallery {self.scene.shown_gallery}",
            text,
            started=started,
        )

    def search(self) -> None:
        """Find the like of one image, and of the look-alikes whose answer is known."""
        started = time.monotonic()
        queries = self.scene.queries()
        strips = [self.scene.strip(query, where) for query, where in queries]
        if self.samples is not None:
            self.answers.append(look_alike_answer(self.gallery, self.samples))
        self.results["search"] = {"queries": [query for query, _ in queries]}
        text = f"The {SHOWN} nearest of {len(self.gallery)} images, best first; the number is the cosine distance."
        command = f"lookalike search {output.short_path(queries[0][0])} --gallery {self.scene.shown_gallery} -k {SHOWN}"
        self._step("Search by image", command, text, strips, started)

    def compare(self) -> None:
        """Two images, distance by distance."""
        from lookalike.similarity import compare

        started = time.monotonic()
        a, b = self.scene.pair()
        result = compare(a, b, [self.encoder])
        rows = [[name, f"{distance:.4f}"] for name, distance in result.distances.items()]
        rows += [
            [f"{name}: {part}", f"{d:.4f}"]
            for name, parts in result.parts.items()
            for part, d in parts.items()
        ]
        self.results["compare"] = result.to_dict()
        first, second = pages.query_picture(a), pages.query_picture(b)
        parts = [
            HitStrip([first], [HitView(1, second, next(iter(result.distances.values())))]),
            TableView(["encoder", "cosine distance"], rows),
        ]
        text = "0 is the same image, 1 is unrelated."
        self._step(
            "Compare two images",
            f"lookalike compare {output.short_path(a)} {output.short_path(b)}",
            text,
            parts,
            started,
        )

    def duplicates(self) -> None:
        """Copies and near-copies."""
        started = time.monotonic()
        found = self.gallery.duplicates()
        output.write_page(pages.duplicates_html(found, self.gallery), self.place / "duplicates.html")
        shown = found.groups[:4]
        thumbnails = (
            self.gallery.thumbnails([i.id for g in shown for i in (g.keep, *g.drop)]) if shown else {}
        )
        if self.samples is not None:
            self.answers.append(duplicate_answer(found, self.samples))
        self.results["duplicates"] = {
            "groups": len(found),
            "dropped": found.dropped,
            "bytes_freed": found.bytes_freed,
        }
        threshold = (
            f" Threshold {found.threshold.value:.4f}: {found.threshold.reason}." if found.threshold else ""
        )
        if found.refused:
            threshold += f" {refused_sentence(found.refused)}."
        if found.unlooked:
            threshold += f" The second look was {unlooked_sentence(found.unlooked)}."
        text = (
            f"{len(found)} groups; {found.dropped} images ({output.human_bytes(found.bytes_freed)}) could go.{threshold} "
            f"All groups: {self.scene.page('duplicates.html')}."
        )
        views = [pages.group_view(group, thumbnails) for group in shown]
        self._step(
            "Find duplicates",
            f"lookalike duplicates --gallery {self.scene.shown_gallery} -o {self.scene.page('duplicates.html')}",
            text,
            views,
            started,
        )

    def clusters(self) -> None:
        """Groups of similar images."""
        started = time.monotonic()
        labels = self.scene.label_column()
        known = f" --labels {labels}" if labels else ""
        found = self.gallery.clusters(labels=labels)
        output.write_page(pages.clusters_html(found, self.gallery, labels), self.place / "clusters.html")
        rows = pages.gallery_rows(self.gallery)
        views = [pages.cluster_view(c, self.gallery, rows, labels) for c in found.clusters[:4]]
        self.results["clusters"] = {"clusters": len(found), "unclustered": int(found.unclustered.size)}
        agreement = ""
        if found.agreement is not None:
            self.results["clusters"]["nmi"] = found.agreement.nmi
            agreement = (
                f" Agreement with the folders: NMI {found.agreement.nmi:.2f}, ARI {found.agreement.ari:.2f}."
            )
        text = (
            f"{len(found)} clusters, {found.unclustered.size} images in none.{agreement}"
            f" All clusters: {self.scene.page('clusters.html')}."
        )
        self._step(
            "Cluster",
            f"lookalike clusters --gallery {self.scene.shown_gallery}{known} -o {self.scene.page('clusters.html')}",
            text,
            views,
            started,
        )

    def label(self) -> None:
        """Recognition by neighbours, where folders give labels."""
        if self.scene.label_column() is None:
            return
        started = time.monotonic()
        result = self.gallery.evaluate_labels()
        self.results["label"] = {"accuracy": result.accuracy, "gap": result.gap}
        text = (
            f"Each image is named by its {result.k} nearest neighbours among the others: {result.accuracy:.0%} right over "
            f"{result.classes} folders (GAP {result.gap:.2f})."
        )
        self._step(
            "Recognise by neighbours",
            f"lookalike label --gallery {self.scene.shown_gallery} --evaluate",
            text,
            started=started,
        )

    def map(self) -> None:
        """The gallery on a plane."""
        started = time.monotonic()
        color = self.scene.label_column()
        known = f" --color {color}" if color else ""
        try:
            data = self.gallery.map(method="umap", color=color)
        except MissingDependency:
            data = self.gallery.map(method="tsne", color=color)
        output.write_page(map_parts(pages.map_view(data, self.gallery)), self.place / "map.html")
        groups = [None if v is None else str(v) for v in data.values] if data.values else None
        self.results["map"] = {"images": len(data), "method": data.method}
        preview = MapPreview("map.html", data.xy, groups, self.scene.map_pictures(data.ids))
        text = f"{len(data)} images drawn by {data.method}; alike ones lie close together."
        self._step(
            "Map",
            f"lookalike map --gallery {self.scene.shown_gallery}{known} -o {self.scene.page('map.html')}",
            text,
            [preview],
            started,
        )

    def _step(
        self, title: str, command: str, text: str, parts: Sequence[Any] = (), started: float = 0.0
    ) -> None:
        seconds = time.monotonic() - started
        self.steps.append(DemoStep(title, command, text, tuple(parts), round(seconds, 2)))
        if not self.quiet:
            output.say(f"\n{len(self.steps)}. {title}\n   $ {command}\n   {text}")
