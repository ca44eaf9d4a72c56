"""The first noun: nodes, walks over them, sizes and shapes."""
