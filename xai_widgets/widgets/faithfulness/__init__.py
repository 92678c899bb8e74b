"""FaithfulnessViewer: does a map show what the network uses?"""
