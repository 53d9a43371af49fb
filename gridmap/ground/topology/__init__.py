"""A coverage as nodes, shared borders and faces: the same ground as polygons, each border kept once."""

from gridmap.ground.topology.build import topology
from gridmap.ground.topology.faults import TopologyFault, faults, refuse_faults
from gridmap.ground.topology.model import Topology

__all__ = ["Topology", "TopologyFault", "faults", "refuse_faults", "topology"]
