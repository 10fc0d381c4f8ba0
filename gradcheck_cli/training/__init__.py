"""Config -> a trained run: data, model, initialisation, optimizer, loop, references.

In: a checked `Config`. Out: a `History`. It must not judge.
"""
