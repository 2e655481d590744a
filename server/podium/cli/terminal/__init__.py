"""What goes to the terminal: its one door, its width and styles, tables, live lines, times and states in words, questions."""
