"""Running an application under uvicorn: this machine only unless told otherwise, forwarded addresses only from a
configured proxy."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from lookalike.errors import MissingDependency, ServeError
from lookalike.serving.security import ANY_ADDRESS

if TYPE_CHECKING:
    from starlette.applications import Starlette

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_WILDCARDS = frozenset({"0.0.0.0", "::", ""})


@dataclass(frozen=True)
class Listening:
    """Where a server listens and how the world reaches it.

    Attributes:
        host, port: the socket; port 0 takes a free one.
        public_url: ``https://example.org`` where a proxy on this machine forwards to the socket; None: reached directly.
        proxies: addresses whose forwarding headers are believed (only with ``public_url``).
    """

    host: str = "127.0.0.1"
    port: int = 8321
    public_url: str | None = None
    proxies: tuple[str, ...] = ("127.0.0.1", "::1")

    def __post_init__(self) -> None:
        if self.public_url is not None:
            _checked_url(self.public_url)

    @property
    def https(self) -> bool:
        """Whether people reach the server by https."""
        return self.public_url is not None and self.public_url.startswith("https://")

    def address(self, port: int | None = None) -> str:
        """The address that people type, without a final slash."""
        if self.public_url is not None:
            return self.public_url.rstrip("/")
        host = "127.0.0.1" if self.host in _WILDCARDS else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{port or self.port}"


def _checked_url(url: str) -> None:
    parts = urlsplit(url)
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or parts.query
        or parts.fragment
        or parts.username
    ):
        raise ServeError(f"--public-url {url!r} must be like https://studies.example.org")
    if parts.path not in ("", "/"):
        raise ServeError(f"--public-url {url!r} must not have a path: give the server a host name of its own")


def allowed_hosts(host: str, public_url: str | None) -> frozenset[str]:
    """The host names that a server answers to: this machine's loopback names, ``host``, the public one.

    Bound to every interface without a public address, it answers to numeric addresses too; a page of another
    site cannot pretend to be one (DNS rebinding needs a name).
    """
    names = set(LOOPBACK)
    if public_url is not None:
        names.add((urlsplit(public_url).hostname or "").lower())
    if host in _WILDCARDS:
        if public_url is None:
            names |= {ANY_ADDRESS, socket.gethostname().lower()}
    else:
        names.add(host.strip("[]").lower())
    return frozenset(names)


def open_socket(listening: Listening) -> socket.socket:
    """Bind before anything is printed, so that a taken port is one clear line.

    Raises:
        ServeError: the address is taken or not this machine's.
    """
    family = socket.AF_INET6 if ":" in listening.host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((listening.host, listening.port))
        found.listen(1024)
    except OSError as error:
        found.close()
        raise ServeError(
            f"cannot listen on {listening.host}:{listening.port}: {error.strerror or error}; choose another --port"
        ) from error
    return found


def serve(app: Starlette, listening: Listening, *, ready: Callable[[int], None] | None = None) -> None:
    """Serve until Ctrl-C or SIGTERM.

    Args:
        app: already protected by `lookalike.serving.protect`.
        ready: called with the port once the server answers and a signal stops it in order.

    Raises:
        ServeError: the address is taken.
        MissingDependency: uvicorn is not installed.
    """
    try:
        import uvicorn
    except ImportError as error:
        raise MissingDependency("uvicorn", "web", "serving pages") from error
    bound = open_socket(listening)
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,  # addresses, ids and tokens are not for log files
        server_header=False,
        proxy_headers=listening.public_url is not None,
        forwarded_allow_ips=",".join(listening.proxies),
        timeout_keep_alive=30,
        timeout_graceful_shutdown=10,
        h11_max_incomplete_event_size=32_768,
        limit_concurrency=4_000,
        ws="none",
    )

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            # Only now: whoever reads the address may stop the server at once, and its signals are caught from here on.
            if ready is not None and not self.should_exit:
                ready(bound.getsockname()[1])

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            end_streams(app)
            await super().shutdown(sockets)

    # Stopped by Ctrl-C, uvicorn raises the signal once more when all is closed.
    with bound, _interrupts_raise(), contextlib.suppress(KeyboardInterrupt):
        Server(config).run(sockets=[bound])


@contextlib.contextmanager
def _interrupts_raise() -> Iterator[None]:
    """Ctrl-C raises KeyboardInterrupt also in the moment before uvicorn catches it itself.

    Otherwise asyncio takes the signal in that moment, cancels a task that has not begun, and the server waits for ever.
    Its runner leaves handlers alone that are not Python's own.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def end_streams(app: Starlette) -> None:
    """End answers that would go on for ever (``app.state.streams``), for a server waits for its answers when it stops."""
    streams = getattr(app.state, "streams", None)
    if streams is not None:
        streams.close()
