"""One hash over all results, of which each can be proven alone. In: leaves. Out: a root, paths.

The tree is that of RFC 6962 (and 9162): a leaf is hashed after a byte 0, a node after a byte 1, so
that no node passes for a leaf; the left half of n leaves is the largest power of two below n.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

LEAF, NODE = b"\x00", b"\x01"


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of a leaf."""
    return hashlib.sha256(LEAF + leaf).digest()


def root_of(hashes: Iterable[bytes]) -> bytes:
    """Return the root over the hashes of leaves, in their order; without any the hash of nothing.

    It holds one hash for each power of two in their number, however many they are.
    """
    peaks: list[tuple[int, bytes]] = []
    for leaf in hashes:
        size, top = 1, leaf
        while peaks and peaks[-1][0] == size:
            top = _node(peaks.pop()[1], top)
            size *= 2
        peaks.append((size, top))
    if not peaks:
        return hashlib.sha256().digest()
    top = peaks.pop()[1]
    while peaks:
        top = _node(peaks.pop()[1], top)
    return top


def path_to(hashes: Sequence[bytes], place: int) -> list[bytes]:
    """Return what proves the leaf at a place: the hashes beside its way, from the leaf up."""
    if len(hashes) <= 1:
        return []
    half = _half(len(hashes))
    if place < half:
        return [*path_to(hashes[:half], place), root_of(hashes[half:])]
    return [*path_to(hashes[half:], place - half), root_of(hashes[:half])]


def root_by(leaf: bytes, place: int, count: int, path: Sequence[bytes]) -> bytes:
    """Return the root that a leaf's hash and its path give; b"" where the path has another length
    than a tree of that many leaves.
    """
    if not 0 <= place < count:
        return b""
    sides: list[bool] = []
    while count > 1:
        half = _half(count)
        is_left = place < half
        sides.append(is_left)
        place, count = (place, half) if is_left else (place - half, count - half)
    if len(sides) != len(path):
        return b""
    top = leaf
    for is_left, beside in zip(reversed(sides), path, strict=True):
        top = _node(top, beside) if is_left else _node(beside, top)
    return top


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(NODE + left + right).digest()


def _half(count: int) -> int:
    """Return the largest power of two below a count of at least two."""
    return 1 << (count - 1).bit_length() - 1
