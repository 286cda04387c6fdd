"""What a person said and did in public lately: platforms asked, and what it may mean.

Asked together by the provider ``signals`` (``provider.py``). Each platform has a module that holds
only what is particular to it; what all of them give is in ``shape.py``.
"""
