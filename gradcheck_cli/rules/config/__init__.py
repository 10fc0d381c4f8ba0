"""Rules about the config file itself.

In: a `History`. Out: findings. Only what no reader of the config reports as an error belongs here.
"""
