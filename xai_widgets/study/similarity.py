"""Which pictures are alike: neighbours, near duplicates, a map of all of them."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from xai_widgets.errors import ExplanationError, check_choice
from xai_widgets.study.statistics import sklearn

__all__ = ["Duplicates", "centred", "duplicates", "nearest_rows", "projection", "small"]

Floats = npt.NDArray[np.float32]
RowNumbers = npt.NDArray[np.int64]
_BLOCK = 1024
_PARTNERS = 16  # of one picture that are looked at closely
_CONTROL = 8  # the nearest picture so far down is taken to be no copy
_NEARER = 0.25  # of its distance, at which a copy lies at most
_SAME = 5e-4  # a distance at which pictures are copies whatever lies around them
_COMPONENTS = 50
_SEVERAL = 20  # pictures, of which a mean picture says something
_SIDE = 24  # of the thumbnails that are compared
METHODS = ("tsne", "pca", "opentsne", "umap", "pacmap")


def centred(features: npt.ArrayLike) -> Floats:
    """Features (n, K) less their mean, of length 1: their products are cosines. Rectified features
    all point one way, and without their mean they are told apart.
    """
    wide = np.asarray(features, dtype=np.float64)
    wide = wide - wide.mean(axis=0, keepdims=True)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    unit = np.divide(wide, lengths, out=np.zeros_like(wide), where=lengths > 1e-12)
    return np.asarray(unit, dtype=np.float32)


def nearest_rows(features: Floats, place: int, count: int) -> tuple[RowNumbers, Floats]:
    """The places of the most similar rows of unit features (n, K), itself left out, and their
    cosines.
    """
    cosine = features @ features[place]
    cosine[place] = -np.inf
    order = np.argsort(-cosine, kind="stable")[: min(count, len(cosine) - 1)]
    return order.astype(np.int64), cosine[order]


@dataclass(frozen=True, eq=False)
class Duplicates:
    """groups: the places of pictures that are nearly the same, each group in order; similarity: of
    the two least similar neighbours in each; beside: how similar the eighth nearest picture is to
    them, which is no copy (nan of pictures of the same digest alone).
    """

    groups: list[RowNumbers]
    similarity: list[float]
    beside: list[float]


def duplicates(
    thumbnails: npt.NDArray[np.uint8],
    digests: npt.NDArray[np.uint64],
    similarity: float = 0.98,
) -> Duplicates:
    """Pictures whose thumbnails (n, h, w, 3), small and less their mean picture, have at least that
    correlation; pictures of the same digest always. A network's features are not asked: they change
    more when a copy is saved anew, enlarged or made paler than from one picture to the next.

    Where pictures look alike that is not enough: a copy must also be four times as near as the
    eighth nearest picture, which is the control of each (or a twentieth of a percent from it).
    Compared in blocks: memory for 1,024 rows at a time.
    """
    own = _standardised(thumbnails)
    count = len(own)
    control = min(_CONTROL, max(count - 1, 1))
    parent = np.arange(count)
    lowest: dict[int, tuple[float, float]] = {}
    links: list[tuple[int, int, float, float]] = []
    first: dict[int, int] = {}
    for place, digest in enumerate(digests.tolist()):
        if digest in first:
            links.append((first[digest], place, 1.0, float("nan")))
        elif digest:
            first[digest] = place
    for start in range(0, count, _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, count))
        near = own[rows] @ own.T
        near[np.arange(len(rows)), rows] = -1
        for i in np.flatnonzero((near >= similarity).any(axis=1)).tolist():
            beside = float(np.partition(near[i], -control)[-control])
            needed = max(similarity, 1 - max(_NEARER * (1 - beside), _SAME))
            others = np.flatnonzero(near[i] >= needed)
            others = others[np.argsort(-near[i, others], kind="stable")[:_PARTNERS]]
            links += [(int(rows[i]), int(o), float(near[i, o]), beside) for o in others]
    for a, b, value, beside in links:
        one, other = _root(parent, a), _root(parent, b)
        ends = [lowest.pop(root, (1.0, float("nan"))) for root in dict.fromkeys((one, other))]
        low = min(value, *(end for end, _ in ends))
        parent[max(one, other)] = min(one, other)
        lowest[min(one, other)] = low, float(np.fmax.reduce([beside, *(b for _, b in ends)]))
    roots = np.array([_root(parent, i) for i in range(count)])
    groups = [np.flatnonzero(roots == root) for root in sorted(lowest)]
    kept = [lowest[root] for root in sorted(lowest)]
    return Duplicates(groups, [low for low, _ in kept], [beside for _, beside in kept])


def _root(parent: npt.NDArray[Any], place: int) -> int:
    while parent[place] != place:
        parent[place] = parent[parent[place]]
        place = int(parent[place])
    return place


def _standardised(thumbnails: npt.NDArray[np.uint8]) -> Floats:
    """What each of several thumbnails has of its own, less the mean picture, as vectors of mean 0
    and length 1: their products are correlations.
    """
    flat = thumbnails.reshape(len(thumbnails), -1).astype(np.float32)
    if len(flat) >= _SEVERAL:
        flat -= flat.mean(axis=0, keepdims=True)
    flat -= flat.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(flat, axis=1, keepdims=True)
    unit = np.divide(flat, lengths, out=np.zeros_like(flat), where=lengths > 1e-6)
    return np.asarray(unit, dtype=np.float32)


def projection(
    features: npt.ArrayLike, *, method: str = "tsne", seed: int = 0, perplexity: float = 30.0
) -> Floats:
    """Features (n, K) as points (n, 2): their first 50 principal components, then t-SNE with a
    seed; with method="pca" the first two components; with "opentsne", "umap" or "pacmap" those of
    the libraries openTSNE, umap-learn and pacmap. The same seed gives the same points.

    Sources: van der Maaten and Hinton 2008; Poličar, Stražar and Zupan 2024; McInnes, Healy and
    Melville 2018; Wang, Huang, Rudin and Shaposhnik 2021. Raises ExplanationError where the library
    is not installed.
    """
    check_choice("method", method, METHODS)
    wide = np.nan_to_num(np.asarray(features, dtype=np.float32))
    count, width = wide.shape
    if count < 3 or width < 2:
        out = np.zeros((count, 2), np.float32)
        out[:, : min(width, 2)] = wide[:, :2] - wide[:, :2].mean(axis=0)
        return out
    decomposition = sklearn("decomposition", "the projection")
    few = min(2 if method == "pca" else _COMPONENTS, count - 1, width)
    pca = decomposition.PCA(max(few, 2) if min(count, width) >= 2 else few, random_state=seed)
    reduced = pca.fit_transform(wide)
    if method == "pca" or count < 5:
        return np.asarray(reduced[:, :2], dtype=np.float32)
    perplexity = min(perplexity, (count - 1) / 3)
    points: Any
    if method == "opentsne":
        library = _library("openTSNE")
        points = library.TSNE(2, perplexity=perplexity, random_state=seed).fit(reduced)
    elif method == "umap":
        near = min(15, count - 1)
        # Of few points no spectrum can be computed, by which it would begin.
        begun = "spectral" if count > 16 else "random"
        made = _library("umap").UMAP(n_neighbors=near, init=begun, random_state=seed, n_jobs=1)
        points = made.fit_transform(reduced)
    elif method == "pacmap":
        points = _library("pacmap").PaCMAP(2, random_state=seed).fit_transform(reduced, init="pca")
    else:
        manifold = sklearn("manifold", "the projection")
        tsne = manifold.TSNE(2, perplexity=perplexity, init="pca", random_state=seed)
        points = tsne.fit_transform(reduced)
    return np.asarray(points, dtype=np.float32)


def _library(name: str) -> Any:
    """A library that is taken where it is installed, and was asked for."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        package = {"umap": "umap-learn"}.get(name, name)
        raise ExplanationError(
            f"this projection needs {package}; install it with: pip install {package}, or take "
            'method="tsne"'
        ) from error


def small(jpegs: Sequence[bytes]) -> npt.NDArray[np.uint8]:
    """Thumbnails (n, 24, 24, 3), for comparison; black where there is none."""
    import io

    from PIL import Image

    out = np.zeros((len(jpegs), _SIDE, _SIDE, 3), np.uint8)
    for place, content in enumerate(jpegs):
        if content:
            with Image.open(io.BytesIO(content), formats=["JPEG"]) as image:
                shrunk = image.convert("RGB").resize((_SIDE, _SIDE), Image.Resampling.BOX)
                out[place] = np.asarray(shrunk)
    return out
