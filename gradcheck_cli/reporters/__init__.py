"""One file per output format, all fed the same `Report`.

In: a `Report`. Out: text. A reporter computes nothing of its own and never loads torch.
"""
