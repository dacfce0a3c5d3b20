"""Statistical methods that several analyses lean on; none of them knows an analysis."""
