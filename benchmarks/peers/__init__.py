"""One module for each library: a worker process that trains and predicts with it."""
