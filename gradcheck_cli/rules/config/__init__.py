"""Rules about the config file itself.

In: a `History`. Out: findings. What readers of the config report as errors has its manual page here (GC001), and the
errors go under its code; a finding is made only of what no reader refuses.
"""
