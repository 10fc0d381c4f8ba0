"""Config -> the arrays a run trains on: sources, missing cells, split, scaling.

In: a `DataConfig`. Out: a `Dataset` of numpy arrays. It must not import torch, nor judge the data beyond what cannot be
used at all.
"""

from gradcheck_cli.recording.data_profile import Cell
from gradcheck_cli.training.data.dataset import Dataset
from gradcheck_cli.training.data.loading import load_data

__all__ = ["Cell", "Dataset", "load_data"]
