from __future__ import annotations

import torch

from xai_widgets.demo.small_network import SmallNetwork


def test_folding_changes_no_score() -> None:
    torch.manual_seed(0)
    network = SmallNetwork(3, ((4, 2), (6, 1)), 5, normalise=True)
    x = torch.randn(8, 3, 16, 16)
    for _ in range(3):
        network.train()(x + torch.randn_like(x))  # statistics other than those it starts with
    with torch.no_grad():
        expected = network.eval()(x)
        plain = network.folded()
        assert not any(isinstance(layer, torch.nn.BatchNorm2d) for layer in plain)
        torch.testing.assert_close(plain(x), expected, rtol=1e-4, atol=1e-5)
