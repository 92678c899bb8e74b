"""The only code that touches a user's network: record a forward pass, read gradients, leave no
trace.
"""
