"""Judges of lesson 4."""
