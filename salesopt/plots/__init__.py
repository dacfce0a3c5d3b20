"""Figures: plots/<word>.py draws the result of the analysis <word> and computes nothing."""
