"""Which cell has a place, by a grid of pixels over the cells.

Empty on purpose: numba comes with `compiled`, and small work does without it.
"""
