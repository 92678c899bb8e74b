"""Judges of lesson 6."""
