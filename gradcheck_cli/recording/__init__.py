"""What is measured while a network trains, and how it is kept.

In: a live model in a training loop. Out: a `History`, plain and saveable, and the run folder.
It must not judge. `description`, `history` and `run_folder` stay free of torch.
"""
