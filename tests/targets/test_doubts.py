"""What is said of a network's numbers: every sentence where it is due, and nowhere else."""

import itertools

import torch

from xai_widgets.targets import doubts as room
from xai_widgets.targets.activation import Applied
from xai_widgets.targets.doubts import doubts

KINDS: list[Applied | None] = [
    "softmax", "log_softmax", "sigmoid", "log_sigmoid", "normalised", "plain", "unseen", None,
]  # fmt: skip


def test_each_sentence_is_said_where_it_is_due() -> None:
    one_sided = torch.arange(8.0) + 9
    for applied, guessed, exclusive, two, classes, scores in itertools.product(
        KINDS, (True, False), (True, False), (True, False), (1, 8), (None, one_sided, -one_sided)
    ):
        expected = []
        if guessed and applied == "unseen":
            expected.append(room._ONE_UNSEEN if classes == 1 else room._UNSEEN)
        if guessed and classes == 1 and not two and (applied == "plain" or applied is None):
            expected.append(room._ONE)
        if guessed and exclusive and applied == "plain" and scores is not None:
            expected.append(room._LOPSIDED)
        probabilities = torch.full((classes,), 1 / classes)
        assert doubts(
            probabilities, applied, guessed, exclusive=exclusive, two=two, scores=scores
        ) == tuple(expected), (applied, guessed, exclusive, two, classes)


def test_scores_are_lopsided_from_eight_classes_and_a_mean_beyond_their_spread() -> None:
    falling = torch.linspace(1, 0.01, 8)
    for scores, expected in [
        (torch.full((8,), 2.0), True),
        (torch.full((7,), 2.0), False),  # of few classes, by chance
        (-torch.full((8,), 2.0), True),
        (falling, True),
        (falling**6, False),  # on one side, but more spread out than far away
        (-(falling**6), False),
        (torch.tensor([3.0] * 8 + [-0.1]), False),
        (torch.tensor([3.0] * 8 + [0.0]), False),  # 0 is on neither side
    ]:
        assert room._lopsided(scores) is expected, scores


def test_sums_and_numbers_that_no_softmax_gives() -> None:
    def said(probabilities: list[float], exclusive: bool = True) -> tuple[str, ...]:
        return doubts(torch.tensor(probabilities), "softmax", True, exclusive=exclusive, two=False)

    assert said([0.5, 0.5]) == said([0.5, 0.505]) == said([1.5]) == said([0.9, 0.9], False) == ()
    assert said([0.5, 0.7]) == (
        "The probabilities add up to 1.2: the network's softmax is not over the classes (is its "
        "dim right?), or it is several side by side.",
    )
    assert said([0.5, float("nan")]) == ("The network's output is not finite (NaN or infinity).",)
    assert said([float("inf")]) == said([0.5, float("nan")])
