"""Data sets that a machine has: Fashion-MNIST, CIFAR-100, and any folder of classes."""

from xai_widgets.datasets.labelled import Labelled, cifar100, class_folder, dataset, fashion

__all__ = ["Labelled", "cifar100", "class_folder", "dataset", "fashion"]
