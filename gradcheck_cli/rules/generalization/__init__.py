"""Rules on what separates training from validation data.

In: a `History`. Out: findings. They never see torch.
"""
