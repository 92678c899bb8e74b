"""The documentation site: gathers its pages, runs what they show, and builds them.

``python -m tools.site`` builds it into ``build/docs/html``; nothing is fetched.
"""
