"""The application that these tests share."""

from tests.web.judged import judged, judged_app, judged_site

__all__ = ["judged", "judged_app", "judged_site"]
