"""Methods that explain the score by a simple model of which segments of the picture are shown.

z has a 1 for every segment shown and a 0 for every one hidden, M segments in all; y(z) is the score
of that picture. A pixel's value is the share of its segment.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations
from typing import Annotated, Literal

import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor

from xai_widgets.baselines import Baseline
from xai_widgets.methods.registry import Range, Seed, Steps, method
from xai_widgets.methods.segments import Count, Game, Regions
from xai_widgets.probe.trace import Trace
from xai_widgets.progress import Progress
from xai_widgets.targets import Target

ScoresAndShares = tuple[list[Tensor], list[Tensor]]
Samples = Annotated[int, Range(2, 10000, 1, "", "pictures with some segments hidden")]


@method(
    title="LIME",
    family="Surrogate",
    cost="1 forward per sample",
    formula="argmin_w Σ π(z) (y(z) − w₀ − w · z)² + penalty ‖w‖²",
    citation="Ribeiro, Singh, Guestrin 2016",
    url="https://arxiv.org/abs/1602.04938",
    shows="Which segments a linear model of the network needs most, near this picture.",
    limits="Depends on segments, kernel and draw; hidden segments make unusual pictures.",
)
def lime(
    trace: Trace,
    target: Target,
    *,
    samples: Samples = 500,
    regions: Regions = "slic",
    count: Count = 50,
    baseline: Baseline = "mean",
    distance: Literal["cosine", "l2"] = "cosine",
    width: Annotated[float, Range(0.01, 10, 0.01, "", "of the kernel, in distances")] = 0.25,
    penalty: Annotated[float, Range(0, 100, 0.1, "", "on the weights' squares")] = 1.0,
    seed: Seed = 0,
) -> Steps:
    """The weights w of a ridge regression of y(z) on z, each at every pixel of its segment,
    (N, 1, H, W). Source: Ribeiro et al. 2016, equation 1, with the choices of their code for
    pictures.

    Segments are shown with probability 1/2, in the first picture all. π(z) = exp(−d² / (2 width²)),
    d being 1 − cos(z, 1) or the share ‖z − 1‖ / √M. The mean w₀ is not penalised.
    """
    game = Game(trace, target, regions, count, baseline)
    designs = [_coins(players, samples, seed) for players in game.players]
    sums = [
        torch.zeros(players + 2, players + 2, dtype=torch.float64, device="cpu")
        for players in game.players
    ]
    for begin in range(0, samples, game.at_a_time):
        rows = [design[begin : begin + game.at_a_time] for design in designs]
        scores = game.scores(rows)
        for n, z in enumerate(rows):
            weights = lime_kernel(z, distance, width)
            row = torch.cat([torch.ones(len(z), 1, device="cpu"), z, scores[:, n : n + 1]], dim=1)
            sums[n] += (row * weights[:, None]).T @ row
        done = min((begin + len(scores)) / samples, 1)
        yield Progress(done, game.paint([_ridge(s, penalty) for s in sums]))


def lime_kernel(z: Tensor, distance: Literal["cosine", "l2"], width: float) -> Tensor:
    """How much each coalition counts, by its nearness to the whole picture, (k,) float64."""
    share = z.double().mean(1)
    # The cosine of z and a row of ones is √share; the zero vector's is 0.
    d = 1 - share.sqrt() if distance == "cosine" else (1 - share).sqrt()
    return torch.exp(-(d.square()) / (2 * width**2))


def _coins(players: int, samples: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    shown = torch.rand(samples, players, generator=generator, device="cpu") < 0.5
    shown[0] = True
    return shown


def _ridge(sums: Tensor, penalty: float) -> Tensor:
    """The weights, from the weighted sums of products of (1, z, y) with themselves."""
    centred = sums - sums[:, :1] @ sums[:1] / sums[0, 0]
    ridge = penalty * torch.eye(len(sums) - 2, dtype=torch.float64, device="cpu")
    inner = centred[1:-1, 1:-1] + ridge
    solution: Tensor = torch.linalg.pinv(inner, hermitian=True) @ centred[1:-1, -1]
    return solution


@method(
    title="Kernel SHAP",
    family="Surrogate",
    cost="1 forward per sample, at most 2^segments",
    formula="argmin_φ Σ k(z) (y(z) − y(0) − φ · z)² with Σφ = y(1) − y(0)",
    citation="Lundberg, Lee 2017",
    url="https://arxiv.org/abs/1705.07874",
    shows="Each segment's fair share of the score; the shares add up to what the picture brings.",
    limits="An estimate unless all coalitions fit in; many of them are unusual pictures.",
)
def kernel_shap(
    trace: Trace,
    target: Target,
    *,
    samples: Samples = 500,
    regions: Regions = "slic",
    count: Count = 50,
    baseline: Baseline = "mean",
    seed: Seed = 0,
) -> Steps:
    """Estimated Shapley values of the segments, each at every pixel of its segment, (N, 1, H, W);
    over segments, one number each, they add up to y(x) − y(b). Source: Lundberg and Lee 2017,
    theorem 2; drawn in pairs with complements as Covert and Lee 2021.

    Where `samples` are enough for all 2^M − 2 coalitions, the values are exact.
    """
    game = Game(trace, target, regions, count, baseline)
    designs = [
        all_coalitions(p) if 2**p - 2 <= samples else drawn_coalitions(p, samples, seed)
        for p in game.players
    ]
    for step in _regressions(game, designs):
        yield Progress(step.fraction, game.paint(step.result[1]))


@method(
    title="Shapley values",
    family="Surrogate",
    cost="2^segments forwards",
    formula="φᵢ = mean over all orders of y(before and i) − y(before)",
    citation="Shapley 1953; Štrumbelj, Kononenko 2010",
    url="https://www.jmlr.org/papers/v11/strumbelj10a.html",
    shows="Each segment's exact fair share of the score; they add up to what the picture brings.",
    limits="A dozen segments at most, so a coarse map; most coalitions are unusual pictures.",
)
def exact_shapley(
    trace: Trace,
    target: Target,
    *,
    regions: Regions = "slic",
    count: Annotated[int, Range(2, 12, 1, "", "segments, at most")] = 8,
    baseline: Baseline = "mean",
) -> Steps:
    """Σ over coalitions S without i of |S|! (M − |S| − 1)! / M! (y(S ∪ i) − y(S)), each at every
    pixel of its segment, (N, 1, H, W); over segments, one number each, they add up to y(x) − y(b).
    Source: Shapley 1953; Štrumbelj and Kononenko 2010, equation 5.

    Early maps are Kernel SHAP's of the coalitions run by then.
    """
    game = Game(trace, target, regions, count, baseline)
    designs = [all_coalitions(players) for players in game.players]
    for step in _regressions(game, designs):
        scores, shares = step.result
        if step.fraction == 1:
            games = zip(designs, scores, game.nothing.tolist(), game.whole.tolist(), strict=True)
            shares = [shapley_values(*one) for one in games]
        yield Progress(step.fraction, game.paint(shares))


def _regressions(game: Game, designs: list[Tensor]) -> Iterator[Progress[ScoresAndShares]]:
    """The designs' coalitions run: each picture's scores so far, and the shares that fit them best.

    With φ = (y(1) − y(0)) / M + u and Σu = 0, the constraint is gone from the regression of what
    is left of y(z) on z − |z| / M; its shortest solution has Σu = 0.
    """
    rise = game.whole - game.nothing
    exhaustive = [len(design) == 2 ** design.shape[1] - 2 for design in designs]
    inner = [torch.zeros(p, p, dtype=torch.float64, device="cpu") for p in game.players]
    outer = [torch.zeros(p, dtype=torch.float64, device="cpu") for p in game.players]
    scored = [torch.zeros(0, dtype=torch.float64, device="cpu") for _ in designs]
    total = max(map(len, designs))
    for begin in range(0, max(total, 1), game.at_a_time):
        width = min(game.at_a_time, total - begin)
        rows = [design[begin : begin + width] for design in designs]
        # Designs that have ended are filled up with all segments shown, whose scores are not read.
        filled = [F.pad(z, (0, 0, 0, width - len(z)), value=True) for z in rows]
        scores = game.scores(filled) if width > 0 else torch.zeros(0, len(rows), device="cpu")
        for n, z in enumerate(rows):
            y, share = scores[: len(z), n].double(), z.double().mean(1)
            scored[n] = torch.cat([scored[n], y])
            weights = kernel_weights(z) if exhaustive[n] else y.new_ones(len(z))
            rest, left = z.double() - share[:, None], y - game.nothing[n] - share * rise[n]
            inner[n] += (rest * weights[:, None]).T @ rest
            outer[n] += (rest * weights[:, None]).T @ left
        shares = [
            torch.linalg.pinv(a, hermitian=True) @ b + r / p
            for a, b, r, p in zip(inner, outer, rise, game.players, strict=True)
        ]
        done = min((begin + width) / total, 1) if total else 1.0
        yield Progress(done, (list(scored), shares))


def all_coalitions(players: int) -> Tensor:
    """All but the empty and the full one, (2**players − 2, players), each followed by its
    complement: first those of one alone and of all but one, last those of half the players.
    """
    rows: list[Tensor] = []
    for size in range(1, players // 2 + 1):
        for members in combinations(range(players), size):
            if 2 * size == players and 0 not in members:
                continue  # its complement has been listed
            row = torch.zeros(players, dtype=torch.bool, device="cpu")
            row[list(members)] = True
            rows += [row, ~row]
    return torch.stack(rows) if rows else torch.zeros(0, players, dtype=torch.bool, device="cpu")


def drawn_coalitions(players: int, count: int, seed: int) -> Tensor:
    """Coalitions drawn from the Shapley kernel, each followed by its complement, (count, players).

    Sizes s have probabilities in proportion to 1 / (s (players − s)). Source: Covert and Lee 2021.
    """
    generator = torch.Generator().manual_seed(seed)
    sizes = torch.arange(1, players, dtype=torch.float64, device="cpu")
    pairs = (count + 1) // 2
    drawn = torch.multinomial(
        1 / (sizes * (players - sizes)), pairs, replacement=True, generator=generator
    )
    ranks = torch.rand(pairs, players, generator=generator, device="cpu").argsort(1).argsort(1)
    members = ranks <= drawn[:, None]
    return torch.stack([members, ~members], 1).flatten(0, 1)[:count]


def kernel_weights(coalitions: Tensor) -> Tensor:
    """The Shapley kernel (M − 1) / (C(M, s) s (M − s)) of each coalition of s of M players."""
    players = coalitions.shape[1]
    of_size = [
        (players - 1) / (math.comb(players, s) * s * (players - s)) for s in range(1, players)
    ]
    return torch.tensor(of_size, dtype=torch.float64, device="cpu")[coalitions.sum(1) - 1]


def shapley_values(coalitions: Tensor, scores: Tensor, nothing: float, whole: float) -> Tensor:
    """Each player's mean contribution over all orders of joining, (players,).

    Σ (s − 1)! (M − s)! / M! v over coalitions with the player, − Σ s! (M − s − 1)! / M! v over
    those without. Source: Shapley 1953. Takes the scores of `all_coalitions`.
    """
    players = coalitions.shape[1]
    share = [1 / (players * math.comb(players - 1, s)) for s in range(players)]
    tables = ([0, *share], [*share, 0])
    with_, without = (torch.tensor(table, dtype=torch.float64, device="cpu") for table in tables)
    members, sizes = coalitions.double(), coalitions.sum(1)
    weights = members * with_[sizes][:, None] - (1 - members) * without[sizes][:, None]
    return weights.T @ scores + (whole - nothing) / players
