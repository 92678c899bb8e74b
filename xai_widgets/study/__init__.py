"""A study: what a network says about a whole data set, and why."""
