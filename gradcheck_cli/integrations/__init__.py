"""Recording and diagnosis in other people's training loops.

In: somebody's own model and optimizer, or a trainer of Lightning's or Hugging Face's. Out: a report like that of
`check`. It must not change the training that it watches, and imports a framework only where its adapter is used.
"""
