"""Learning to denoise from noisy pairs."""

from mcdenoise.training.loop import Progress, TrainOptions, TrainResult, train

__all__ = ["Progress", "TrainOptions", "TrainResult", "train"]
