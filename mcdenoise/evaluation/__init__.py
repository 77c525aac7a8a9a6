"""How wrong a denoised image is: with a reference, and without one."""
