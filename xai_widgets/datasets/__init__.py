"""Data sets that a machine has: Fashion-MNIST, CIFAR-100, and any folder of classes."""

from xai_widgets.datasets.labelled import Labelled, class_folder
from xai_widgets.datasets.named import cifar100, dataset, fashion

__all__ = ["Labelled", "cifar100", "class_folder", "dataset", "fashion"]
