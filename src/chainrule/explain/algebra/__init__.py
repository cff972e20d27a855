"""Expressions made from graphs, evaluated, and rewritten by named rules."""
