"""What is measured in a finished clip: camera motion, seams, endpoints, picture."""
