"""Rules on the steps that the optimizer takes.

In: a `History`. Out: findings. They never see torch.
"""
