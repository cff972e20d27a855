"""How mathematics is written: in Unicode or ASCII on one line, in MathML, with brackets where they are needed."""
