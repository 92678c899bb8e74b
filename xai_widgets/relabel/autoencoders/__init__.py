"""Variational autoencoders: the protocol, those of this package, and how they are fitted."""
