"""Code generation: a plan becomes LLVM IR for a target."""
