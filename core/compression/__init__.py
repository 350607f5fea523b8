"""From a trained model to the file that is deployed: pruned, quantized, converted, slimmed, packed."""
