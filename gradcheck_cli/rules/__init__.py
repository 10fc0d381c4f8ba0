"""One file per rule, in folders by family, and the explicit tuple `ALL`.

In: a `History`. Out: findings with evidence and fixes. A rule is pure and never sees torch.
"""
