"""Break the service on purpose and hold it to its promise: accepted, answered and paid once.

``plan`` draws what is done to it, ``faults`` does it to an ``installation`` of real processes,
``submitters`` and ``reader`` use the service meanwhile as its users do, ``provider`` counts what
it pays for, and ``ledger`` judges at the end. ``run`` puts them together.
"""
