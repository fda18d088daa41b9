"""Passwords: which ones will do, and their argon2id hashes. Who they belong to is `people.py`'s business."""

from __future__ import annotations

import asyncio
import base64
import secrets
import string
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from argon2.low_level import ARGON2_VERSION

MIN_PASSWORD: Final = 10
MAX_PASSWORD: Final = 200
MIN_DIFFERENT: Final = 5  # characters
_CLASSES: Final = (string.ascii_lowercase, string.ascii_uppercase, string.digits)
# RFC 9106, second recommended choice: 64 MiB, three passes, four lanes; about 0.1 s. A hash that was made with other
# parameters is made anew at the next log-in.
_HASHER: Final = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=4)
# Two at a time: a storm of log-ins must not take the memory and the cores from those who are in a call.
_THREADS: Final = ThreadPoolExecutor(2, thread_name_prefix="argon2")
_LOOKS_LIKE: Final = str.maketrans("0134578@$!", "oieastbasi")


def _of_nobody() -> str:
    """A hash of today's parameters that no password has: written, not computed, which would slow every start."""
    salt, digest = (
        base64.b64encode(secrets.token_bytes(length)).decode().rstrip("=")
        for length in (_HASHER.salt_len, _HASHER.hash_len)
    )
    cost = f"m={_HASHER.memory_cost},t={_HASHER.time_cost},p={_HASHER.parallelism}"
    return f"$argon2id$v={ARGON2_VERSION}${cost}${salt}${digest}"


# What an unknown user's password is checked against, so that the answer takes as long as for a known one.
NOBODY: Final = _of_nobody()


class WeakPassword(ValueError):
    """The password breaks the rule; the text says which, in Chinese and English."""


def check(password: str, username: str) -> None:
    """The rule: 10 characters at least, of three kinds (lower, upper, digits, others), five different ones, without the
    user name, and none that everybody tries first.

    Raises:
        WeakPassword: the password breaks the rule.
    """
    kinds = sum(any(char in kind for char in password) for kind in _CLASSES)
    kinds += any(all(char not in kind for kind in _CLASSES) for char in password)
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD or kinds < 3 or username.lower() in password.lower():
        raise WeakPassword(
            f"密码至少{MIN_PASSWORD}位, 含大写、小写、数字、符号中的三类, 且不得包含用户名 / a password has at least "
            f"{MIN_PASSWORD} characters of three kinds (lower, upper, digits, others) and not the user name in it"
        )
    if len(set(password.lower())) < MIN_DIFFERENT or _is_common(password):
        raise WeakPassword(
            "密码过于常见或简单, 请换一个 / this password is one that everybody tries first: choose another"
        )


def generate() -> str:
    """One that fulfils the rule and can be read out over the phone: no 0/O, 1/l/I."""
    letters = "abcdefghjkmnpqrstuvwxyz"
    groups = ["".join(secrets.choice(letters + "23456789") for _ in range(4)) for _ in range(3)]
    return "-".join([secrets.choice(letters).upper() + secrets.choice("23456789"), *groups])


async def hashed(password: str) -> str:
    return await asyncio.get_running_loop().run_in_executor(_THREADS, _HASHER.hash, password)


async def matches(known: str, password: str) -> bool:
    """Whether this is the password of this hash; takes the same time when it is not."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, _matches, known, password)


def is_outdated(known: str) -> bool:
    """Whether the hash was made with parameters other than today's."""
    return _HASHER.check_needs_rehash(known)


def _matches(known: str, password: str) -> bool:
    try:
        return _HASHER.verify(known, password[:MAX_PASSWORD])
    except (Argon2Error, InvalidHashError):
        return False


def _is_common(password: str) -> bool:
    """A word of the list with the usual decoration: capitals, digits for letters, a year and a mark behind it."""
    lowered = password.lower()
    forms = {lowered, lowered.translate(_LOOKS_LIKE)}
    forms |= {form.strip(string.digits + string.punctuation) for form in (lowered, *forms)}
    forms |= {lowered.strip(string.digits + string.punctuation).translate(_LOOKS_LIKE)}
    letters = "".join(char for char in lowered if char.isalnum())
    return any(form in _COMMON or _is_repeated(form) for form in {*forms, letters, letters.strip(string.digits)})


def _is_repeated(text: str) -> bool:
    """One word of the list again and again, or several of them in a row."""
    while text:
        word = next((word for word in _LONGEST_FIRST if text.startswith(word)), None)
        if word is None:
            return False
        text = text.removeprefix(word)
    return True


_COMMON: Final = frozenset(
    line for line in Path(__file__).with_name("common_passwords.txt").read_text("utf-8").split() if line[0] != "#"
)
_LONGEST_FIRST: Final = sorted(_COMMON, key=len, reverse=True)
