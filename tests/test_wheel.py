"""What is installed is enough: the wheel alone assesses a workspace, far from the repository."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel as pip does, without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", ROOT, "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", folder)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Unpack it where nothing else is."""
    target = tmp_path_factory.mktemp("installed")
    pip("install", wheel, "--no-deps", "--no-index", "--no-compile", "--target", target)
    return target


def pip(*words: object) -> None:
    """Run pip of this environment, quietly."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "-q",
        "--disable-pip-version-check",
        *(str(w) for w in words),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def python(installed: Path, folder: Path, *words: object) -> str:
    """Run Python with the unpacked wheel before everything else, in a folder of its own."""
    env = {"PYTHONPATH": str(installed), "PATH": os.environ["PATH"], "HOME": str(folder)}
    command = [sys.executable, "-P", *(str(w) for w in words)]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_holds_all_content_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("frameworks", "templates"):
        here = {p.relative_to(ROOT).as_posix() for p in (ROOT / folder).rglob("*") if p.is_file()}
        assert {
            n.removeprefix("reporter/_data/")
            for n in names
            if n.startswith(f"reporter/_data/{folder}/")
        } == here
    sources = {
        p.relative_to(ROOT).as_posix()
        for p in (ROOT / "reporter" / "ingest" / "sources").glob("*.yml")
    }
    assert sources <= names
    others = [n for n in names if not n.startswith("reporter/") and ".dist-info/" not in n]
    assert others == []
    strange = [
        n
        for n in names
        if n.startswith("reporter/") and "_data" not in n and not n.endswith((".py", ".yml"))
    ]
    # without the first nobody sees our types, without the second nobody hides a key
    assert sorted(strange) == ["reporter/privacy/secret_rules.toml", "reporter/py.typed"]


@pytest.mark.parametrize(
    "formats", ["html,json,csv", pytest.param("html,pdf,json,csv", marks=pytest.mark.deep)]
)
def test_the_wheel_alone_assesses_a_workspace(
    formats: str, installed: Path, tmp_path: Path
) -> None:
    python(installed, tmp_path, "-m", "reporter.cli", "init", "ws")
    with (tmp_path / "ws/reporter.yml").open("a") as settings:
        settings.write("frameworks: [owasp-agentic-2026]\n")  # one list: the PDF is half as long
    origin, *opened = _assess_and_list_opened(installed, tmp_path, formats)
    assert origin == str(installed / "reporter" / "__init__.py")
    libraries = f"{ROOT}/.venv/"
    assert not [p for p in opened if p.startswith(f"{ROOT}/") and not p.startswith(libraries)]
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    written = {"report.html", "report.json", "findings.csv", "results.parquet"}
    assert set(manifest["outputs"]) >= written | ({"report.pdf"} if "pdf" in formats else set())
    taken = [i for i in manifest["inputs"] if i["source"] != "attestations"]
    assert all(i["read"] == i["kept"] for i in taken)
    assert "ASI03" in (tmp_path / "explained").read_text()


def _assess_and_list_opened(installed: Path, folder: Path, formats: str) -> list[str]:
    """Assess and explain with an audit hook that notes each path Python opens or lists; its own place comes first."""
    code = (
        "import sys\n"
        "seen = set()\n"
        "sys.addaudithook(lambda name, args: seen.add(str(args[0])) if name in ('open', 'os.listdir', 'os.scandir') else None)\n"
        "import contextlib, reporter\n"
        "from reporter.cli import main\n"
        f"main(['assess', 'ws', '--out', 'run', '--quiet', '--formats', '{formats}'], standalone_mode=False)\n"
        "with open('explained', 'w') as said, contextlib.redirect_stdout(said):\n"
        "    main(['explain', 'run', 'ASI-03'], standalone_mode=False)\n"
        "print('\\n'.join([reporter.__file__, *sorted(seen)]))\n"
    )
    return python(installed, folder, "-c", code).splitlines()
