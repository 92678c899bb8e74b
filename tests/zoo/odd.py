"""Networks of our own writing, each odd in one way that people's networks are odd.

Those that are made of a plain `body` take it from `Body`, so that what is right can be computed
from the body's own maps, call by call.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F  # the field's name for it
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

CLASSES = 5
WIDTH = 8


class Body(nn.Sequential):
    """Two convolutions, (N, channels, H, W) to (N, 8, H/2, W/2); its last rectifier is `body.3`."""

    def __init__(self, channels: int = 3, rectifier: nn.Module | None = None) -> None:
        super().__init__(
            nn.Conv2d(channels, WIDTH, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(WIDTH, WIDTH, 3, padding=1),
            nn.ReLU() if rectifier is None else rectifier,
        )


class Plain(nn.Module):
    """The body, the mean over positions, a linear head."""

    def __init__(self, channels: int = 3, outputs: int = CLASSES, **options: Any) -> None:
        super().__init__()
        self.body, self.head = Body(channels, **options), nn.Linear(WIDTH, outputs)

    def features(self, x: Tensor) -> Tensor:
        return self.body(x).mean((2, 3))

    def forward(self, x: Tensor) -> Any:
        return self.head(self.features(x))


class FlipAveraged(Plain):
    def forward(self, x: Tensor) -> Tensor:
        return (super().forward(x) + super().forward(x.flip(-1))) / 2


class FourFlips(Plain):
    """Upright, mirrored, upside down and both, the features averaged."""

    def forward(self, x: Tensor) -> Tensor:
        turned = (x, x.flip(-1), x.flip(-2), x.flip((-2, -1)))
        return self.head(torch.stack([self.features(t) for t in turned]).mean(0))


class FiveCrops(Plain):
    """The four corners and the centre, three quarters of the side each, scores averaged."""

    def boxes(self, side: int) -> list[tuple[int, int]]:
        step = side // 4
        return [(0, 0), (0, step), (step, 0), (step, step), (step // 2, step // 2)]

    def forward(self, x: Tensor) -> Tensor:
        side = x.shape[-1] * 3 // 4
        crops = [x[..., r : r + side, c : c + side] for r, c in self.boxes(x.shape[-1])]
        return sum(super(FiveCrops, self).forward(crop) for crop in crops) / len(crops)


class InOneBatch(Plain):
    """A picture and its mirror image behind each other in one batch."""

    def forward(self, x: Tensor) -> Tensor:
        upright, mirrored = super().forward(torch.cat([x, x.flip(-1)])).chunk(2)
        return (upright + mirrored) / 2


class Siamese(nn.Module):
    """Two pictures of three channels each in one input; the same body sees both."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = Body(), nn.Linear(2 * WIDTH, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        both = [self.body(x[:, i : i + 3]).mean((2, 3)) for i in (0, 3)]
        return self.head(torch.cat(both, 1))


class SharedBlock(nn.Module):
    """One block runs three times, each on what it gave out before."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.block = Body(), nn.Conv2d(WIDTH, WIDTH, 3, padding=1)
        self.head = nn.Linear(WIDTH, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = self.body(x)
        for _ in range(3):
            x = x + self.block(x).relu()
        return self.head(x.mean((2, 3)))


class Transformer(nn.Module):
    """A class token and 4 x 4 patches; `hidden` units in the feed-forward part."""

    def __init__(self, hidden: int = 64, outputs: int = CLASSES, width: int = 32) -> None:
        super().__init__()
        self.patch, self.token = nn.Conv2d(3, width, 8, 8), nn.Parameter(torch.zeros(1, 1, width))
        self.places = nn.Parameter(torch.zeros(1, 17, width))
        layer = nn.TransformerEncoderLayer(width, 2, hidden, 0.0, batch_first=True, norm_first=True)
        self.blocks = nn.ModuleList(
            [layer, nn.TransformerEncoderLayer(width, 2, hidden, 0.0, batch_first=True)]
        )
        self.head = nn.Linear(width, outputs)

    def tokens(self, x: Tensor) -> Tensor:
        patches = self.patch(x).flatten(2).transpose(1, 2)
        t = torch.cat([self.token.expand(len(x), -1, -1), patches], 1) + self.places
        for block in self.blocks:
            t = block(t)
        return t

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.tokens(x)[:, 0])


class WideHead(Transformer):
    """DINOv2's classifier: the class token beside the mean of the patches."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(64, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        t = self.tokens(x)
        return self.head(torch.cat([t[:, 0], t[:, 1:].mean(1)], 1))


class Cosine(Transformer):
    """CLIP without text: cosines with the names' vectors; no linear layer at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.head, self.names = nn.Linear(32, 24, bias=False), nn.Parameter(torch.randn(5, 24))

    def forward(self, x: Tensor) -> Tensor:
        image = F.normalize(self.head(self.tokens(x)[:, 1:].mean(1)), dim=-1)
        return 10 * image @ F.normalize(self.names, dim=-1).T


class Prototypes(Plain):
    """Minus the squared distance to one prototype for each class."""

    def __init__(self) -> None:
        super().__init__()
        self.prototypes = nn.Parameter(torch.randn(CLASSES, WIDTH))
        del self.head

    def forward(self, x: Tensor) -> Tensor:
        return -(self.features(x)[:, None] - self.prototypes.abs()).square().sum(-1)


class Dictionary(Plain):
    def forward(self, x: Tensor) -> dict[str, Tensor]:
        features = self.features(x)
        return {"features": features, "logits": self.head(features)}


class FeaturesFirst(Plain):
    """A tuple of (features, logits), as many class names as logits."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self.features(x)
        return features, self.head(features)


class Squeezed(Plain):
    """One picture comes out as (classes,)."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).squeeze()


class OnePicture(Plain):
    """Can take only one picture at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(WIDTH * 16 * 16, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(x).reshape(1, -1))


class Standardised(Plain):
    """Takes brightness and contrast out over the whole batch."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward((x - x.mean()) / (x.std() + 1e-3))


class FrozenBody(Plain):
    """No gradient below the head's last convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Conv2d(WIDTH, WIDTH, 1)

    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            x = self.body(x)
        return self.head(self.last(x).relu().mean((2, 3)))


class InNumPy(Plain):
    """Computes in NumPy, as what runs elsewhere does."""

    def forward(self, x: Tensor) -> Tensor:
        pixels = x.numpy()
        sums = torch.from_numpy(pixels.reshape(len(x), -1, 8, 4, 8, 4).mean((1, 3, 5)))
        weight = torch.linspace(-1, 1, 64 * CLASSES).reshape(64, CLASSES)
        return sums.flatten(1) @ weight.to(sums.dtype)


class Checkpointed(Plain):
    """Its body is run again in the backward."""

    def forward(self, x: Tensor) -> Tensor:
        return self.head(checkpoint(self.body, x, use_reentrant=False).mean((2, 3)))


class Strided(nn.Module):
    """Cuts patches by strides written by hand, right for contiguous inputs alone."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(192, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        n, c, h, w = x.shape
        strides = (c * h * w, 8 * w, 8, h * w, w, 1)
        patches = torch.as_strided(x, (n, h // 8, w // 8, c, 8, 8), strides)
        return self.head(patches.flatten(3)).tanh().mean((1, 2))


class ByHand(nn.Module):
    """A rectifier that is no function of PyTorch."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.where(x > 0, x, torch.zeros_like(x))


class MaxPooled(Plain):
    """Global max pooling over few channels."""

    def features(self, x: Tensor) -> Tensor:
        return self.body(x).amax((2, 3))


class GreyInside(Plain):
    """Takes one channel and repeats it for its body of three."""

    def features(self, x: Tensor) -> Tensor:
        return super().features(x.expand(-1, 3, -1, -1) if x.shape[1] == 1 else _refuse(x))


def _refuse(x: Tensor) -> Tensor:
    raise ValueError(f"expected grey pictures, got {x.shape[1]} channels")


class KeepsAttributes(Plain):
    """Keeps what it computed, as networks written for Grad-CAM do."""

    last: Any = None

    def features(self, x: Tensor) -> Tensor:
        self.last = self.body(x)
        return self.last.mean((2, 3))


class LogSoftmax(Plain):
    def forward(self, x: Tensor) -> Tensor:
        return F.log_softmax(super().forward(x), dim=1)


class Sigmoids(Plain):
    """Several labels, each with a probability of its own."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).sigmoid()


class AsksForMeta(Plain):
    """Needs more than the picture."""

    def forward(self, x: Tensor, meta: Tensor) -> Tensor:  # type: ignore[override]
        return super().forward(x) + meta.sum()
