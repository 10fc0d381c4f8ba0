"""Rules on how the gradient travels through depth.

In: a `History`. Out: findings. They never see torch.
"""
