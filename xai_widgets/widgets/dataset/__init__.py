"""DatasetExplorer: what a study found in a whole data set, down to the one picture."""
