"""The administrator's token (checklist 25)."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from lookalike.errors import ServeError
from lookalike.serving import AdminDoor, read_or_make_token, tokens

TOKEN = "a-long-enough-token"


def test_the_token_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "admin-token"
    token = read_or_make_token(file)
    assert len(token) >= 43
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert read_or_make_token(file) == token
    assert read_or_make_token(tmp_path / "other") != token


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "admin-token"
    read_or_make_token(file)
    file.chmod(0o644)
    with pytest.raises(ServeError, match="chmod 600"):
        read_or_make_token(file)


@pytest.mark.parametrize("content", ["", "short", "\n"])
def test_a_file_without_a_token_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "admin-token"
    file.write_text(content)
    file.chmod(0o600)
    with pytest.raises(ServeError, match="no token"):
        read_or_make_token(file)


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("x" * 40)
    (tmp_path / "admin-token").symlink_to(tmp_path / "target")
    with pytest.raises(ServeError, match="cannot read"):
        read_or_make_token(tmp_path / "admin-token")


def test_a_place_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ServeError, match="cannot write"):
        read_or_make_token(tmp_path / "none" / "admin-token")


def test_logins_last_until_they_run_out() -> None:
    now = [1_000_000.0]
    door = AdminDoor(TOKEN, hours=1, clock=lambda: now[0])
    cookie = door.login(TOKEN, "here")
    assert isinstance(cookie, str)
    assert door.admits(cookie)
    now[0] += 3_601
    assert not door.admits(cookie)


def test_a_login_that_was_ended_stays_ended_for_every_copy() -> None:
    now = [1_000_000.0]
    door = AdminDoor(TOKEN, hours=1, clock=lambda: now[0])
    first, second = (door.login(TOKEN, "here") for _ in range(2))
    assert isinstance(first, str)
    assert isinstance(second, str)
    other = AdminDoor(TOKEN, hours=1, clock=lambda: now[0])  # the studies' dashboard in the same server
    assert other.admits(first)
    door.logout(first)
    assert not door.admits(first)
    assert not other.admits(first)
    assert door.admits(second), "a login of the same second is another one"
    ended = dict(tokens._ended)
    assert first in ended
    for nonsense in ("", "9999999999.x.y", first):
        door.logout(nonsense)
    assert tokens._ended == ended
    now[0] += 4_000
    third = door.login(TOKEN, "here")
    assert isinstance(third, str)
    door.logout(third)
    assert first not in tokens._ended, "what has run out need not be remembered"
    assert not door.admits(first)


def test_a_restart_ends_every_login() -> None:
    code = (
        "from lookalike.serving.tokens import AdminDoor\n"
        f"print(AdminDoor({TOKEN!r}, clock=lambda: 1e6).login({TOKEN!r}, 'here'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not AdminDoor(TOKEN, clock=lambda: 1e6).admits(done.stdout.strip())


@pytest.mark.parametrize("change", ["", ".", "9999999999.", "9999999999.x", "x.y", "é.ü"])
def test_forged_cookies_open_nothing(change: str) -> None:
    assert not AdminDoor(TOKEN).admits(change)


def test_a_later_expiry_needs_another_signature() -> None:
    door = AdminDoor(TOKEN)
    cookie = door.login(TOKEN, "here")
    assert isinstance(cookie, str)
    expiry, _, signature = cookie.partition(".")
    assert not door.admits(f"{int(expiry) + 1}.{signature}")
    assert not AdminDoor(TOKEN + "2").admits(cookie)


def test_attempts_are_limited_even_with_the_right_token() -> None:
    now = [1_000_000.0]
    door = AdminDoor(TOKEN, clock=lambda: now[0])
    outcomes = [door.login("wrong", "attacker") for _ in range(12)]
    assert outcomes[:10] == [None] * 10
    assert all(isinstance(outcome, int) and outcome > 0 for outcome in outcomes[10:])
    assert isinstance(door.login(TOKEN, "attacker"), int)
    assert isinstance(door.login(TOKEN, "owner"), str)
    now[0] += 60
    assert isinstance(door.login(TOKEN, "attacker"), str)


def test_wrong_tokens_of_programs_from_many_addresses_are_counted_together() -> None:
    now = [1_000_000.0]
    door = AdminDoor(TOKEN, clock=lambda: now[0])
    outcomes = [door.bearer("wrong", f"10.0.0.{n}") for n in range(70)]
    assert outcomes == [False] * 60 + [1] * 10
    assert door.bearer(TOKEN, "owner") is True
    assert isinstance(door.login(TOKEN, "owner"), str), "the form has a bucket of its own"
    now[0] += 1
    assert [door.bearer("wrong", f"10.0.1.{n}") for n in range(2)] == [False, 1]
    assert [door.login("wrong", f"10.0.2.{n}") for n in range(60)].count(None) == 60
    assert isinstance(door.login(TOKEN, "somebody"), int), "and that of the form is as full as ever"
    assert door.bearer(TOKEN, "somebody else") is True


def test_a_short_token_is_refused() -> None:
    with pytest.raises(ServeError, match="16"):
        AdminDoor("short")
