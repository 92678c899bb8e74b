"""Judges of lesson 2."""
