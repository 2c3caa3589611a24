"""The administrator's token: made at the first start, kept in a file for its owner, compared in constant time."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path

from lookalike.errors import ServeError, printable
from lookalike.serving.limits import RateRule, RateTable

ADMIN_COOKIE = "lookalike_admin"
COOKIE_PATHS = ("/", "/admin")
"""Where the cookie may lie: set by the web application's /login, by the dashboard's. Logging out deletes both."""

_LOGIN_RULES = (
    RateRule("attempts to log in from one address", "address", per_second=1 / 15, burst=10),
    RateRule("attempts to log in", "session", per_second=1, burst=60, contains="login"),
    RateRule("wrong tokens of programs", "session", per_second=1, burst=60, contains="bearer"),
)
"""Wrong tokens of programs have a bucket of their own, so that they cannot keep a person from the form."""

_STARTED = secrets.token_bytes(16)
"""Part of every cookie's key: what logging out ended does not come to life again with the next process."""

_ending = threading.Lock()
_ended: dict[str, int] = {}
"""Cookies that were logged out -> when they run out. All doors of a process share them, as they share cookies."""


def read_or_make_token(path: Path) -> str:
    """The token in ``path``; written (mode 0600, 256 bits) when the file is not there.

    Raises:
        ServeError: the file cannot be read or written, is open to others, or holds no token.
    """
    shown = printable(str(path))
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read_token(path)
    except OSError as error:
        raise ServeError(f"cannot write the token's file {shown}: {error.strerror}") from error
    token = secrets.token_urlsafe(32)
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.write(token + "\n")
    return token


def _read_token(path: Path) -> str:
    shown = printable(str(path))
    try:
        # Not through a link: it could point to a file that others can write.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        with os.fdopen(handle, encoding="ascii") as stream:
            mode = os.fstat(stream.fileno()).st_mode
            token = stream.read(1_000).strip()
    except (OSError, UnicodeError) as error:
        raise ServeError(f"cannot read the token's file {shown}: {error}") from error
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise ServeError(
            f"{shown} can be read by others; run: chmod 600 {shown}, or delete it for a new token"
        )
    if len(token) < 16:
        raise ServeError(f"{shown} holds no token of 16 characters or more; delete it and a new one is made")
    return token


class AdminDoor:
    """Logging in with the token, and the signed cookie that remembers it.

    The cookie is ``expiry.number.signature``: an HMAC-SHA256 under a key derived from the token and from this process, so
    that a new token or a restart ends every login. A logged-out cookie is refused from then on, copies of it too.

    Args:
        token: the administrator's token.
        hours: a login's life.
        clock: seconds since 1970.
    """

    def __init__(self, token: str, *, hours: float = 12, clock: Callable[[], float] = time.time) -> None:
        if len(token) < 16:
            raise ServeError("the administrator's token needs 16 characters or more")
        self._token = hashlib.sha256(token.encode()).digest()
        self._key = hashlib.sha256(b"lookalike admin cookie\0" + _STARTED + token.encode()).digest()
        self.seconds = int(hours * 3600)
        self._clock = clock
        self._attempts = RateTable(_LOGIN_RULES, clock=clock)

    def login(self, token: str, address: str) -> str | int | None:
        """The cookie's value; None when the token is wrong; seconds to wait after too many attempts."""
        waiting = self._attempts.wait("POST", "login", "everybody", address)
        if waiting is not None:
            return waiting[1]
        if not self._is_token(token):
            return None
        signed = f"{int(self._clock()) + self.seconds}.{secrets.token_urlsafe(12)}"
        return f"{signed}.{self._sign(signed)}"

    def logout(self, cookie: str) -> None:
        """Admit this cookie no more, whoever has a copy; one that is not admitted changes nothing."""
        if not self.admits(cookie):
            return
        now = self._clock()
        with _ending:  # log-outs come from several threads
            for old in [known for known, expiry in _ended.items() if expiry <= now]:
                del _ended[old]
            _ended[cookie] = int(cookie.partition(".")[0])

    def bearer(self, token: str, address: str) -> bool | int:
        """Whether a program's token is right; seconds to wait after too many wrong ones.

        A wrong one counts as an attempt to log in from its address, and together with the wrong ones of all other
        addresses; a right one does not count. What others tried does not keep a program with the right token out, for
        every one of its requests is a login; what its own address tried does, or a guesser would learn of a hit.
        """
        waiting = self._attempts.would_wait("POST", "bearer", "", address)
        if waiting is not None:
            return waiting
        if self._is_token(token):
            return True
        refused = self._attempts.wait("POST", "bearer", "everybody", address)
        return False if refused is None else refused[1]

    def admits(self, cookie: str) -> bool:
        """Whether a cookie was given by `login`, has not run out and was not logged out."""
        signed, _, signature = cookie.rpartition(".")
        if not hmac.compare_digest(signature.encode("utf-8", "surrogatepass"), self._sign(signed).encode()):
            return False
        expiry = signed.partition(".")[0]
        if cookie in _ended:
            return False
        return expiry.isascii() and expiry.isdigit() and int(expiry) > self._clock()

    def _is_token(self, text: str) -> bool:
        # Digests have one length, so that not even the token's length shows in the time.
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        return hmac.compare_digest(digest, self._token)

    def _sign(self, text: str) -> str:
        digest = hmac.new(self._key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")
