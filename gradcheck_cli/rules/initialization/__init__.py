"""Rules on the weights before the first step.

In: a `History`. Out: findings. They never see torch.
"""
