"""Regular expressions, letter by letter. In: a pattern of RE2, what an escape becomes, and letters
outside of sets. Out: the pattern for an engine that reads sets as Java does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping


def rewritten(pattern: str, escaped: Callable[[str, bool], str], outside: Mapping[str, str]) -> str:
    """Return a pattern with its escapes, of which `escaped` gets both letters and whether they are
    in a set, and with `outside` in place of letters that are in none. In sets, letters that only
    RE2 takes as they are, are escaped.
    """
    out, at, in_set = "", 0, False
    while at < len(pattern):
        char = pattern[at]
        if char == "\\":
            out, at = out + escaped(pattern[at : at + 2], in_set), at + 2
            continue
        at += 1
        if char == "[" and not in_set:
            in_set, out = True, out + char
            for first in ("^", "]"):
                if pattern[at : at + 1] == first:
                    out, at = out + ("\\]" if first == "]" else first), at + 1
        elif in_set:
            in_set = char != "]"
            out += "\\" + char if char in "[&" else char
        else:
            out += outside.get(char, char)
    return out
