"""What several processes record against what one does: real torchrun, gloo, CPU."""
