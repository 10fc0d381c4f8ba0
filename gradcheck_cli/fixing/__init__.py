"""Findings -> verified fixes: candidates, race, proof on fresh seeds, the config as fixed.

In: a config's text and what `diagnosis.check` says of it. Out: a `RunReport` with a `FixReport`, and a file where one
is asked for. It trains only through `diagnosis.check`, judges no run itself, and never imports torch.
"""
