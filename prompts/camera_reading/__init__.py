"""How a text is read for camera moves: English and Chinese grammar over one word file."""
