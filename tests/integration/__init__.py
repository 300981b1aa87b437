"""The image and the Compose stack, run as users run them; they need a Docker engine."""
