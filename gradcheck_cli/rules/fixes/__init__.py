"""Builders of suggestions, by topic; each looks at the config and returns typed edits that fit it.

In: a checked `Config`. Out: `Fix` values, or None where the suggestion would change nothing. They judge no run.
"""
