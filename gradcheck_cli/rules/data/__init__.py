"""Rules on the data that a network is trained on.

In: a `History` with a `DataProfile`. Out: findings. They open no file and look at no single row.
"""
