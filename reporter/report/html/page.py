"""The editions as HTML: the templates render the view into one file without network access.

`render` also serves the PDF, from the same templates, for the medium "paper".
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from types import CodeType
from typing import Any

from jinja2 import (
    BaseLoader,
    BytecodeCache,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    FunctionLoader,
    StrictUndefined,
)
from jinja2.bccache import Bucket
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from reporter.i18n.translate import ENGLISH, language, numeral, say, speaking, word
from reporter.model.branding import ACCENT
from reporter.report import EDITIONS
from reporter.report.document import View
from reporter.report.editions.findings_by_check import (
    alike_checks,
    findings_by_check,
    of_same_subjects,
)
from reporter.report.html import charts, ladders, owner_tasks, result_pages, result_rows, search
from reporter.report.html.custom_template import Template, check
from reporter.report.html.diagrams import action_path, agent_map, deviations, tier_levels
from reporter.report.html.result_rows import Packing
from reporter.report.html.svg import LINK
from reporter.report.view.elements import Control, Framework
from reporter.report.view.format import keep_percents, number
from reporter.runs.store import StoredTable

STYLES = {"screen": ("base.css", "screen.css"), "paper": ("base.css", "paper.css")}
DRAWINGS: tuple[Callable[..., str], ...] = (
    *(charts.bar, charts.lost_points, charts.days, charts.split),
    *(ladders.practices, ladders.tick, ladders.trend, ladders.course, ladders.flow),
    *(ladders.cost_curve, ladders.owner_ages, tier_levels, agent_map, action_path, deviations),
)
"""What templates can draw, by the name of the function."""
READINESS = {"auditor": "readiness.html", "board": "readiness_board.html"}
"""Edition -> its template where there is too little evidence for a score."""
OWN = "own"
"""The name of the user's template, to jinja2."""
_CODE = re.compile(r"(<(?:style|script)\b.*?</(?:style|script)>)", re.DOTALL)
IN_CODE = re.compile(r"\b_\(([^()]+)\)")
COUNTED = 'text.replace(/,/g, "")'
"""How the script reads a number of English."""
GROUPED = '/g, ",")'
"""How it writes one."""
PAGES = "pages/"
"""Where the templates of pages beside a report are."""
WAITING = 4
"""Pages that may wait to be written while the next are made."""


def write(
    view: View, path: Path, edition: str = "auditor", template: Template | None = None
) -> None:
    """Write an edition as one HTML file. A long run also has pages in a folder beside it."""
    if template:
        _write(path, render(view, template=template))
        return
    lists, packing = _lists(view, edition), Packing()
    fill = _page(view, "screen", packing=packing)
    _write(path, packing.take()(_in_ascii(fill(_template(view, edition), **lists))))
    folder = path.with_name(result_pages.FOLDER if edition == "auditor" else owner_tasks.FOLDER)
    with ThreadPoolExecutor(1) as pool:
        writing: deque[Future[None]] = deque()
        for file, name, context in _parted(view, **lists):
            if not writing:
                folder.mkdir(exist_ok=True)
            page = fill(f"pages/{name}.html", home=path.name, **context)
            writing.append(pool.submit(_write_packed, folder / file, page, packing.take()))
            if len(writing) > WAITING:
                writing.popleft().result()
        for job in writing:
            job.result()


def render(
    view: View,
    medium: str = "screen",
    extra_css: str = "",
    edition: str = "auditor",
    attached: Sequence[tuple[str, str]] = (),
    template: Template | None = None,
) -> str:
    """Render an edition of the view, or a user template, for the screen or for paper.

    `attached` are the files in the PDF, and what each holds.
    """
    with speaking(view.cover.language):
        fill = _page(view, medium, extra_css, attached, template)
        if not template:
            return fill(_template(view, edition), **_lists(view, edition, medium))
        lists = _lists(view, "auditor", medium) | _lists(view, "engineer", medium)
        page = fill(OWN, **lists)
        check(page, fill("layout.html"), template)
        return page


def render_page(template: str, view: Any, medium: str, extra_css: str, **values: Any) -> str:
    """Render a page beside the reports in the current language; of the view it needs the cover."""
    return _page(view, medium, extra_css)(template, **values)


def render_alone(template: str, **values: Any) -> str:
    """Render a page that is no part of a run, in the current language; its style sheet and script
    lie beside it.
    """
    return _environment(templates_dir()).get_template(template).render(**values)


def code_of(names: Sequence[str], accent: str = ACCENT) -> str:
    """Return style sheets, or scripts, as one that lies beside a page, in the current language."""
    code = "\n".join(_code(templates_dir() / name) for name in names)
    return code.replace(ACCENT, accent)


def _template(view: View, edition: str) -> str:
    """Return the template of an edition: without a score only a list of tasks stays what it is."""
    is_replaced = view.readiness and edition in READINESS
    return READINESS[edition] if is_replaced else f"{edition}.html"


def _lists(view: View, edition: str, medium: str = "screen") -> dict[str, Any]:
    """Prepare the long lists of an edition."""
    if view.readiness and edition in READINESS:
        return {}
    if edition == "engineer":
        return {"task_lists": owner_tasks.task_lists(view, medium)}
    return (
        {"listing": result_pages.listing(view)}
        if (edition, medium) == ("auditor", "screen")
        else {}
    )


def _parted(
    view: View,
    listing: result_pages.Listing | None = None,
    task_lists: Sequence[owner_tasks.TaskList] = (),
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the pages beside an edition: file, template and template values."""
    if any(d.files for d in task_lists):
        for d, page in owner_tasks.pages(view, task_lists):
            yield page.file, "owner", {"task_list": d, "page": page}
    if listing and not listing.inline:
        words, by_page = search.Words(), []
        actors: list[result_pages.Actor] = []
        for p in result_pages.check_pages(view):
            words.add(p)
            yield p.file, "check", {"page": p, "files": listing.by_check[p.check.id].files}
        for file, page_actors in result_pages.actor_pages(view):
            by_page.append((file, page_actors[0].name, page_actors[-1].name))
            actors += (
                [replace(a, results=(), card=None) for a in page_actors]
                if len(actors) <= result_pages.LISTED
                else []
            )
            yield file, "agents", {"actors": page_actors}
        listed_actors = actors if len(actors) <= result_pages.LISTED else []
        yield (
            "index.html",
            "index",
            {
                "listing": listing,
                "actors": listed_actors,
                "by_page": by_page,
                "words": Markup(words.as_json()),
            },
        )


def _in_ascii(page: str) -> str:
    """Refer to the characters of a long page that are no ASCII: a browser reads it in a tenth less
    time.
    """
    return _outside_code(page, lambda part: part.encode("ascii", "xmlcharrefreplace").decode())


def _outside_code(page: str, change: Callable[[str], str]) -> str:
    """Change a page, but no script and no style sheet: its policy holds their hashes."""
    parts = _CODE.split(page)
    parts[::2] = map(change, parts[::2])
    return "".join(parts)


def _write_packed(path: Path, page: str, fill: Callable[[str], str]) -> None:
    _write(path, fill(page))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _page(
    view: View,
    medium: str,
    extra_css: str = "",
    attached: Sequence[tuple[str, str]] = (),
    template: Template | None = None,
    packing: Packing | None = None,
) -> Callable[..., str]:
    """Prepare the content that all pages share, and return a function that fills a template. Long
    lists keep a place where they are packed later.
    """
    folder = templates_dir()
    css = (_styles(medium) + extra_css).replace(ACCENT, view.cover.accent)
    page_css = _needed(css) if medium == "screen" else css
    environment = _environment(folder, template)
    if medium == "paper":
        environment.filters["path"] = str
    environment.globals |= {
        "view": view,
        "medium": medium,
        "paper": medium == "paper",
        "folds": medium == "screen" and template is None,
        "attached": attached,
    }
    if packing:
        environment.globals["packed"] = packing.place

    def fill(template: str, **more: Any) -> str:
        script = _script(template) if medium == "screen" else ""
        more |= {"script": Markup(script), "script_hash": _digest(script)}
        is_edition = medium == "screen" and not template.startswith(PAGES)
        style = css + _faces() if is_edition else page_css
        more |= {"css": Markup(style), "css_hash": _digest(style)}
        page = _linked(environment.get_template(template).render(**more), medium == "paper")
        if packing:  # what is written; paper does it with all that it prints
            page = _outside_code(page, keep_percents)
        return page.replace(f'="{ACCENT}"', f'="{view.cover.accent}"')  # fill and stroke

    return fill


_MARK = re.compile(f'{re.escape(LINK)}([^"]*)"[^>]*>(?:<title>[^<]*</title>)?(.*?)</a>', re.DOTALL)
_ID = re.compile(r' id="([^"]+)"')


def _linked(page: str, is_paper: bool) -> str:
    """Keep the links of pictures whose place the page holds; on paper a picture has none."""
    ids = frozenset() if is_paper or LINK not in page else frozenset(_ID.findall(page))
    return _MARK.sub(lambda match: match[0] if match[1] in ids else match[2], page)


@cache
def _faces() -> str:
    """Return the typeface of an edition as a style sheet: 50 kB, which pages beside a report, of
    which a long run has a hundred, do without.
    """
    return "".join(
        f'@font-face {{ font-family: "Report Sans"; font-weight: {weight}; src:'
        f" url(data:font/woff2;base64,{base64.b64encode(path.read_bytes()).decode()}) }}\n"
        for weight, name in ((400, "Regular"), (600, "Semibold"))
        if (path := templates_dir() / "fonts" / f"ReportSans-{name}.woff2")
    )


def _script(template: str) -> str:
    """Read the script of a page, in the current language: the report searches everything, other
    pages a list, and what a page has no use for would be repeated in each of a long run.
    """
    is_page = template.startswith(PAGES)
    is_list = is_page or template.startswith(tuple(f"{e}.html" for e in ("board", "engineer")))
    own = () if is_page else ("chapters.js",)
    names = ("screen.js", *own, "list.js" if is_list else "report.js")
    code = "\n".join(_code(templates_dir() / name) for name in names)
    return _with_numbers(f"(() => {{\n{code}\n}})();")


def _styles(medium: str) -> str:
    """Read the style sheets of a medium, in the current language."""
    names = STYLES[medium] + (() if language() == ENGLISH else ("hyphens.css",))
    css = "\n".join(_code(templates_dir() / n) for n in names)
    return _inlined_values(css) if medium == "paper" else css


def _needed(css: str) -> str:
    """Keep of a style sheet what the pages beside a report can use, which a long run repeats a
    hundred times: a rule goes if nothing that they are made of names one of its classes.
    """
    folder = templates_dir()
    files = (*sorted((folder / PAGES).glob("*.html")), folder / "parts" / "macros.html")
    files += folder / "screen.js", folder / "list.js"
    made = "".join(file.read_text("utf-8") for file in files) + result_rows.MARKUP
    words = {*_WORD.findall(made), "chart"}
    begun = tuple(w for w in words if w.endswith("-") and len(w) > 1)  # of "v-{{ status }}"

    def is_used(selector: str) -> bool:
        classes = _CLASS.findall(_GROUPED.sub("", selector))
        return "chart" in classes or all(c in words or c.startswith(begun) for c in classes)

    def kept(sheet: str) -> Iterator[str]:
        for selectors, body in _rules(sheet):
            if selectors.startswith("@media"):
                if inner := "".join(kept(body)):
                    yield f"{selectors}{{{inner}}}\n"
            elif selectors.startswith("@") or any(map(is_used, _COMMA.split(selectors))):
                yield f"{selectors}{{{body}}}\n"

    return re.sub(r"\s*([{};,])\s*", r"\1", "".join(kept(css))).replace(": ", ":")


_WORD, _CLASS = re.compile(r"[\w-]+"), re.compile(r"[.#]([a-z][\w-]*)")
_GROUPED = re.compile(r":\w+\([^()]*(?:\([^()]*\)[^()]*)*\)")
"""What a selector says of others, as in `:not(.sort)`: it decides nothing here."""
_COMMA = re.compile(r",(?![^(]*\))")


def _rules(css: str) -> Iterator[tuple[str, str]]:
    """Yield the rules of a style sheet without comments: selectors and what is in the braces."""
    at = 0
    while (opening := css.find("{", at)) >= 0:
        depth, end = 1, opening
        while depth:
            end += 1
            depth += {"{": 1, "}": -1}.get(css[end], 0)
        yield css[at:opening].strip(), css[opening + 1 : end].strip()
        at = end + 1


def _code(path: Path) -> str:
    """Read a style sheet or script without its comments and indentation, which each page of a long
    run would repeat, and with the texts marked as `_(text)` in its strings translated.
    """
    lines = [line.strip() for line in path.read_text("utf-8").splitlines()]
    code = "\n".join(line for line in lines if line and not line.startswith(("//", "/*")))
    return IN_CODE.sub(lambda match: json.dumps(say(match[1]), ensure_ascii=False)[1:-1], code)


def _with_numbers(script: str) -> str:
    """Have the script read and write numbers in the format of the language."""
    group, decimal = numeral(","), numeral(".")
    if decimal == ".":
        return script
    replacement = f'text.replaceAll("{group}", "").replace("{decimal}", ".")'
    return script.replace(COUNTED, replacement).replace(GROUPED, f'/g, "{group}")')


def _digest(text: str) -> str:
    """Return the hash of inline code for the content security policy."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def templates_dir() -> Path:
    """Find the templates: inside an installed wheel, else at the root of the repository."""
    package = Path(__file__).parents[2]
    bundle = package / "_data" / "templates"
    return bundle if bundle.is_dir() else package.parent / "templates"


def _inlined_values(css: str) -> str:
    """Replace custom properties by their values: resolving them slows WeasyPrint by a tenth."""
    values = dict(re.findall(r"(--\w+):\s*([^;]+);", css))
    return re.sub(r"var\((--\w+)\)", lambda match: values[match[1]], css)


def heat_maps(framework: Framework, paper: bool, facet: str = "") -> list[tuple[str, str]]:
    """Draw one heat map per top group. On paper they are side by side, without titles. With a facet
    rows lead to results.
    """
    top_groups = [g for g in framework.groups if g.depth == 0]
    parts = [(f"{g.id} {g.title}".strip(), _members(framework, g.controls)) for g in top_groups]
    titled_parts = [(name, controls) for name, controls in parts if controls]
    maps = titled_parts or [(framework.title, list(framework.controls))]
    titles = not (paper and titled_parts)
    return [(name, Markup(charts.heat(name, c, titles, facet))) for name, c in maps]


def gap_controls(framework: Framework) -> list[Control]:
    """Pick the controls of the gap table, in its order."""
    by_id = {c.id: c for c in framework.controls}
    return [by_id[i] for i in framework.gaps]


def _members(framework: Framework, ids: tuple[str, ...]) -> list[Control]:
    return [c for c in framework.controls if c.id in ids]


class _Sandbox(ImmutableSandboxedEnvironment):
    """What a template of the user's own may do: nothing beside what jinja2 allows, and it asks the
    tables of the run nothing in SQL.
    """

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Hide the tables of a run; a template sees only their rows."""
        return not isinstance(value, StoredTable) and super().is_safe_attribute(obj, attr, value)


class _Compiled(BytecodeCache):
    """What this process has compiled: each page has an environment of its own, and compiling its
    templates takes as long as filling them.
    """

    def __init__(self) -> None:
        """Begin with an empty cache."""
        self._codes: dict[str, tuple[str, CodeType | None]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Load the code of a template whose text is unchanged."""
        checksum, code = self._codes.get(bucket.key, ("", None))
        if checksum == bucket.checksum:
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code of a template."""
        self._codes[bucket.key] = (bucket.checksum, bucket.code)


@cache
def _compiled(kind: type[Environment]) -> _Compiled:
    """Return the compiled templates of a kind: in a sandbox each access is guarded."""
    return _Compiled()


def warm_up(editions: Collection[str]) -> None:
    """Compile the templates of editions in advance."""
    environment, others = _environment(templates_dir()), {*EDITIONS} - {*editions}
    for name in environment.list_templates(extensions=["html"]):
        if name.removesuffix(".html") not in others:
            environment.get_template(name)


def _environment(folder: Path, template: Template | None = None) -> Environment:
    """Prepare jinja2. A user template runs in a sandbox and cannot replace one of ours."""
    loaders: list[BaseLoader] = [FileSystemLoader(folder)]
    if template:
        loaders.append(
            FunctionLoader(
                lambda name: (template.text, str(template.path), None) if name == OWN else None
            )
        )
    kind = _Sandbox if template else Environment
    environment = kind(
        loader=ChoiceLoader(loaders),
        bytecode_cache=_compiled(kind),
        auto_reload=False,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["path"] = result_rows.path
    environment.globals |= {draw.__name__: partial(_draw, draw) for draw in DRAWINGS}
    environment.globals |= {"heat_maps": heat_maps, "gap_controls": gap_controls}
    environment.globals |= {"_": _say, "word": word, "number": number}
    environment.globals |= {
        "level_choice": result_pages.level_choice,
        "facets": _facets,
        "findings_by_check": findings_by_check,
        "alike_checks": alike_checks,
        "of_same_subjects": of_same_subjects,
    }
    environment.globals |= {
        "result_rows": result_rows.result_rows,
        "sections": result_rows.sections,
        "step_rows": result_rows.step_rows,
    }
    return environment


def _say(text: str, **values: object) -> Markup:
    """Translate a text of a template. It may hold HTML; its values may not."""
    return Markup(say(text)).format(**values) if values else Markup(say(text))


def _facets(*names: str) -> str:
    """Name the filters of a list: the name in the page, and the label that a reader sees."""
    return " ".join(n if word(n) == n else f"{n}:{word(n)}" for n in names)


def _draw(draw: Callable[..., str], *args: object) -> Markup:
    return Markup(draw(*args))
