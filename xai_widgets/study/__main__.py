"""Studies on a command line.

    python -m xai_widgets.study run photos.study
    torchrun --nproc-per-node 8 -m xai_widgets.study run photos.study
    python -m xai_widgets.study status photos.study
    python -m xai_widgets.study verify photos.study
    python -m xai_widgets.study merge photos.study part_of_it.study ...
    python -m xai_widgets.study explain photos.study cat.jpg -o cat.html

`run` and `explain` make the engine by the study's recipe, an import path. That of a study that
somebody else made is only followed with --trust, since it is code. Several runs on one folder, on
one machine or many, share the blocks among themselves.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from xai_widgets.errors import ExplanationError
from xai_widgets.progress import with_progress_bar
from xai_widgets.study.core import StudyCore
from xai_widgets.study.folders import faults, merge, status
from xai_widgets.study.leases import TIMEOUT
from xai_widgets.study.pages import explanation_page
from xai_widgets.study.recipes import Recipe, engine_of
from xai_widgets.study.running import block_order, block_steps
from xai_widgets.study.store import Store
from xai_widgets.study.tasks import is_trusted, open_with_recipe

_INCOMPLETE = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the arguments of a command line say; 0 if it is done, 1 where `verify` finds faults,
    2 for an error (said in words), 3 where `run` ran out of time.
    """
    options = _parser().parse_args(arguments)
    try:
        return int(_COMMANDS[options.command](options))
    except ExplanationError as error:
        print(f"xai_widgets.study: {error}", file=sys.stderr)
        return 2


def _run(options: argparse.Namespace) -> int:
    _threads(options)
    store = Store(options.folder)
    study = open_with_recipe(options.folder, _recipe(store, options))
    until = time.monotonic() + 60 * options.minutes
    steps = block_steps(
        study.store,
        study.compute,
        block_order(store.blocks),
        timeout=options.lease_timeout,
        wait=not options.leave,
    )
    shown = with_progress_bar(steps, str(options.folder)) if sys.stderr.isatty() else steps
    for step in shown:
        if time.monotonic() > until:
            steps.close()  # type: ignore[attr-defined]  # a generator
            print(f"stopped after {options.minutes:g} minutes: {step.words}")
            return _INCOMPLETE
    return _status(options)


def _status(options: argparse.Namespace) -> int:
    found = status(Store(options.folder))
    print(
        f"{options.folder}: {found['done']:,} of {found['rows']:,} pictures computed, "
        f"{found['failed']:,} of them could not be used; {found['missing']:,} of "
        f"{found['blocks']:,} blocks missing, {found['computing']:,} being computed "
        f"({found['network']}, {found['method']})"
    )
    return 0


def _verify(options: argparse.Namespace) -> int:
    store = Store(options.folder)
    found = list(faults(store))
    for number, problem in found:
        print(f"{store.path_of(number)} {problem}")
    print(
        f"{options.folder}: {store.blocks - len(found):,} of {store.blocks:,} blocks are whole"
        + (". Run the study again: it computes the others anew" if found else "")
    )
    return 1 if found else 0


def _merge(options: argparse.Namespace) -> int:
    target = Store(options.folder)
    copied = merge(target, [Store(folder) for folder in options.others])
    print(f"{copied:,} blocks copied")
    return _status(options)


def _explain(options: argparse.Namespace) -> int:
    _threads(options)
    store = Store(options.folder)
    engine = engine_of(_recipe(store, options), store)
    study = StudyCore.open(options.folder)
    page = explanation_page(study, engine, options.photo)
    try:
        options.output.write_text(page, encoding="utf-8")
    except OSError as error:
        raise ExplanationError(f'"{options.output}" cannot be written: {error}') from error
    print(options.output)
    return 0


def _threads(options: argparse.Namespace) -> None:
    if options.threads:
        import torch

        torch.set_num_threads(options.threads)


def _recipe(store: Store, options: argparse.Namespace) -> Recipe:
    """The recipe that the command line gives, else the study's own if it may be followed."""
    stored = store.manifest.get("recipe")
    recipe = None if stored is None else Recipe.of(stored)
    if options.engine is not None:
        return Recipe(options.engine, data=options.data or (recipe.data if recipe else None))
    if recipe is None:
        raise ExplanationError(
            f'"{options.folder}" has no recipe of its network; give --engine my_module:make_engine '
            "and --data my_module:make_data (or a path), or make the study with "
            'xw.Study(..., recipe="my_module:make_engine")'
        )
    if not (options.trust or is_trusted(store, recipe)):
        raise ExplanationError(
            f'"{options.folder}" was made by somebody else, or on another machine. To compute it, '
            f"{recipe.factory} (and {recipe.data}) would be imported and called; if you know what "
            "they do, add --trust, or give your own with --engine and --data"
        )
    return replace(recipe, data=options.data) if options.data else recipe


_COMMANDS = {
    "run": _run,
    "status": _status,
    "verify": _verify,
    "merge": _merge,
    "explain": _explain,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m xai_widgets.study",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, words in (
        ("run", "compute what is missing"),
        ("status", "say how far a study is"),
        ("verify", "read everything, and say what is damaged"),
        ("merge", "copy blocks from other folders of the same study"),
        ("explain", "one picture as a page"),
    ):
        command = commands.add_parser(name, help=words, description=words)
        command.add_argument("folder", type=Path, help="the study's folder")
        if name == "merge":
            command.add_argument("others", type=Path, nargs="+", help="folders to copy from")
        if name == "explain":
            command.add_argument("photo", help="the picture")
            command.add_argument("-o", "--output", type=Path, default=Path("explanation.html"))
        if name in ("run", "explain"):
            command.add_argument(
                "--engine", help="import path of a function: my_module:make_engine"
            )
            command.add_argument("--data", help="the same for the pictures, or their path")
            command.add_argument(
                "--trust", action="store_true", help="follow the recipe of somebody else's study"
            )
            command.add_argument("--threads", type=int, default=0, help="of PyTorch")
        if name == "run":
            command.add_argument("--minutes", type=float, default=float("inf"))
            command.add_argument("--lease-timeout", type=float, default=TIMEOUT)
            command.add_argument(
                "--leave",
                action="store_true",
                help="end where others compute what is left, instead of waiting for them",
            )
    return parser


if __name__ == "__main__":
    sys.exit(main())
