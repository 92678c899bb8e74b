"""Which part of a network's output is explained: found where that is certain, else asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from xai_widgets import Engine, ExplanationError

X = torch.rand(3, 16, 16, generator=torch.Generator().manual_seed(1))
Wrap = Callable[[Tensor, Tensor], Any]


@dataclass
class Scored:
    hidden: Tensor
    scores: Tensor


class Pair(NamedTuple):
    features: Tensor
    logits: Tensor


class Net(nn.Module):
    """Features (N, 16), scores (N, classes), in whatever `wrap` makes of them."""

    def __init__(self, classes: int, wrap: Wrap) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.body, self.head = nn.Conv2d(3, 16, 3), nn.Linear(16, classes)
        self.wrap = wrap

    def scores(self, x: Tensor) -> Tensor:
        return self.head(self.body(x).relu().mean((2, 3)))

    def forward(self, x: Tensor) -> Any:
        features = self.body(x).relu().mean((2, 3))
        return self.wrap(features, self.head(features))


def names(count: int) -> list[str]:
    return [f"name {i}" for i in range(count)]


def check(network: Net, **options: Any) -> None:
    """Prediction, gradient, and a method in batches, against the scores themselves."""
    network.eval()
    engine = Engine(network, **options)
    scores = network.scores(X[None])[0]
    classes = len(scores)
    expected = scores.softmax(0) if classes > 1 else scores.sigmoid()
    np.testing.assert_allclose(engine.predict(X), expected.detach(), rtol=1e-5)
    x = X[None].clone().requires_grad_(True)
    index = classes - 1
    (gradient,) = torch.autograd.grad(network.scores(x)[0, index], x)
    found = engine.explain(X, "saliency", target=index)
    np.testing.assert_allclose(found.values, gradient[0], rtol=1e-4, atol=1e-7)
    assert found.score == pytest.approx(float(scores[index]), rel=1e-5)
    covered = X.clone()
    covered[:, :8, :8] = 0
    fall = engine.explain(X, "occlusion", target=index, window=8, stride=8).heatmap()
    with torch.no_grad():
        wanted = float(scores[index] - network.scores(covered[None])[0, index])
    assert fall[0, 0] == pytest.approx(wanted, rel=1e-4, abs=1e-6)
    assert engine.predict(X).index == int(scores.argmax())
    many = engine.internals.probabilities(torch.stack([X, X / 2, X]))
    np.testing.assert_allclose(many[0], expected.detach(), rtol=1e-4)
    batch = engine.explain_batch([X, X.flip(2)], "saliency", targets=index)
    np.testing.assert_allclose(batch[0].values, gradient[0], rtol=1e-3, atol=1e-6)


CERTAIN: dict[str, tuple[int, Wrap, bool]] = {
    "features first, by the number of names": (3, lambda f, z: (f, z), True),
    "features last, by the number of names": (3, lambda f, z: (z, f), True),
    "a list": (4, lambda f, z: [f, z], True),
    "a dictionary, by the number of names": (3, lambda f, z: {"embedding": f, "y": z}, True),
    "a dictionary with logits": (3, lambda f, z: {"features": f, "logits": z}, False),
    "a named tuple with logits": (3, lambda f, z: Pair(f, z), False),
    "a dataclass, by the number of names": (3, Scored, True),
    "an object with attributes": (3, lambda f, z: SimpleNamespace(f=f, z=z), True),
    "nested": (3, lambda f, z: {"neck": [f], "head": {"scores": z}}, True),
    "dense features": (3, lambda f, z: (f[:, :, None, None].expand(-1, -1, 2, 2), z), False),
    "a loss first": (3, lambda f, z: (f.sum(), z), False),
    "the scores and their softmax": (3, lambda f, z: (z.softmax(1), z), False),
    "the scores twice": (3, lambda f, z: {"a": z, "b": z}, False),
    "squeezed, ten classes": (10, lambda f, z: z.squeeze(), False),
    "squeezed, one class": (1, lambda f, z: z.squeeze(), False),
    "squeezed, two names for one score": (1, lambda f, z: z.squeeze(), False),
    "squeezed in a tuple": (3, lambda f, z: (f.squeeze(), z.squeeze()), True),
    "one score flattened": (1, lambda f, z: z.flatten(), False),
    "axes of length 1": (3, lambda f, z: z[:, :, None, None], False),
    "an axis before the classes": (3, lambda f, z: z[:, None], False),
    "an axis before the pictures": (3, lambda f, z: z[None], False),
    "pictures last": (3, lambda f, z: z.T, True),
    "pictures last, beside features": (3, lambda f, z: (f, z.T), True),
    "as many names as features": (16, lambda f, z: {"features": f, "logits": z}, True),
}


@pytest.mark.parametrize("case", CERTAIN)
def test_the_scores_are_found_where_that_is_certain(case: str) -> None:
    classes, wrap, named = CERTAIN[case]
    check(Net(classes, wrap), class_names=names(classes) if named else None)


CHOSEN: dict[str, tuple[Wrap, Any]] = {
    "a key": (lambda f, z: {"features": f, "scores": z}, "scores"),
    "an index": (lambda f, z: (f, z), 1),
    "an index from the end": (lambda f, z: (f, z), -1),
    "an index into a dictionary": (lambda f, z: {"features": f, "scores": z}, 1),
    "an attribute": (lambda f, z: SimpleNamespace(f=f, z=z), "z"),
    "a path": (lambda f, z: {"neck": f, "heads": [f, z]}, ("heads", 1)),
    "a part with one tensor": (lambda f, z: {"neck": f, "head": {"scores": z}}, "head"),
    "a function": (lambda f, z: (f, z), lambda output: output[1]),
    "a function that turns": (lambda f, z: z.T, lambda output: output.T),
    "a squeezed part": (lambda f, z: (f.squeeze(), z.squeeze()), 1),
    "other than logits": (lambda f, z: {"logits": f, "scores": z}, "scores"),
}


@pytest.mark.parametrize("case", CHOSEN)
def test_the_scores_are_where_they_are_said_to_be(case: str) -> None:
    wrap, output = CHOSEN[case]
    check(Net(3, wrap), output=output)


REFUSED: dict[str, tuple[int, Wrap, dict[str, Any], str]] = {
    "two that may be": (
        3, lambda f, z: (f, z), {},
        r"tuple of \[0\] float32 \(1, 16\), \[1\] float32 \(1, 3\), and without class_names .*"
        r"Engine\(\.\.\., output=1\)",
    ),
    "names that fit neither": (
        3, lambda f, z: {"f": f, "z": z}, {"class_names": names(5)},
        r"\['f'\] float32 \(1, 16\).*with 5 class_names it is not certain.*output='z'",
    ),
    "names that fit both": (
        16, lambda f, z: (f, z), {"class_names": names(16)}, r"it is not certain",
    ),
    "pictures last, no names": (
        3, lambda f, z: z.T, {}, r"float32 \(3, 1\) for 1 picture\(s\).*output=lambda output",
    ),
    "dense": (3, lambda f, z: {"out": z[:, :, None, None].expand(-1, -1, 4, 4)}, {},
              r"'out' is float32 \(1, 3, 4, 4\) for 1 picture"),
    "dense beside features": (
        3, lambda f, z: {"out": z[:, :, None, None].expand(-1, -1, 4, 4), "f": f}, {},
        r"dict of \['out'\] float32 \(1, 3, 4, 4\), \['f'\] float32 \(1, 16\), of which nothing",
    ),
    "a key that is not there": (
        3, lambda f, z: {"features": f, "scores": z}, {"output": "score"},
        r"output='score', but the network returned dict of .*Did you mean \"scores\"",
    ),
    "an index that is not there": (3, lambda f, z: (f, z), {"output": 2}, r"output=2, but the"),
    "an index into a tensor": (3, lambda f, z: z, {"output": 0}, r"output=0, but the network ret"),
    "the best two": (
        3, lambda f, z: z.softmax(1).topk(2), {}, r"sorted scores with their class numbers beside",
    ),
    "a part that is none": (
        3, lambda f, z: (f.sum(), z), {"output": 0, "class_names": names(3)}, "1 score for each",
    ),
    "a dense part": (
        3, lambda f, z: (z, z[:, :, None, None].expand(-1, -1, 4, 4)), {"output": 1},
        r"output=1 gives float32 \(1, 3, 4, 4\) for 1 picture",
    ),
    "a function that gives nothing": (
        3, lambda f, z: (f, z), {"output": lambda output: None}, "gives NoneType",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_certain_is_asked_for(case: str) -> None:
    classes, wrap, options, words = REFUSED[case]
    engine = Engine(Net(classes, wrap).eval(), **options)
    with pytest.raises(ExplanationError, match=words):
        engine.predict(X)
    with pytest.raises(ExplanationError, match=words):
        engine.explain(X, "saliency")


@pytest.mark.parametrize("output", [1.5, True, [], ()])
def test_what_names_no_part_is_refused_at_once(output: Any) -> None:
    with pytest.raises(ExplanationError, match="expected a key, an index, or a function"):
        Engine(Net(3, lambda f, z: z), output=output)


@pytest.mark.parametrize(
    ("classes", "wrap", "function"),
    [
        (1, lambda f, z: z.squeeze(), lambda out: out.reshape(-1)),
        (10, lambda f, z: z.squeeze(), lambda out: out.reshape(-1, 10)[:, 3]),
        (3, lambda f, z: (f, z), lambda out: out[1][:, 2]),
        (3, lambda f, z: z.T, lambda out: out[2]),
    ],
)
def test_a_function_as_target_is_given_the_raw_output(
    classes: int, wrap: Wrap, function: Callable[[Any], Tensor]
) -> None:
    network = Net(classes, wrap).eval()
    x = X[None].clone().requires_grad_(True)
    score = function(network(x))
    (gradient,) = torch.autograd.grad(score.sum(), x)
    engine = Engine(network)
    found = engine.explain(X, "saliency", target=function)
    np.testing.assert_allclose(found.values, gradient[0], rtol=1e-4, atol=1e-7)
    assert found.score == pytest.approx(score.item(), rel=1e-5)
    assert np.isfinite(engine.explain(X, "rise", target=function, samples=9).values).all()


def test_a_square_batch_of_turned_scores_is_not_taken_the_other_way_round() -> None:
    network = Net(3, lambda f, z: z.T).eval()
    engine = Engine(network, class_names=names(3))
    engine.predict(X)
    pictures = torch.stack([X, X / 2, X.flip(1)])
    expected = network.scores(pictures).softmax(1).detach()
    np.testing.assert_allclose(engine.internals.probabilities(pictures), expected, rtol=1e-5)


class Counts(nn.Module):
    def __init__(self, scores: int) -> None:
        super().__init__()
        self.flat, self.head = nn.Flatten(), nn.Linear(3 * 16 * 16, scores)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.flat(x))


@pytest.mark.parametrize(
    ("scores", "given", "words"),
    [
        (5, names(2), r"2 names, and the network gives 5 scores for each picture"),
        (5, names(4), r"background class, mostly at 0; then pass class_names=\[\"background\""),
        (5, ["background", *names(5)], r"is 'background' a background class that this network la"),
        (3, ["a", "b", "c", "c"], r"One is too many|As many of the names are different"),
        (1, names(3), r"1 score for each picture.*one, or two: no and yes"),
    ],
)
def test_class_names_of_the_wrong_number(scores: int, given: list[str], words: str) -> None:
    engine = Engine(Counts(scores), class_names=given)
    for ask in (engine.predict, lambda x: engine.explain(x, "saliency", target=0)):
        with pytest.raises(ExplanationError, match=words):
            ask(X)
    dense = engine.explain(X, "saliency", target=lambda output: output[:, 0])
    assert dense.target.index is None  # a function of one's own reads no class


def test_names_of_the_weights_are_left_out_where_they_do_not_fit() -> None:
    class Preprocessing:
        def __init__(self) -> None:
            self.meta = {"categories": names(1000)}

        def __call__(self, image: Any) -> Tensor:
            return X

    engine = Engine(Counts(5), preprocessing=Preprocessing())
    assert engine.predict(np.zeros((16, 16, 3), np.uint8)).top(1)[0].name.startswith("class ")
    engine.class_names = names(5)
    assert engine.predict(np.zeros((16, 16, 3), np.uint8)).name.startswith("name ")


@pytest.mark.parametrize(
    "given",
    [
        {0: "no", 1: "yes"},
        {"0": "no", "1": "yes"},
        {"no": 0, "yes": 1},
        {"yes": np.int64(1), "no": np.int64(0)},
        {"0": ["n01440764", "no"], "1": ["n01443537", "yes"]},
        np.array(["no", "yes"]),
        (name for name in ("no", "yes")),
    ],
)
def test_class_names_in_other_forms(given: Any) -> None:
    assert Engine(Counts(2), class_names=given).class_names == ["no", "yes"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("cat", "is one string"),
        ({"a", "b"}, "is a set, which has no order"),
        ({1: "a", 2: "b"}, "none for index 0. Is there a background class at 0"),
        ({"a": 0, "b": 0}, "several names have the same number"),
        ({0: "a", 2: "b"}, "2 entries but none for index 1"),
        ([], "is empty"),
        (7, "is a int; expected a sequence of names"),
    ],
)
def test_class_names_that_are_none(given: Any, words: str) -> None:
    with pytest.raises(ExplanationError, match=words):
        Engine(Counts(2), class_names=given)
