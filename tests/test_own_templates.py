"""Templates of the user's own: they see the view and our parts, and reach nothing else; what is wrong is named with its line."""

from __future__ import annotations

from pathlib import Path

import fixture_assessment as given
import pikepdf
import pytest
from conftest import reporter
from jinja2.exceptions import SecurityError

from reporter.engine.sandbox import Limits
from reporter.errors import InputError
from reporter.report import FILES, build
from reporter.report.document import View
from reporter.report.html import custom_template
from reporter.report.html import page as html

pytestmark = pytest.mark.slow

GOOD = """{% extends "layout.html" %}
{% import "parts/macros.html" as m %}
{% block body %}
<main id="main">
<h1 class="org">{{ view.cover.organisation }}</h1>
<p>evidence <code class="seal-id">{{ view.cover.evidence_short }}</code></p>
{% for f in view.frameworks %}<h2>{{ f.short }}</h2>{{ bar(f.total.figure, 300) }}{{ m.score(f.total.figure) }}{% endfor %}
{% for a in view.agents.cards[:3] %}{{ action_path(a) }}{% endfor %}
{% endblock %}
"""


@pytest.fixture(scope="module")
def rich() -> View:
    return given.view(given.rich())


def template(folder: Path, text: str, name: str = "risk-committee") -> custom_template.Template:
    path = folder / f"{name}.html"
    path.write_text(text, encoding="utf-8")
    return custom_template.read_templates([path], FILES.values())[0]


def body(text: str) -> str:
    return GOOD.replace('<main id="main">\n', f'<main id="main">\n{text}\n')


def test_a_page_says_the_numbers_of_the_run_with_our_drawings(rich: View, tmp_path: Path) -> None:  # fmt: skip
    made = template(tmp_path, GOOD)
    custom_template.write(rich, made, ("html", "pdf"), tmp_path / "out" if (tmp_path / "out").mkdir() else tmp_path / "out")  # fmt: skip
    page = (tmp_path / "out/risk-committee.html").read_text("utf-8")
    for f in rich.frameworks:
        assert f.total.figure.text in page
    assert page.count("<svg") == len(rich.frameworks) + 3
    assert "Acme &lt;Holding&gt;" in page and "default-src 'none'" in page
    with pikepdf.open(tmp_path / "out/risk-committee.pdf") as document:
        assert document.Root.MarkInfo.Marked and not document.attachments
    assert html.render(rich, template=made) == page


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{{ view.__class__ }}", "unsafe"),
        ("{{ bar.func.__globals__ }}", "unsafe"),
        ("{{ cycler.__init__.__globals__.os.system('id') }}", "unsafe"),
        ("{{ '{0.__class__}'.format(view) }}", "unsafe"),
        ("{% include '/etc/hostname' %}", "/etc/hostname"),
        ("{% include '../pyproject.toml' %}", "pyproject.toml"),
        ("{% for n in range(10**9) %}{% endfor %}", "too big"),
        ("{{ view.nothing }}", "no attribute 'nothing'"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ view.findings + 1 }}", "unsupported operand"),
        ("{{ view.findings.results.rows(['1']) }}", "unsafe"),
    ],
)
def test_what_a_sandbox_forbids_or_a_template_gets_wrong_is_named_with_its_line(
    text: str, said: str, rich: View, tmp_path: Path
) -> None:
    made = template(tmp_path, body(text))
    (tmp_path / "view.json").write_bytes(build.to_json(rich))
    given_ = (str(tmp_path / "view.json"), made.name, str(made.path), made.text, "html")
    with pytest.raises(InputError) as raised:
        custom_template.make(*given_, out=str(tmp_path / "out.html"))  # what the child does
    assert said in str(raised.value)
    assert f"{made.path}:5" in str(raised.value)


OUTSIDE = [
    "<script>fetch('https://example.org')</script>",
    '<meta http-equiv="refresh" content="0;url=https://example.org">',
    """<!--><meta http-equiv=refresh content='1;url=https://example.org'>-->""",
    """<!--->x--><p>a comment that ends twice</p>""",
    "<!-- a comment --!><meta http-equiv=refresh content='1;url=https://example.org'>",
    "<!--[if IE]><script src=https://example.org/x.js></script><![endif]-->",
    "<!x><p>a comment that does not look like one</p>",
    "<?x><p>another</p>",
    "<noscript><!--</noscript><meta http-equiv=refresh content='0;url=https://example.org'>--></noscript>",
    "<template><script>1</script></template>",
    "<plaintext>",
    '<IFRAME src="https://example.org"></IFRAME>',
    "<iframe srcdoc='&lt;script&gt;1&lt;/script&gt;'></iframe>",
    '<link rel="stylesheet" href="https://example.org/x.css">',
    '<base href="https://example.org">',
    "<form action='https://example.org'><button>Send</button></form>",
    "<button formaction='https://example.org'>Send</button>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='java&#x0a;script:alert(1)'>x</a>",
    "<a href='data:text/html,x'>x</a>",
    "<a href='//example.org'>x</a>",
    "<a href='#x' ping='https://example.org'>x</a>",
    "<p onclick='alert(1)'>x</p>",
    "<body onload='alert(1)'>",
    "<p style='background:url(https://example.org/x.png)'>x</p>",
    "<img src='https://example.org/x.png' alt='x'>",
    "<img srcset='https://example.org/x.png 2x' alt='x'>",
    "<img src='data:image/svg+xml;base64,PHN2Zy8+' alt='x'>",
    "<svg><use href='https://example.org/x.svg#a'/></svg>",
    "<svg><image xlink:href='https://example.org/x.png'/></svg>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<svg><rect fill='url(https://example.org/x.svg#a)'/></svg>",
    "<svg><style>@import 'https://example.org'</style></svg>",
    "<svg><script>1</script></svg>",
    "<math><mtext><style>@import 'https://example.org'</style></mtext></math>",
    "<video poster='https://example.org/x.png'></video>",
]


@pytest.mark.parametrize("text", OUTSIDE)
def test_a_page_brings_nothing_that_reaches_outside(text: str, rich: View, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="of its own into the page|not built on our layout"):
        html.render(rich, template=template(tmp_path, body(text)))


def test_what_is_refused_in_one_medium_is_refused_in_the_other(rich: View, tmp_path: Path) -> None:  # fmt: skip
    for medium in ("html", "pdf"):
        with pytest.raises(InputError, match="of its own into the page"):
            custom_template.write(rich, template(tmp_path, body(OUTSIDE[1])), (medium,), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["risk-committee.html"]


@pytest.mark.parametrize(
    "text",
    [
        "<p><a href='https://example.org/policy'>Our policy</a> <a href='mailto:x@example.org'>mail</a></p>",
        "<p><a href='#checks'>Below</a> and <a href='findings/index.html'>beside</a></p>",
        "<img alt='' src='data:image/png;base64,iVBORw0KGgo='>",
        "{# a note to ourselves #}<table><tr><td>1</td></tr></table>",
        "<p>a &lt;!-- b --&gt; and url(https://example.org) as text</p>",
    ],
)
def test_a_page_may_hold_text_links_and_its_own_pictures(text: str, rich: View, tmp_path: Path) -> None:  # fmt: skip
    assert "<main" in html.render(rich, template=template(tmp_path, body(text)))


def test_nothing_may_stand_before_the_layout(rich: View, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not built on our layout"):
        html.render(rich, template=template(tmp_path, "<p>first</p>" + GOOD))


def test_a_page_that_is_too_long_is_refused(
    rich: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(custom_template, "LONGEST_PAGE", 10_000)
    with pytest.raises(InputError, match="makes a page of [0-9]{5,} characters"):
        html.render(rich, template=template(tmp_path, body("x" * 10_000)))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "{% for a in range(90000) %}{% for b in range(90000) %}{% endfor %}{% endfor %}",
            "took longer than 2 s",
        ),
        ("{% for a in range(90000) %}{{ 'x' * 100000 }}{% endfor %}", "memory"),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "calls itself without end"),
    ],
)
def test_a_template_without_end_is_stopped_and_named(
    text: str, says: str, rich: View, tmp_path: Path
) -> None:
    made = template(tmp_path, body(text))
    with pytest.raises(InputError, match=says) as raised:
        custom_template.write(rich, made, ("html",), tmp_path, Limits(memory=700 << 20, seconds=2))
    assert str(made.path) in str(raised.value)
    assert [p.name for p in tmp_path.iterdir()] == ["risk-committee.html"]


def test_a_page_is_built_on_our_layout(rich: View, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not built on our layout"):
        custom_template.write(rich, template(tmp_path, "<h1>Ours</h1>"), ("html",), tmp_path)


def test_a_template_cannot_stand_in_for_ours(rich: View, tmp_path: Path) -> None:
    before = html.render(rich, edition="board")
    made = template(tmp_path, GOOD, "layout")
    assert "Acme" in html.render(rich, template=made)
    assert html.render(rich, edition="board") == before


@pytest.mark.parametrize("name", ["report", "board", "findings", "Big", "a.b", "-x"])
def test_a_name_must_be_free_and_plain(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot name its pages"):
        template(tmp_path, GOOD, name)


def test_an_export_by_a_template_is_all_or_nothing(good_run: Path, tmp_path: Path) -> None:
    path = tmp_path / "ours.html"
    path.write_text(GOOD)
    words = ("export", good_run, "--formats", "html", "--editions", "board", "--template", path)
    done = reporter(*words, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["board.html", "ours.html"]
    path.write_text(GOOD + "{% if %}")
    wrong = reporter(*words, "--out", tmp_path / "other")
    assert (wrong.exit_code, f"{path}:10: " in wrong.output) == (3, True), wrong.output
    path.write_text(body("{{ view.nothing }}"))
    wrong = reporter(*words, "--out", tmp_path / "other")
    assert (wrong.exit_code, f"{path}:5: " in wrong.output) == (3, True), wrong.output
    assert not (tmp_path / "other").exists()
    missing = reporter(*words[:-1], tmp_path / "none.html", "--out", tmp_path / "third")
    assert (missing.exit_code, "cannot be read" in missing.output) == (3, True)


def test_a_template_that_changed_is_compiled_anew_and_stays_in_its_sandbox(
    rich: View, tmp_path: Path
) -> None:
    """What is compiled is kept for the next page of the process: by its text, and apart from our own."""
    for words in ("the first", "the second"):
        assert words in html.render(rich, template=template(tmp_path, body(words)))
    html.render(rich)  # outside the sandbox
    for _ in range(2):
        with pytest.raises(SecurityError):
            html.render(rich, template=template(tmp_path, body("{{ view.__class__.__mro__ }}")))
