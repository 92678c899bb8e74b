"""Many pictures explained together, in as few runs of the network as can be and bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeAlias, cast

from torch import Tensor

from xai_widgets.attribution import Attribution
from xai_widgets.engine.explaining import MethodCall, of_one_state, run
from xai_widgets.engine.internals import Internals
from xai_widgets.errors import ExplanationError
from xai_widgets.images import Picture
from xai_widgets.methods import Method
from xai_widgets.probe.partial import Needs
from xai_widgets.probe.trace import Trace
from xai_widgets.targets import JointTarget, SeparateError, Target, TargetLike, joint

# The first batch of a shape teaches what later ones rest on; two pictures teach as much as more.
_FIRST = 2
Resolve: TypeAlias = "Callable[[TargetLike, Trace, int], Target]"
_Pair: TypeAlias = "tuple[Picture, TargetLike]"
_Pass: TypeAlias = "tuple[Trace, list[Attribution]]"
_NONE = object()


class Batches:
    """One method at work on many pictures.

    Pictures of one shape that follow each other are run together, each explained for its own
    target. Where the network takes one at a time, or the method needs one target, they are run one
    by one; nothing is kept of a pass but what it taught.
    """

    def __init__(
        self,
        internals: Internals,
        method: Method,
        layer: str | None,
        parameters: Mapping[str, Any],
        *,
        needs: Needs | None = None,
        resolve: Resolve | None = None,
    ) -> None:
        """needs: what is recorded of a pass; left out, what the method needs. resolve: what of each
        picture's target is made, of the pass and the picture's place in it; left out, as ever.
        """
        self._internals, self._network = internals, internals.network
        self._method, self._layer, self._parameters = method, layer, parameters
        self._needed, self._own = needs, resolve is not None
        self._resolve = internals.target if resolve is None else resolve
        self._separate = False
        self._joins: dict[tuple[int, ...], bool] = {}
        self._first: tuple[Trace, Target] | None = None

    def explain(self, pairs: Iterable[_Pair]) -> Iterator[Attribution]:
        """An attribution for each picture, in their order, as soon as its batch is done."""
        for _, found in self.passes(pairs):
            del _  # a pass is let go of before the next one runs
            yield from found

    def passes(self, pairs: Iterable[_Pair]) -> Iterator[_Pass]:
        """Each pass of the network, with an attribution for each of its pictures; the pictures in
        their order. A pass that its reader holds on to is in memory beside the next one.
        """
        for batch in self._batches(pairs):
            yield from self._of_batch(batch)
            self._first = None  # it would be kept in memory

    def _of_batch(self, batch: Sequence[_Pair]) -> Iterator[_Pass]:
        given = 0

        def left() -> Iterator[_Pass]:  # what was given before the network changed stays as it is
            return islice(self._passes(batch), given, None)

        for one in of_one_state(self._internals, left):
            given += 1
            yield one
            del one

    def may_join(self, pictures: Sequence[Picture], targets: Sequence[TargetLike]) -> bool:
        """Whether pictures like these two are explained together, each for its own target."""
        one, other = pictures
        if one.input.shape != other.input.shape:
            return False

        def steps() -> Iterator[bool]:
            trace = self._together(pictures)
            if trace is None:
                yield False
                return
            pair = [self._resolve(t, trace, i) for i, t in enumerate(targets)]
            try:
                self._run(trace, pictures, JointTarget(pair))
            except SeparateError:
                self._separate = True
            yield not self._separate

        (found,) = of_one_state(self._internals, steps)
        return found

    def explain_as_one(
        self, pictures: Sequence[Picture], targets: Sequence[TargetLike]
    ) -> list[Attribution]:
        """The same, all of one state of the network; pictures of one shape need not follow each
        other.
        """
        shapes = [tuple(picture.input.shape) for picture in pictures]
        order = sorted(range(len(pictures)), key=shapes.__getitem__)

        def steps() -> Iterator[list[Attribution]]:
            self._first = None
            found: list[Attribution] = []
            for batch in self._batches((pictures[i], targets[i]) for i in order):
                found += self._explained(batch)
                self._look()
            yield found

        (found,) = of_one_state(self._internals, steps)
        place = {i: n for n, i in enumerate(order)}
        return [found[place[i]] for i in range(len(found))]

    def explain_targets(self, picture: Picture, targets: Sequence[TargetLike]) -> list[Attribution]:
        """An attribution of one picture for each of the targets, all read from one pass."""

        def steps() -> Iterator[list[Attribution]]:
            trace = self._recorded(picture)
            resolved = [self._internals.target(target, trace) for target in targets]
            yield [found for one in resolved for found in self._run(trace, [picture], one)]

        (found,) = of_one_state(self._internals, steps)
        return found

    def _look(self) -> None:
        """Raise StaleError where the network is no longer as at the first batch."""
        if self._first is not None:
            trace, target = self._first
            trace.look(target)

    def _batches(self, pairs: Iterable[_Pair]) -> Iterator[list[_Pair]]:
        """Pairs of which the pictures have one shape, as many as are best run together."""
        waiting: list[_Pair] = []
        size = 1
        for picture, target in pairs:
            if waiting and waiting[0][0].input.shape != picture.input.shape:
                yield waiting
                waiting = []
            if not waiting:
                size = self._size(picture.input)
            waiting.append((picture, target))
            if len(waiting) >= size:
                yield waiting
                waiting = []
        if waiting:
            yield waiting

    def _size(self, x: Tensor) -> int:
        joins = self._joins.get(tuple(x.shape))
        if joins is None:
            return _FIRST
        if not joins:
            return 1
        return self._network.best_batch(x, backward=self._needs != "layer")

    @property
    def _needs(self) -> Needs:
        return self._needed or self._internals.needs(self._method, self._parameters)

    def _explained(self, batch: Sequence[_Pair]) -> Iterator[Attribution]:
        for _, found in self._passes(batch):
            yield from found

    def _passes(self, batch: Sequence[_Pair]) -> Iterator[_Pass]:
        """The passes that explain one batch, all of one state of the network."""
        pictures = [picture for picture, _ in batch]
        trace = self._together(pictures) if self._may_join(batch) else None
        if trace is None:
            yield from self._alone(batch)
            return
        targets = [self._resolve(target, trace, i) for i, (_, target) in enumerate(batch)]
        try:
            found = trace, self._run(trace, pictures, joint(targets))
        except SeparateError:
            self._separate = True
            yield from list(self._alone(batch))
        else:
            del trace
            yield found
            del found

    def _together(self, pictures: Sequence[Picture]) -> Trace | None:
        """One pass of pictures of one shape; None where the network has to see them one by one."""
        x = pictures[0].input
        with self._network.held(self._network.state()):
            if self._network.batch_problem(x):
                self._joins[tuple(x.shape)] = False
                return None
            if self._network.lessons.bytes_of(x) is None:
                self._joint(pictures[:1])  # a first pass copies what layers give out: of one only
            trace = self._joint(pictures)
            joins = self._joins[tuple(x.shape)] = trace.joins
            if joins and trace.is_whole and self._needs != "everything":
                # It has taught how to record a part: the first batch is explained as later ones.
                if self._needs == "layer":
                    trace.map(self._internals.resolve_layer(trace, self._layer))
                del trace  # both would be too much memory
                trace = self._joint(pictures)
        return trace if joins else None

    def _joint(self, pictures: Sequence[Picture]) -> Trace:
        return self._internals.joint_trace(
            pictures, needs=self._needs, layer=self._layer, folded=True
        )

    def _may_join(self, batch: Sequence[_Pair]) -> bool:
        """Whether the pictures can be run together, as far as that is known."""
        if len(batch) == 1 or not self._joins.get(tuple(batch[0][0].input.shape), True):
            return False
        one = batch[0][1]
        # None is each picture's own.
        own = self._own or one is None or any(t is not one for _, t in batch)
        return not (self._separate and own)

    def _alone(self, batch: Sequence[_Pair]) -> Iterator[_Pass]:
        for picture, target in batch:
            trace = self._recorded(picture)
            yield trace, self._run(trace, [picture], self._resolve(target, trace, 0))
            del trace

    def _recorded(self, picture: Picture) -> Trace:
        with self._network.held(self._network.state()):
            return self._internals.passing_trace(picture, needs=self._needs, layer=self._layer)

    def _run(self, trace: Trace, pictures: Sequence[Picture], target: Target) -> list[Attribution]:
        internals, method = self._internals, self._method
        layer = internals.resolve_layer(trace, self._layer) if method.takes_layer else None
        call = MethodCall(method, target, layer, self._parameters)
        partly, folded = not trace.is_whole, trace.is_folded
        for step in run(call, trace, pictures, internals.name):
            found = step.result
        internals.note_read(method, self._parameters, trace, partly=partly)
        if folded and trace.is_whole:  # not some of it with folded batch norms and some without
            return self._run(trace, pictures, target)
        internals.compare_kept(pictures, trace)
        if self._first is None:
            self._first = trace, target
        return found


def one_for_each(targets: TargetLike | Iterable[TargetLike]) -> Iterable[TargetLike] | None:
    """The targets, where there is one for each picture; None where it is one for all."""
    return None if isinstance(targets, str) or not isinstance(targets, Iterable) else targets


def targets_for(
    targets: TargetLike | Iterable[TargetLike], pictures: Sequence[Picture]
) -> list[TargetLike]:
    """A target for each of the pictures: one for all, or one for each.

    Raises ExplanationError where the numbers do not fit.
    """
    several = one_for_each(targets)
    if several is None:
        return [cast("TargetLike", targets)] * len(pictures)
    given = list(several)
    if len(given) != len(pictures):
        raise ExplanationError(
            f"targets has {len(given)} entries for {len(pictures)} images; expected one for all, "
            "one for each, or a single image"
        )
    return given


def paired(
    pictures: Iterator[Picture], targets: TargetLike | Iterable[TargetLike]
) -> Iterator[tuple[Picture, TargetLike]]:
    """Each picture and its target, as both are needed.

    Raises ExplanationError at the first picture without a target, or the first target without one.
    """
    several = one_for_each(targets)
    if several is None:
        yield from ((picture, cast("TargetLike", targets)) for picture in pictures)
        return
    given = iter(several)
    count = 0
    for picture in pictures:
        try:
            target = next(given)
        except StopIteration:
            raise _unequal(f"there are {count} of them, and more images") from None
        count += 1
        yield picture, target
    if next(given, _NONE) is not _NONE:
        raise _unequal(f"there are more of them than the {count} images")


def _unequal(words: str) -> ExplanationError:
    return ExplanationError(f"targets: {words}; expected one for all, or one for each image")
