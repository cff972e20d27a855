"""The version of the package, which models and the command line tell, too."""

__version__ = "0.1.0"
