import torch

torch.set_num_threads(1)  # networks this small are slower on several threads
