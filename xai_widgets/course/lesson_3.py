"""Judges of lesson 3."""
