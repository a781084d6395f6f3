"""More than one machine: sandboxes and data makers on the nodes of a Ray cluster, and the plan of a larger one.

Ray is imported by what connects to a cluster and by nothing else; without ``--ray`` it need not be installed.
"""
