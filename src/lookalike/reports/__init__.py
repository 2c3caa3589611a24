"""Self-contained HTML pages from results: pure functions, plain data in, text out.

Every page is one file that needs no network, follows the reader's light or dark mode, works by keyboard and
at 360 pixels of width, and escapes whatever a file name may hold.
"""

from lookalike.reports.clusters import clusters_page
from lookalike.reports.contact import contact_sheet
from lookalike.reports.demo import demo_page
from lookalike.reports.duplicates import duplicates_page
from lookalike.reports.mapping import map_page, map_parts
from lookalike.reports.models import (
    ClusterView,
    DemoStep,
    DuplicateGroupView,
    HitStrip,
    HitView,
    KnownAnswer,
    MapPreview,
    MapView,
    PageLink,
    Picture,
    ProblemView,
    TableView,
    ThresholdView,
)

__all__ = [
    "ClusterView",
    "DemoStep",
    "DuplicateGroupView",
    "HitStrip",
    "HitView",
    "KnownAnswer",
    "MapPreview",
    "MapView",
    "PageLink",
    "Picture",
    "ProblemView",
    "TableView",
    "ThresholdView",
    "clusters_page",
    "contact_sheet",
    "demo_page",
    "duplicates_page",
    "map_page",
    "map_parts",
]
