"""Reads pickles without unpickling: nothing that a payload names is imported or called.

`machine` follows the instructions of the pickle and leaves a graph of `drafts`; the graph is
measured; `build` turns it into values, with `constructors` for the few classes that are data.
"""
