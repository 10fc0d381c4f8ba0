"""Rules that name how a run ended.

In: a `History`. Out: findings. They never see torch.
"""
