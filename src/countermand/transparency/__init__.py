"""The transparency log: what every fact becomes, so that whoever doubts us need not ask us.

Nothing here needs more than the standard library and `cryptography`: the verifier that a court's expert
runs is made of these very files.
"""
