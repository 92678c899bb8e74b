r"""Is an interrupt ever lost, or anything left behind? Over all methods, at every kind of moment.

    python benchmarks/interrupts.py --signals 2000

Signals come at random moments of an explanation, some of them twice in a row; besides, every call
of a function of PyTorch is interrupted (each `--calls`-th), and every step of this package's Python
code (each `--steps`-th). After each the interrupt must have been raised, the network must be the
same, object by object, no mode may be left on, and the next answer must be right. Which of them is
by chance, a number for each method; `--first` says it instead, so that

    for first in 0 1 2 3 4; do python benchmarks/interrupts.py --signals 0 --calls 5 --steps 0 \
        --first $first; done

interrupts every call there is, in five parts.
"""

from __future__ import annotations

import argparse
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator

import torch

from tests.interruption import Subject, eventful
from tests.requests import EVERYWHERE, METHODS
from tests.transformers import tiny_vit

Outcome = list[str] | None
ATTENTION = {name: method for name, method in METHODS.items() if method.needs_attention}


class Run:
    """Subjects, replaced by new ones where an interrupt has left something behind."""

    def __init__(self) -> None:
        self._subjects: dict[str, Subject] = {}
        self.methods = [*EVERYWHERE, *ATTENTION]

    def subject(self, method: str) -> Subject:
        kind = "attention" if method in ATTENTION else "convolutions"
        if kind not in self._subjects:
            self._subjects[kind] = (
                Subject(tiny_vit().train(), ATTENTION)
                if method in ATTENTION
                else Subject(eventful(), EVERYWHERE)
            )
        return self._subjects[kind]

    def report(self, title: str, outcomes: Iterator[tuple[str, Outcome]]) -> None:
        started, right, missed, wrong = time.monotonic(), 0, 0, Counter[str]()
        for method, problems in outcomes:
            if problems is None:
                missed += 1
            elif problems:
                wrong.update(problems)
                self._subjects.clear()
                print(f"  {method}: {problems[:4]}", flush=True)
            else:
                right += 1
        total = right + sum(wrong.values())
        print(
            f"{title}: {right} of {total} raised, network identical, next answer right "
            f"({missed} came too late; {time.monotonic() - started:.0f} s) {dict(wrong) or ''}",
            flush=True,
        )

    def signals(self, count: int) -> Iterator[tuple[str, Outcome]]:
        chance, done, number = random.Random(0), 0, 0
        took: dict[str, float] = {}
        while done < count:
            method = self.methods[number % len(self.methods)]
            number += 1
            subject = self.subject(method)
            if method not in took:
                started = time.perf_counter()
                subject.explain(method)
                took[method] = time.perf_counter() - started
            after = chance.uniform(0, took[method])
            problems = subject.interrupt_after(method, after, chance.choice([0, 0, 1e-4, 1e-3]))
            done += problems is not None
            yield method, problems

    def each(
        self,
        every: int,
        first: int | None,
        count: Callable[[Subject, str], int],
        interrupt: Callable[[Subject, str, int], Outcome],
    ) -> Iterator[tuple[str, Outcome]]:
        for method in self.methods:
            start = random.Random(method).randrange(every) if first is None else first
            for number in range(start, count(self.subject(method), method), every):
                yield method, interrupt(self.subject(method), method, number)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--signals", type=int, default=2000)
    parser.add_argument("--calls", type=int, default=13)
    parser.add_argument("--steps", type=int, default=1009)
    parser.add_argument("--first", type=int)
    options = parser.parse_args()
    torch.set_num_threads(1)
    run = Run()
    if options.signals:
        run.report("signals", run.signals(options.signals))
    for title, every, count, interrupt in (
        ("calls", options.calls, Subject.calls, Subject.interrupt_call),
        ("steps", options.steps, Subject.steps, Subject.interrupt_step),
    ):
        if every:
            run.report(title, run.each(every, options.first, count, interrupt))


if __name__ == "__main__":
    main()
