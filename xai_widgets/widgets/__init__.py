"""The Python half of each widget. No mathematics of explanations here."""
