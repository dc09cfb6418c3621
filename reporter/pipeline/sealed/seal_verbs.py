"""`reporter seal` and `reporter verify`. In: the words of the command line. Out: a bundle, a key, a
proof; what is wrong with one. Everything heavy is imported when it is asked.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reporter.system.log import OPEN_LOG
from reporter.system.options import memory_given, tidy_hook
from reporter.system.terminal import print_clean, print_json

if TYPE_CHECKING:
    from reporter.pipeline.reperformed.sample import Drawn
    from reporter.pipeline.sealed.proof import Proven
    from reporter.pipeline.sealed.verify import Outcome

_FOLDER = click.Path(path_type=Path)
_memory = click.option(
    "--memory",
    default="1GB",
    show_default=True,
    callback=lambda _, __, v: memory_given(v),
    help="Memory limit of the engine.",
)
FAILED = 4


@click.command()
@click.argument("run", type=_FOLDER, required=False)
@click.option("--key", type=_FOLDER, metavar="FILE", help="Private key, ed25519 in PEM.")
@click.option("--out", type=_FOLDER, help="Bundle or proof to make; it must not exist.")
@click.option("--zip", "is_zip", is_flag=True, help="Make one zip instead of a folder.")
@click.option(
    "--parent",
    type=_FOLDER,
    metavar="RUN",
    help="The run before it, its bundle, or the folder of a chain.",
)
@click.option("--extra", type=_FOLDER, multiple=True, help="The --extra folders of its assessment.")
@click.option("--no-packs", is_flag=True, help="It was assessed without installed packs.")
@click.option(
    "--new-key", type=_FOLDER, metavar="FILE", help="Only make a private key, and FILE.pub."
)
@click.option(
    "--proof", metavar="ID", help="Only prove one finding of the bundle RUN: of a result or cause."
)
@click.option(
    "--sign-pdf", type=_FOLDER, metavar="CERT", help="Add copies of the PDF files with a signature."
)
@_memory
@click.pass_context
def seal(
    ctx: click.Context,
    run: Path | None,
    key: Path | None,
    out: Path | None,
    is_zip: bool,
    parent: Path | None,
    extra: tuple[Path, ...],
    no_packs: bool,
    new_key: Path | None,
    proof: str | None,
    sign_pdf: Path | None,
    memory: str,
) -> None:
    """Seal RUN for an auditor: a bundle with all its files, its content and SQL, signed.

    Whoever has it runs `reporter verify`, or follows docs/verify.md without this program."""
    if new_key:
        from reporter.pipeline.sealed.signature import new_key as make_key

        for path in make_key(new_key):
            print_clean(str(path))
        return
    if run is None or out is None:
        raise click.UsageError("give a RUN and --out, or --new-key")
    if proof:
        _prove(run, proof, out)
        return
    if key is None:
        raise click.UsageError("give --key; `reporter seal --new-key FILE` makes one")
    from reporter.content.packs import installed
    from reporter.pipeline.sealed import bundle
    from reporter.pipeline.sealed.pdf_signature import read_signer
    from reporter.pipeline.sealed.signature import read_private

    def tell(text: str) -> None:
        print_clean(text, err=True)

    wanted = bundle.Wanted(
        read_private(key),
        extra,
        () if no_packs else installed(),
        parent,
        is_zip,
        read_signer(sign_pdf, ctx.meta[OPEN_LOG]().now()) if sign_pdf else None,
        memory,
        announce=tidy_hook(ctx),
        say=tell,
        warn=tell,
    )
    print_clean(str(bundle.seal(run, out, wanted)))


def _prove(bundle: Path, finding: str, out: Path) -> None:
    from reporter.errors import InputError
    from reporter.pipeline.sealed.proof import prove

    if out.exists():
        raise InputError("exists and is not overwritten", str(out), "Give another --out.")
    out.write_bytes(prove(bundle, finding))
    print_clean(str(out))


@click.command()
@click.argument("bundle", type=_FOLDER, required=False)
@click.option("--key", type=_FOLDER, metavar="FILE", help="Public key of who sealed it, in PEM.")
@click.option(
    "--parent",
    "parents",
    type=_FOLDER,
    multiple=True,
    metavar="RUN",
    help="A run that it was compared with, or its bundle; may be repeated.",
)
@click.option("--time-stamp", type=_FOLDER, metavar="FILE", help="RFC 3161 answer to check too.")
@click.option(
    "--authority", type=_FOLDER, metavar="FILE", help="Certificates of who stamped it, in PEM."
)
@click.option("--no-reperform", is_flag=True, help="Do not perform the checks again.")
@click.option(
    "--sample", type=click.IntRange(0), default=0, metavar="N", help="Show N results, then and now."
)
@click.option("--seed", default="", help="Of the sample  [default: made from the bundle]")
@click.option("--proof", type=_FOLDER, metavar="FILE", help="Only check the proof of one finding.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with all of it.")
@_memory
@click.pass_context
def verify(
    ctx: click.Context,
    bundle: Path | None,
    key: Path | None,
    parents: tuple[Path, ...],
    time_stamp: Path | None,
    authority: Path | None,
    no_reperform: bool,
    sample: int,
    seed: str,
    proof: Path | None,
    as_json: bool,
    memory: str,
) -> None:
    """Verify BUNDLE: its files, signature and results, and perform every check again.

    Exit code 4 where anything does not hold, or was not looked at."""
    from reporter.pipeline.sealed.signature import read_public

    if (bundle is None) == (proof is None):
        raise click.UsageError("give a BUNDLE, or --proof with a file")
    if authority and not time_stamp:
        raise click.UsageError("--authority is that of a --time-stamp, and none is given")
    public = read_public(key) if key else None
    if proof:
        from reporter.pipeline.sealed.proof import check_proof

        _say_proof(check_proof(proof, public), as_json)
        return
    from reporter.pipeline.sealed.verify import Asked
    from reporter.pipeline.sealed.verify import verify as look_at

    asked = Asked(
        public,
        parents,
        time_stamp,
        authority,
        not no_reperform,
        sample,
        seed,
        memory,
        say=lambda text: print_clean(text, err=True),
    )
    assert bundle is not None
    outcome = look_at(bundle, asked)
    _say(outcome, as_json)
    if not outcome.holds:
        ctx.exit(FAILED)


def _say(outcome: Outcome, as_json: bool) -> None:
    if as_json:
        data: dict[str, Any] = {"holds": outcome.holds, "steps": [asdict(s) for s in outcome.steps]}
        if outcome.seed:
            data |= {"seed": outcome.seed, "sample": [asdict(d) for d in outcome.sample]}
        print_json(data, indent=1)
        return
    width = max(len(s.name) for s in outcome.steps)
    for step in outcome.steps:
        print_clean(f"{step.name:{width}}  {step.state}: {step.text}")
        for line in step.lines:
            print_clean(f"{'':{width}}    {line}")
    if outcome.seed:
        print_clean(f"\n{len(outcome.sample)} results, drawn with --seed {outcome.seed}")
    for number, drawn in enumerate(outcome.sample, 1):
        _say_drawn(number, drawn)
    print_clean(f"\n{outcome.in_a_word}")


def _say_drawn(number: int, drawn: Drawn) -> None:
    result, now = drawn.result, drawn.now
    print_clean(f"\n{number}. {result['check']} {result['subject']} ({drawn.severity})")
    print_clean(f"   record: {result['record'] or 'none'}")
    for line in drawn.record:
        print_clean(f"     {line}")
    print_clean(f"   sealed: {_outcome(result)}")
    print_clean(f"   now:    {_outcome(now) if now else 'not performed again'}")
    for line in drawn.sql.strip().splitlines():
        print_clean(f"   | {line}")


def _outcome(result: Any) -> str:
    return f"{result['status']}, {result['reason_code']} {result['reason_values'] or ''}".strip()


def _say_proof(proven: Proven, as_json: bool) -> None:
    if as_json:
        print_json({"holds": True, **asdict(proven)}, indent=1)
        return
    for result in proven.results:
        print_clean(f"{result['check']} {result['subject']}: {_outcome(result)}")
    if proven.signed.is_vouched:
        print_clean("proven: covered by the signature, and the key is the one given")
    else:
        print_clean("NOBODY VOUCHES FOR THIS PROOF: no --key was given", err=True)
