"""What a person sees and types, and what a program reads and writes. Knows no socket."""
