"""Rules on activations that no longer pass anything on.

In: a `History`. Out: findings. They never see torch.
"""
