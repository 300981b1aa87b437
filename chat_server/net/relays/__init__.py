"""What is said in rooms, passed on to programs over HTTP, behind the rooms. Knows no rule of the chat."""
