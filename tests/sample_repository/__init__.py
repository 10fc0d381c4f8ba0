"""A small repository with good and bad configs, and what gradcheck says of it in every format."""
