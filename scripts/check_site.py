"""Make sure that the built documentation can be read without a network: no page loads anything from it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

SITE = Path(__file__).resolve().parent.parent / "site"
LOADS = re.compile(
    r"""<(?:script|img|iframe|source)[^>]*\ssrc=["']?(https?:)?//[^>]*"""
    r"""|<link[^>]*rel=["']?(?:stylesheet|preconnect|preload|icon)[^>]*href=["']?(https?:)?//[^>]*"""
)


def main() -> int:
    pages = sorted(SITE.rglob("*.html"))
    if not pages:
        print(f"there are no pages in {SITE.name}/; run `make docs`", file=sys.stderr)
        return 1
    found = [
        f"{page.relative_to(SITE)}: {match[0]}"
        for page in pages
        for match in LOADS.finditer(page.read_text(encoding="utf-8"))
    ]
    for line in found:
        print(line, file=sys.stderr)
    if not found:
        print(f"documentation: {len(pages)} pages, none loads anything from the network")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
