"""The statistics of experiments: what scipy and statsmodels offer, put to the marketer's question.

Those two take half a second to import, so they are imported where they are used.
"""
