"""How far from the picture to draw: the scale at which half of the neighbours keep the label."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import torch
from torch import Tensor

from xai_widgets.errors import ExplanationError

# What the issue of a neighbourhood with two classes asks for.
LEAST, MOST = 0.3, 0.7
_MARGIN = 0.05  # aimed at within the bounds
_OCTAVES = torch.arange(-7, 6.01, 0.125, dtype=torch.float64)  # log₂ of the threshold θ
_SLOPES = torch.tensor([0.75, 1.5, 3.0, 6.0], dtype=torch.float64)  # β of the share, per octave
# γ: the share that is kept however far away. Moved at random, a picture crosses a plane half of the
# time at most.
_LEFT = torch.tensor([0.0, 0.2, 0.4, 0.5], dtype=torch.float64)
_LAPSE = 0.02  # a label may turn, or stay, for no reason of scale
_SPREAD = 3.5  # octaves, of what is thought of θ beforehand
_EQUAL = 0.9  # of the most probable scale: as good, and nearer
_SEEN = 24  # neighbours without one of the other class, after which there is none
_ENOUGH = 16  # neighbours at least
_STEP = 3.0  # octaves at most from one batch to the next


@cache
def _share_table() -> Tensor:
    """P(kept) at each log₂ s, for each θ, β and γ, (s, θ, β, γ)."""
    rise = (_OCTAVES[:, None] - _OCTAVES[:, None, None])[..., None] * _SLOPES[:, None]
    return _LAPSE / 2 + (1 - _LAPSE) * (_LEFT + (1 - _LEFT) * rise.sigmoid())


@cache
def _aimed_at() -> Tensor:
    """Where that share is as wanted, a margin within the bounds; (s, θ, β, γ), 1 or 0."""
    shares = _share_table()
    return ((shares > LEAST + _MARGIN) & (shares < MOST - _MARGIN)).double()


@dataclass
class ScaleSearch:
    """What is known of P(kept | s) = γ + (1 − γ) σ(β (θ − log₂ s)) from the neighbours so far.

    θ, β and γ have a posterior on a grid, so every neighbour counts whatever scale it was drawn at;
    the next are drawn where the share is expected to be right. Source: Watson, Pelli 1983, "QUEST:
    A Bayesian adaptive psychometric method".
    """

    first: float = 1.0
    tried: list[tuple[float, bool]] = field(default_factory=list)
    _shares: Tensor = field(default_factory=_share_table, repr=False)
    _log_posterior: Tensor = field(
        default_factory=lambda: (
            (-0.5 * (_OCTAVES / _SPREAD).square())[:, None, None]
            .expand(-1, len(_SLOPES), len(_LEFT))
            .clone()
        ),
        repr=False,
    )

    def learn(self, scale: float, kept: list[bool]) -> None:
        """Take note of neighbours drawn at a scale, and which of them kept the label."""
        self.tried += [(scale, one) for one in kept]
        share = self._shares[self._place(scale)]
        yes = sum(kept)
        self._log_posterior = (
            self._log_posterior + yes * share.log() + (len(kept) - yes) * (1 - share).log()
        )

    def best(self) -> float:
        """The scale at which the share of kept labels is most probably within the bounds, the least
        of equals; not too far from the last one tried, and at first as `first` says.
        """
        if not self.tried:
            return self.first
        probable = _aimed_at().flatten(1) @ self._posterior().flatten()
        octave = float(_OCTAVES[int((probable > _EQUAL * probable.max()).nonzero()[0])])
        last = float(_OCTAVES[self._place(self.tried[-1][0])])
        return float(2 ** min(max(octave, last - _STEP), last + _STEP))

    def settled(self) -> bool:
        """Whether the share at the best scale lies within the bounds, three to one: it is looked at
        again as neighbours come in.
        """
        if len(self.tried) < _ENOUGH:
            return False
        share = self._shares[self._place(self.best())]
        return float(self._posterior()[(share > LEAST) & (share < MOST)].sum()) > 0.75

    def _posterior(self) -> Tensor:
        return self._log_posterior.flatten().softmax(0).view_as(self._log_posterior)

    def _place(self, scale: float) -> int:
        return int((_OCTAVES - torch.tensor(scale, dtype=torch.float64).log2()).abs().argmin())

    def one_sided(self) -> bool:
        """Whether all of many neighbours keep the label, or none does."""
        return len(self.tried) >= _SEEN and len({kept for _, kept in self.tried}) == 1

    def check(self) -> None:
        """Raise ExplanationError, with all that was tried, where no scale gives two classes."""
        if not self.one_sided():
            return
        shares: dict[float, list[bool]] = {}
        for scale, one in self.tried:
            shares.setdefault(scale, []).append(one)
        said = ", ".join(
            f"{100 * sum(some) / len(some):.0f} % at {scale:.3g}"
            for scale, some in sorted(shares.items())
        )
        way_out = (
            "the decoded pictures all keep the label: the VAE may not reach far enough"
            if self.tried[0][1]
            else "the decoded pictures all lose the label: the VAE may not reconstruct this "
            'picture; reference="reconstruction" takes the label of the reconstruction'
        )
        raise ExplanationError(
            "relabel_distillation: no scale of the neighbourhood gives two classes, expected "
            f"{LEAST:.0%} to {MOST:.0%} of the synthetic pictures to keep the label; kept were "
            f"{said}. {way_out[0].upper()}{way_out[1:]}."
        )
