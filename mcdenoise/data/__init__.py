"""Folders of renders as training data."""

from mcdenoise.data.crops import CropDataset
from mcdenoise.data.cutting import Batch
from mcdenoise.data.views import View, find_views

__all__ = ["Batch", "CropDataset", "View", "find_views"]
