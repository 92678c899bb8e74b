"""What every widget is."""
