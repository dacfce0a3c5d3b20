"""Words: conclusions/<word>.py says what a result of the analysis <word> means, with its numbers."""
