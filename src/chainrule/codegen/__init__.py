"""Code generation: from a plan to LLVM IR for a target machine."""
