"""The embedded model: the world it is trained on, its training, its evaluation and its weights."""
