"""Rules on how the network's output fits its loss.

In: a `History`. Out: findings. They never see torch.
"""
