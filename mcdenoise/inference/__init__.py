"""Denoising with a trained model: arrays and files in, arrays and files out."""
