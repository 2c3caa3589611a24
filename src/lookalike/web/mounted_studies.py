"""Studies beside the galleries: participants' pages at /s/, the dashboard at /admin."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI

    from lookalike.studies import Study
    from lookalike.studies.store import Store
    from lookalike.web.context import AppContext

TOKEN_FILE = "admin-token"


def mount_studies(app: FastAPI, context: AppContext) -> None:
    """Serve the studies of the settings; the dashboard's token is the server's, or the first study's own.

    Raises:
        StudyError: a folder is wrong, or a study changed after people had started it.
        ServeError: the pages are not built, or the token's file cannot be read.
    """
    from lookalike.serving.tokens import read_or_make_token
    from lookalike.studies import Study
    from lookalike.studies.server.app import install_studies
    from lookalike.studies.store import Store, default_url

    studies = [Study.open(folder) for folder in context.settings.studies]

    def store_for(study: Study) -> Store:
        store = Store(default_url(study))
        context.closing.append(store)
        return store

    token = context.settings.token or read_or_make_token(studies[0].folder / TOKEN_FILE)
    context.studies = list(
        install_studies(app, studies, store_for, admin_token=token, https=context.settings.https)
    )
