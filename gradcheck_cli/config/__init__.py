"""YAML text in, a checked `Config` out; also the typed edits that change the text.

In: the text of a config file and `--set` overrides. Out: `Document` (text with positions) and `Config`.
It must not import torch, open data files or train anything.
"""
